//! Normal forms of identifiers: what was published under one spelling is found under every other, also what lies in the journal in
//! version 1 of its format.
#![cfg(test)]

use journal::{
    Journal as _,
    embedded::{EmbeddedConfig, EmbeddedJournal},
};
use prost::Message as _;
use tests::{
    client::{accept, connect, customer, publish},
    process::Server,
    touchpoints::{identifier_of, touchpoint},
};
use types::{HashKey, Micros, record::Envelope};

const MARCH: i64 = 1_772_323_200;

#[tokio::test]
async fn all_spellings_are_one_customer() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[("PATRON_IDENTITY_PHONE_REGION", "AT")]).unwrap();
    let connection = connect(&server).await;
    let spellings = [
        "phone:0664 / 123 45 67",
        "Phone:+43 (0)664 1234567",
        "phone:0043-664-1234567",
        "phone:＋４３６６４１２３４５６７",
    ];
    for (number, spelling) in spellings.iter().enumerate() {
        let mut seen = touchpoint("page_viewed", &format!("m{number}"), MARCH, spelling);
        seen.identifiers.push(identifier_of("loyalty_card:2620 0012 3456"));
        accept(&connection, seen).await;
    }
    server.caught_up();
    let found = customer(&connection, "loyalty_card:2620-0012-3456", None).await.unwrap();
    assert_eq!((found.touchpoint_count, found.identifiers.len()), (4, 2));
    for spelling in spellings {
        let by_phone = customer(&connection, spelling, None).await.unwrap();
        assert_eq!(by_phone.customer_id, found.customer_id, "{spelling}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_noted_and_what_is_blocked_by_pattern_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("patron.toml");
    std::fs::write(&config, "[identity.blocked_patterns]\nloyalty_card = ['9999\\d{8}']\n").unwrap();
    let mut up = tests::process::up(&dir.path().join("data"));
    up.arg("--config").arg(&config);
    let server = Server::spawn(up).unwrap();
    let connection = connect(&server).await;
    let mut odd = touchpoint("page_viewed", "m1", MARCH, "phone:ask Ann");
    odd.identifiers.push(identifier_of("loyalty_card:9999 1234 5678"));
    let results = publish(&connection, vec![odd]).await.unwrap();
    let Some(proto::ingest::publish_result::Outcome::Accepted(accepted)) = &results[0].outcome else {
        panic!("{results:?}")
    };
    let fields: Vec<_> = accepted.notes.iter().map(|note| (note.reason().as_str_name(), note.field.as_str())).collect();
    assert_eq!(
        fields,
        [("REASON_MALFORMED", "identifiers[0].value"), ("REASON_BLOCKED_IDENTIFIER", "identifiers[1].value")]
    );
    server.caught_up();
    let found = customer(&connection, "phone: ask Ann", None).await.unwrap();
    assert_eq!(found.identifiers.len(), 1);
}

/// A journal as version 1 of the format wrote it: identifiers trimmed, and no more.
fn write_version_1(data_dir: &std::path::Path) {
    let dir = data_dir.join("journal");
    std::fs::create_dir_all(&dir).unwrap();
    let journal = EmbeddedJournal::open(EmbeddedConfig::new(dir, 4)).unwrap();
    let seen = touchpoint("page_viewed", "old", MARCH, "phone:+43 1 5550100");
    let mut record = ingest::envelope::new_record(&seen, Micros(MARCH * 1_000_000), &HashKey::derive("patron"), 4);
    let mut envelope = Envelope::decode(record.value.as_slice()).unwrap();
    envelope.format_version = 1;
    record.value = envelope.encode_to_vec();
    journal::wait(journal.append(vec![record])).unwrap();
    journal.close();
}

#[tokio::test]
async fn version_1_is_read_and_its_identifiers_are_found_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    write_version_1(dir.path());
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    server.caught_up();
    let old = customer(&connection, "phone:+43 1 5550100", None).await.unwrap();
    assert_eq!(old.touchpoint_count, 1);
    // What is published now lies under the normal form, and is found first.
    accept(&connection, touchpoint("page_viewed", "new", MARCH, "phone:+43 1 5550100")).await;
    server.caught_up();
    let new = customer(&connection, "phone:+43 1 5550100", None).await.unwrap();
    assert_ne!(new.customer_id, old.customer_id);
    assert_eq!(customer(&connection, "phone:+4315550100", None).await.unwrap().customer_id, new.customer_id);
}
