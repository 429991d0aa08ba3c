//! Segments as a resource of SegmentService: created, changed, tried, deleted; what is refused says why and changes nothing.
#![cfg(test)]

use patron::client::Server as Connection;
use proto::segment::{
    CreateSegmentRequest, DeleteSegmentRequest, Edit, GetSegmentRequest, Segment, UpdateSegmentRequest,
};
use tests::{
    client::{accept, connect},
    process::Server,
    touchpoints::order,
};
use tonic::Code;

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;

fn edit() -> Option<Edit> {
    Some(Edit { author: "ann".into(), reason: "spring".into(), ..Edit::default() })
}

fn segment(name: &str, expression: &str) -> Segment {
    Segment { name: name.into(), expression: expression.into(), ..Segment::default() }
}

async fn create(server: &Connection, wanted: Segment) -> Result<Segment, tonic::Status> {
    let request = CreateSegmentRequest { segment: Some(wanted), edit: edit() };
    let answer = server.segments().create_segment(request).await?.into_inner();
    assert!(answer.offset.is_some() && answer.trial.is_none());
    Ok(answer.segment.unwrap())
}

async fn update(server: &Connection, wanted: Segment, paths: &[&str]) -> Result<Segment, tonic::Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = Some(prost_types::FieldMask { paths });
    let request = UpdateSegmentRequest { segment: Some(wanted), update_mask, edit: edit(), ..Default::default() };
    Ok(server.segments().update_segment(request).await?.into_inner().segment.unwrap())
}

async fn delete(server: &Connection, name: &str, etag: &str) -> Result<(), tonic::Status> {
    let request = DeleteSegmentRequest { name: name.into(), etag: etag.into(), allow_missing: false, edit: edit() };
    server.segments().delete_segment(request).await.map(drop)
}

async fn get(server: &Connection, name: &str) -> Segment {
    let request = GetSegmentRequest { name: name.into() };
    server.segments().get_segment(request).await.unwrap().into_inner().segment.unwrap()
}

#[tokio::test]
async fn a_segment_is_created_changed_and_deleted_by_those_who_have_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let process = Server::start(&dir.path().join("data")).unwrap();
    let server = connect(&process).await;
    let first = create(&server, segment("loyal", "metrics.orders >= 2")).await.unwrap();
    assert_eq!((first.version, get(&server, "loyal").await.expression.as_str()), (1, "metrics.orders >= 2"));
    assert_eq!(create(&server, segment("loyal", "true")).await.unwrap_err().code(), Code::AlreadyExists);

    let described = Segment { description: "Buys again.".into(), ..segment("loyal", "") };
    let second = update(&server, Segment { etag: first.etag.clone(), ..described }, &["description"]).await.unwrap();
    assert_eq!(
        (second.version, second.expression.as_str(), second.description.as_str()),
        (2, "metrics.orders >= 2", "Buys again.")
    );
    let stale = Segment { etag: first.etag.clone(), ..segment("loyal", "metrics.orders >= 9") };
    let refused = update(&server, stale, &["expression"]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    assert!(refused.message().contains("read the segment again"), "{}", refused.message());
    assert_eq!(get(&server, "loyal").await, second);

    assert_eq!(delete(&server, "loyal", &first.etag).await.unwrap_err().code(), Code::Aborted);
    delete(&server, "loyal", &second.etag).await.unwrap();
    assert_eq!(delete(&server, "loyal", "").await.unwrap_err().code(), Code::NotFound);
    let allowed =
        DeleteSegmentRequest { name: "loyal".into(), allow_missing: true, edit: edit(), ..Default::default() };
    assert_eq!(server.segments().delete_segment(allowed).await.unwrap().into_inner().offset, None);
    // A name that was deleted may mean something again; its versions go on.
    assert_eq!(create(&server, segment("loyal", "metrics.orders >= 3")).await.unwrap().version, 4);
}

#[tokio::test]
async fn what_is_refused_says_where_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let process = Server::start(&dir.path().join("data")).unwrap();
    let server = connect(&process).await;
    let refused = create(&server, segment("loyal", "metrics.order >= 2")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("did you mean `orders`") && refused.message().contains('^'), "{refused}");
    assert_eq!(create(&server, segment("Not A Name", "true")).await.unwrap_err().code(), Code::InvalidArgument);
    let nobody = CreateSegmentRequest { segment: Some(segment("loyal", "true")), edit: None };
    let said = server.segments().create_segment(nobody).await.unwrap_err();
    assert!(said.code() == Code::InvalidArgument && said.message().contains("author"), "{said}");
    create(&server, segment("loyal", "metrics.orders >= 2")).await.unwrap();
    create(&server, segment("other", "!segment(\"loyal\")")).await.unwrap();
    let said = delete(&server, "loyal", "").await.unwrap_err();
    assert!(said.code() == Code::InvalidArgument && said.message().contains("other: "), "{said}");
    let said = update(&server, segment("loyal", "true"), &["version"]).await.unwrap_err();
    assert!(said.code() == Code::InvalidArgument && said.message().contains("`version` cannot be changed"), "{said}");
    assert_eq!(update(&server, segment("nobody", "true"), &["expression"]).await.unwrap_err().code(), Code::NotFound);
    assert_eq!((get(&server, "loyal").await.version, get(&server, "other").await.version), (1, 1));
}

#[tokio::test]
async fn a_trial_says_who_would_be_in_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let process = Server::start(&dir.path().join("data")).unwrap();
    let server = connect(&process).await;
    for (number, card) in ["loyalty_card:1", "loyalty_card:2", "loyalty_card:2", "loyalty_card:3"].iter().enumerate() {
        let id = format!("order{number}");
        accept(&server, order(&id, MARCH + i64::try_from(number).unwrap(), card, &id, "20.00")).await;
    }
    process.caught_up();
    create(&server, segment("buyers", "metrics.orders >= 1")).await.unwrap();
    let edit = Edit {
        author: "ann".into(),
        validate_only: true,
        sample_size: 5,
        overlap_with: vec!["buyers".into()],
        ..Edit::default()
    };
    let request = CreateSegmentRequest { segment: Some(segment("twice", "metrics.orders >= 2")), edit: Some(edit) };
    let answer = server.segments().create_segment(request).await.unwrap().into_inner();
    let trial = answer.trial.unwrap();
    assert_eq!((answer.offset, trial.count, trial.population, trial.sample_customer_ids.len()), (None, 1, 3, 1));
    assert_eq!((trial.overlaps[0].members, trial.overlaps[0].both), (3, 1));
    let missing = GetSegmentRequest { name: "twice".into() };
    assert_eq!(server.segments().get_segment(missing).await.unwrap_err().code(), Code::NotFound);

    let told = process.ask(&["segment", "edit", "buyers", "--expression", "metrics.orders >= 2", "--dry-run"]);
    assert!(told.contains("would be version 2") && told.contains("1 of 3 customers"), "{told}");
    let told = process.ask(&["segment", "edit", "buyers", "--expression", "metrics.orders >= 2"]);
    assert!(told.contains("version 2 now"), "{told}");
    // The feed looks at everybody for the new version, and then tells as it comes.
    let feed = || -> serde_json::Value {
        let listed: serde_json::Value =
            serde_json::from_str(&process.ask(&["segment", "list", "--output", "json"])).unwrap();
        listed["feed"].clone()
    };
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while feed()["live"] != true {
        assert!(std::time::Instant::now() < limit, "{}", feed());
        tests::process::wait_a_little();
    }
    let watched = process.ask(&["segment", "watch", "buyers", "--output", "ndjson"]);
    assert_eq!(watched.lines().filter(|line| line.contains("LEFT")).count(), 2, "{watched}");
    let told = process.ask(&["segment", "show", "buyers"]);
    assert!(told.contains("version 2, etag \"2\""), "{told}");
    process.ask(&["segment", "delete", "buyers", "--etag", "\"2\"", "--reason", "no use"]);
    assert!(process.ask(&["segment", "list"]).contains("no segments"));
}
