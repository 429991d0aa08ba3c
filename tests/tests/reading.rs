//! Reading: views over several fragments, field masks, batches, timelines page by page, and read-your-writes.
#![cfg(test)]

use std::time::{Duration, Instant};

use patron::client::Server as Connection;
use prost_types::FieldMask;
use proto::customer::{
    BatchGetCustomersRequest, CustomerRef, GetCustomerRequest, ListCustomersRequest, ListTouchpointsRequest,
    TimelineOrder, customer_ref,
};
use tests::{
    client::{accept, connect, count, customer, who},
    process::{Server, wait_a_little},
    touchpoints::{identifier_of, order, touchpoint},
};
use tonic::{Code, Request};
use tonic_types::StatusExt as _;
use types::record::Position;

const DAY: i64 = 86_400;
const MARCH: i64 = 1_772_323_200;

/// Ann by card in the store, by e-mail in the web, and once by both.
async fn ann(connection: &Connection) -> Position {
    let mut both = touchpoint("identified", "link", MARCH, "loyalty_card:1");
    both.identifiers.push(identifier_of("email:ann@shop.test.eu"));
    both.traits = Some(prost_types::Struct {
        fields: [(
            "city".to_owned(),
            prost_types::Value { kind: Some(prost_types::value::Kind::StringValue("Wien".into())) },
        )]
        .into(),
    });
    let mut last = accept(connection, both).await;
    for number in 0..25_i64 {
        let (message, order_id) = (format!("m{number:02}"), format!("o{number}"));
        // Five touchpoints share each instant, over two fragments.
        let (second, by) =
            (MARCH + number / 5 * DAY, if number % 2 == 0 { "loyalty_card:1" } else { "email:ann@shop.test.eu" });
        last = accept(connection, order(&message, second, by, &order_id, "2.00")).await;
    }
    for seen in 0..4_i64 {
        last = accept(
            connection,
            touchpoint("page_viewed", &format!("p{seen}"), MARCH + seen * DAY, "email:ann@shop.test.eu"),
        )
        .await;
    }
    last
}

fn started() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    (dir, server)
}

/// Waits for every touchpoint: the status of all shards is taken after the last acceptance.
async fn settled(server: &Server, connection: &Connection) {
    ann(connection).await;
    server.caught_up();
}

#[tokio::test]
async fn one_view_over_several_fragments_with_mask_and_batch() {
    let (_dir, server) = started();
    let connection = connect(&server).await;
    settled(&server, &connection).await;
    let by_card = customer(&connection, "loyalty_card:1", None).await.unwrap();
    assert_eq!(by_card, customer(&connection, "email:ann@shop.test.eu", None).await.unwrap());
    assert_eq!((count(&by_card, "orders"), by_card.touchpoint_count, by_card.identifiers.len()), (25, 30, 2));

    let as_published = customer(&connection, "Email: Ann@Shop.test.eu", None).await.unwrap();
    assert_eq!(as_published.customer_id, by_card.customer_id, "look-ups are normalised as touchpoints are");

    let read_mask = Some(FieldMask { paths: vec!["traits".into(), "metrics.orders".into()] });
    let request = GetCustomerRequest { customer: who("loyalty_card:1"), read_mask, ..GetCustomerRequest::default() };
    let masked = connection.customers().get_customer(request).await.unwrap().into_inner().customer.unwrap();
    assert!(masked.identifiers.is_empty() && masked.traits.is_some());
    assert_eq!(masked.metrics.keys().collect::<Vec<_>>(), ["orders"]);

    let by_id = Some(CustomerRef { r#ref: Some(customer_ref::Ref::CustomerId(by_card.customer_id.clone())) });
    let customers =
        [who("email:ann@shop.test.eu"), who("email:nobody@shop.test.eu"), by_id].into_iter().flatten().collect();
    let request = BatchGetCustomersRequest { customers, ..BatchGetCustomersRequest::default() };
    let results = connection.customers().batch_get_customers(request).await.unwrap().into_inner().results;
    assert_eq!(results.iter().map(|result| result.customer.is_some()).collect::<Vec<_>>(), [true, false, true]);
}

/// Message ids of all pages.
async fn pages(connection: &Connection, request: ListTouchpointsRequest) -> Vec<String> {
    let (mut ids, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListTouchpointsRequest { page_token, ..request.clone() };
        let page = connection.customers().list_touchpoints(request.clone()).await.unwrap().into_inner();
        assert!(page.entries.len() <= usize::try_from(request.page_size).unwrap());
        ids.extend(page.entries.iter().map(|entry| entry.touchpoint.as_ref().unwrap().message_id.clone()));
        if page.next_page_token.is_empty() {
            return ids;
        }
        page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn timelines_come_in_order_whatever_the_page_size() {
    let (_dir, server) = started();
    let connection = connect(&server).await;
    settled(&server, &connection).await;
    let request = |page_size, order: TimelineOrder| ListTouchpointsRequest {
        customer: who("loyalty_card:1"),
        page_size,
        order: order.into(),
        ..ListTouchpointsRequest::default()
    };
    let oldest_first = pages(&connection, request(1_000, TimelineOrder::OldestFirst)).await;
    assert_eq!(oldest_first.len(), 30);
    assert_eq!(oldest_first[..7], ["link", "m00", "m01", "m02", "m03", "m04", "p0"]);
    let newest_first: Vec<String> = oldest_first.iter().rev().cloned().collect();
    for size in [1, 2, 3, 7, 29, 30, 31] {
        assert_eq!(
            pages(&connection, request(size, TimelineOrder::OldestFirst)).await,
            oldest_first,
            "pages of {size}"
        );
        assert_eq!(
            pages(&connection, request(size, TimelineOrder::NewestFirst)).await,
            newest_first,
            "pages of {size}"
        );
    }
    let filtered = ListTouchpointsRequest {
        kinds: vec!["page_viewed".into()],
        occurred_from: Some(prost_types::Timestamp { seconds: MARCH + DAY, nanos: 0 }),
        occurred_before: Some(prost_types::Timestamp { seconds: MARCH + 3 * DAY, nanos: 0 }),
        ..request(1, TimelineOrder::OldestFirst)
    };
    assert_eq!(pages(&connection, filtered).await, ["p1", "p2"]);
}

#[tokio::test]
async fn requests_that_make_no_sense_say_why() {
    let (_dir, server) = started();
    let connection = connect(&server).await;
    settled(&server, &connection).await;
    let good =
        ListTouchpointsRequest { customer: who("loyalty_card:1"), page_size: 2, ..ListTouchpointsRequest::default() };
    let token = connection.customers().list_touchpoints(good.clone()).await.unwrap().into_inner().next_page_token;
    let other = ListTouchpointsRequest { kinds: vec!["page_viewed".into()], page_token: token, ..good.clone() };
    for (request, field) in [
        (other, "page_token"),
        (ListTouchpointsRequest { page_token: "xyz".into(), ..good.clone() }, "page_token"),
        (ListTouchpointsRequest { page_size: 1_001, ..good.clone() }, "page_size"),
        (ListTouchpointsRequest { customer: None, ..good.clone() }, "customer"),
        (
            ListTouchpointsRequest { read_mask: Some(FieldMask { paths: vec!["touchpint".into()] }), ..good },
            "read_mask",
        ),
    ] {
        let status = connection.customers().list_touchpoints(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violation = status.get_error_details().bad_request().unwrap().field_violations[0].clone();
        assert_eq!(violation.field, field);
        assert!(!violation.description.is_empty());
    }
}

#[tokio::test]
async fn reads_wait_for_a_position_within_the_callers_deadline() {
    let (_dir, server) = started();
    let connection = connect(&server).await;
    for number in 0..50 {
        let (message, by) = (format!("w{number}"), format!("user_id:u{number}"));
        let position = accept(&connection, touchpoint("page_viewed", &message, MARCH, &by)).await;
        let seen = customer(&connection, &by, Some(position)).await.unwrap();
        assert_eq!(seen.touchpoint_count, 1, "read your write {number}");
    }
    let ask = |partition, offset| {
        let min_position = vec![Position { partition, offset }];
        let mut request =
            Request::new(GetCustomerRequest { customer: who("user_id:u1"), min_position, ..Default::default() });
        request.set_timeout(Duration::from_millis(300));
        request
    };
    let late = connection.customers().get_customer(ask(0, 1_000_000)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().contains("partition 0, offset 1000000"), "{late}");
    let nowhere = connection.customers().get_customer(ask(99, 0)).await.unwrap_err();
    assert_eq!(nowhere.code(), Code::InvalidArgument);
}

/// Several threads: the client must tell the server that it left while the command line is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn lists_that_nobody_reads_hold_up_no_other_read() {
    let (_dir, server) = started();
    server.ask(&["generate", "--seed", "2", "--customers", "2000", "--touchpoints", "8000", "--server", &server.grpc]);
    server.caught_up();
    let (greedy, other) = (connect(&server).await, connect(&server).await);
    let (mut unread, mut refused) = (Vec::new(), None);
    for _ in 0..40 {
        match greedy.customers().list_customers(ListCustomersRequest::default()).await {
            Ok(stream) => unread.push(stream),
            Err(status) => refused = Some(status),
        }
    }
    let refused = refused.expect("more lists than are walked at once");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.get_error_details().retry_info().is_some(), "{refused}");
    let position = accept(&other, touchpoint("page_viewed", "after", MARCH, "user_id:after")).await;
    assert_eq!(customer(&other, "user_id:after", Some(position)).await.unwrap().touchpoint_count, 1);
    drop(unread);
    drop(greedy);
    // The server notices in its own time that nobody is there any more.
    let until = Instant::now() + Duration::from_secs(60);
    let listed = loop {
        let listed = server.run(&["customer", "list", "--output", "ndjson", "--fields", "customer_id"]);
        if listed.status.success() {
            break String::from_utf8_lossy(&listed.stdout).lines().count();
        }
        assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&listed.stderr));
        wait_a_little();
    };
    assert!(listed > 500, "{listed} listed");
}
