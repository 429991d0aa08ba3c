//! Whom we may contact, through the real process: consent and contact caps decide on a list for a channel and are shown with the
//! customer, exactly at the instant at which a contact leaves its span.
#![cfg(test)]

use std::path::Path;

use patron::client::Server as Connection;
use proto::{
    customer::{ContactChannel, GetCustomerRequest, ListCustomersRequest},
    segment::ListMembersRequest,
};
use tests::{
    client::{accept, connect, who},
    process::{Server, up},
    touchpoints::{order, touchpoint},
};
use types::{
    Micros,
    record::{Consent, ConsentStatus, Position},
};

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;
const DAY: i64 = 86_400;
/// MARCH + 30 days.
const CLOCK: &str = "fixed:2026-03-31T00:00:00Z";
const CAPS: &str = r#"
[contact.caps]
email = ["1/7d", "3/30d"]
any = ["3/10d"]
"#;
const BUYERS: &str = "[[segment]]\nname = \"buyers\"\nexpression = 'orders().count() > 0'\n";

async fn started(dir: &Path) -> (Server, Connection) {
    let (config, segments) = (dir.join("patron.toml"), dir.join("segments.toml"));
    std::fs::write(&config, CAPS).unwrap();
    std::fs::write(&segments, BUYERS).unwrap();
    let mut command = up(&dir.join("data"));
    command.arg("--config").arg(&config).env("PATRON_SEGMENTS_CLOCK", CLOCK);
    let server = Server::spawn(command).unwrap();
    server.ask(&["segment", "apply", segments.to_str().unwrap()]);
    let connection = connect(&server).await;
    (server, connection)
}

async fn consents(connection: &Connection, identifier: &str, id: &str, second: i64, status: ConsentStatus) -> Position {
    let mut decided = touchpoint("consent_changed", id, second, identifier);
    decided.consents.push(Consent { purpose: "email".into(), status: status.into() });
    accept(connection, decided).await
}

async fn contacts(connection: &Connection, identifier: &str, id: &str, second: i64, channel: &str) -> Position {
    let mut sent = touchpoint("message_sent", id, second, identifier);
    (sent.channel, sent.marketing_message_id) = (channel.into(), "offer".into());
    accept(connection, sent).await
}

/// A buyer who granted email on the first day.
async fn buyer(connection: &Connection, identifier: &str) -> Position {
    accept(connection, order(&format!("o-{identifier}"), MARCH, identifier, identifier, "20.00")).await;
    consents(connection, identifier, &format!("c-{identifier}"), MARCH, ConsentStatus::Granted).await
}

/// Cards of the members that are listed for a channel at an instant; `None` is the clock's.
async fn listed(connection: &Connection, channel: &str, at: Option<Micros>, after: &[Position]) -> Vec<String> {
    let request = ListMembersRequest {
        segment: "buyers".into(),
        channel: channel.into(),
        as_of: at.map(Micros::to_proto),
        min_position: after.to_vec(),
        ..ListMembersRequest::default()
    };
    let mut answer = connection.segments().list_members(request).await.unwrap().into_inner();
    let mut cards = Vec::new();
    while let Some(member) = answer.message().await.unwrap() {
        let held = member.customer.unwrap().identifiers.into_iter().next().unwrap();
        cards.push(held.identifier.unwrap().value);
    }
    cards.sort();
    cards
}

async fn shown(connection: &Connection, at: Option<i64>, after: Position) -> Vec<ContactChannel> {
    let request = GetCustomerRequest {
        customer: who("loyalty_card:1"),
        read_mask: Some(prost_types::FieldMask { paths: vec!["contact".into()] }),
        as_of: at.map(|at| Micros(at * 1_000_000).to_proto()),
        min_position: vec![after],
        ..GetCustomerRequest::default()
    };
    connection.customers().get_customer(request).await.unwrap().into_inner().customer.unwrap().contact
}

fn second(second: i64) -> Option<Micros> {
    Some(Micros(second * 1_000_000))
}

#[tokio::test]
async fn a_member_is_listed_again_at_the_instant_at_which_a_contact_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, connection) = started(dir.path()).await;
    let mut after = vec![buyer(&connection, "loyalty_card:1").await, buyer(&connection, "loyalty_card:2").await];
    // Nobody asked the third, and the fourth declined later.
    after.push(accept(&connection, order("o-3", MARCH, "loyalty_card:3", "3", "20.00")).await);
    buyer(&connection, "loyalty_card:4").await;
    after.push(consents(&connection, "loyalty_card:4", "no", MARCH + DAY, ConsentStatus::Denied).await);
    after.push(contacts(&connection, "loyalty_card:1", "m1", MARCH + 2 * DAY, "email").await);

    let end = MARCH + 9 * DAY;
    let just_before = Some(Micros(end * 1_000_000 - 1));
    assert_eq!(listed(&connection, "email", just_before, &after).await, ["2"]);
    assert_eq!(listed(&connection, "email", second(end), &after).await, ["1", "2"]);
    assert_eq!(listed(&connection, "email", second(MARCH + 2 * DAY - 1), &after).await, ["1", "2"]);
    assert_eq!(listed(&connection, "email", None, &after).await, ["1", "2"]);
    // Without a channel all are listed; for one without a decision nobody is.
    assert_eq!(listed(&connection, "", just_before, &after).await, ["1", "2", "3", "4"]);
    assert!(listed(&connection, "sms", second(end), &after).await.is_empty());

    // A contact that is told late counts in the next answer, as of then and by the clock.
    let late = [contacts(&connection, "loyalty_card:2", "m2", MARCH + 24 * DAY, "email").await];
    assert_eq!(listed(&connection, "email", None, &late).await, ["1"]);
    assert_eq!(listed(&connection, "email", second(MARCH + 31 * DAY), &late).await, ["1", "2"]);
    // Three over other channels are too many over all channels together.
    let mut many = Vec::new();
    for (id, channel) in [("m3", "sms"), ("m4", "sms"), ("m5", "push")] {
        many.push(contacts(&connection, "loyalty_card:1", id, MARCH + 25 * DAY, channel).await);
    }
    assert!(listed(&connection, "email", None, &many).await.is_empty());
    assert_eq!(listed(&connection, "email", second(MARCH + 35 * DAY), &many).await, ["1", "2"]);
}

#[tokio::test]
async fn a_customer_shows_contacts_caps_and_when_they_change_where_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (server, connection) = started(dir.path()).await;
    buyer(&connection, "loyalty_card:1").await;
    contacts(&connection, "loyalty_card:1", "m1", MARCH + 24 * DAY, "email").await;
    contacts(&connection, "loyalty_card:1", "m2", MARCH + 24 * DAY, "sms").await;
    let after = contacts(&connection, "loyalty_card:1", "m3", MARCH + 25 * DAY, "email").await;
    server.caught_up();

    let [email] = shown(&connection, None, after).await.try_into().unwrap();
    let counts: Vec<(&str, u32, i64, u64)> = email
        .counts
        .iter()
        .map(|count| (count.channel.as_str(), count.max, count.span.unwrap().seconds / DAY, count.contacts))
        .collect();
    assert_eq!(counts, [("email", 1, 7, 2), ("email", 3, 30, 2), ("", 3, 10, 3)]);
    assert_eq!((email.channel.as_str(), email.consent(), email.allowed), ("email", ConsentStatus::Granted, false));
    // The later of: the own cap lets go at the end of day 32, that over all channels at the end of day 34.
    assert_eq!(email.changes_at.unwrap().seconds, MARCH + 34 * DAY);
    assert_eq!(email.evaluated_at.unwrap().seconds, MARCH + 30 * DAY);

    // As of an instant before, what came after it is not there.
    let [then] = shown(&connection, Some(MARCH + 24 * DAY), after).await.try_into().unwrap();
    assert_eq!(then.counts.iter().map(|count| count.contacts).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!((then.allowed, then.changes_at.unwrap().seconds), (false, MARCH + 31 * DAY));
    let [first] = shown(&connection, Some(MARCH), after).await.try_into().unwrap();
    assert_eq!((first.allowed, first.changes_at), (true, None));

    // Asked for nothing in particular, it is not worked out; a list of everybody refuses it.
    let plain = GetCustomerRequest { customer: who("loyalty_card:1"), ..GetCustomerRequest::default() };
    let plain = connection.customers().get_customer(plain).await.unwrap().into_inner().customer.unwrap();
    assert!(plain.contact.is_empty() && plain.touchpoint_count == 5);
    let all = ListCustomersRequest {
        read_mask: Some(prost_types::FieldMask { paths: vec!["contact".into()] }),
        ..ListCustomersRequest::default()
    };
    assert!(connection.customers().list_customers(all).await.unwrap_err().message().contains("GetCustomer"));
    let told = server.ask(&["customer", "get", "loyalty_card:1", "--contact"]);
    for part in ["Consents", "Contact", "2 of 1 in 7d", "3 of 3 in 10d", "2026-04-04T00:00:00Z"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!server.ask(&["customer", "get", "loyalty_card:1"]).contains("may be contacted"));
    assert_eq!(server.ask(&["segment", "members", "buyers", "--for-channel", "email", "--output", "ndjson"]), "");
}

#[test]
fn a_cap_that_is_none_stops_the_start_and_names_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("patron.toml");
    std::fs::write(&config, "[contact.caps]\nemail = [\"2/7d\", \"0/1d\"]\n").unwrap();
    let mut command = up(&dir.path().join("data"));
    let output = command.arg("--config").arg(&config).stderr(std::process::Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("contact.caps.email") && said.contains("`0/1d`") && said.contains("1 or more"), "{said}");
}
