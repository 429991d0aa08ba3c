//! What is accepted: answers in order, positions, and what lies in the journal.

use std::sync::Arc;

use journal::memory::MemoryJournal;
use prost::Message as _;
use proto::ingest::{PublishResult, Reason};
use tonic::codec::CompressionEncoding;
use types::record::{FORMAT_VERSION, Identifier, PayloadType, Position, Touchpoint};
use types::{HashKey, Micros};

use crate::support::*;

async fn published(touchpoints: Vec<Touchpoint>) -> (Vec<PublishResult>, Arc<MemoryJournal>) {
    let journal = Arc::new(MemoryJournal::new(4));
    let mut client = client(journal.clone(), settings()).await;
    let response = client.publish(request(touchpoints)).await.unwrap();
    (response.into_inner().results, journal)
}

fn of_user(index: usize) -> Touchpoint {
    let identifiers = vec![Identifier { namespace: "user_id".into(), value: format!("u{index}") }];
    Touchpoint { identifiers, ..touchpoint(index) }
}

#[tokio::test]
async fn good_and_bad_ones_do_not_disturb_each_other() {
    let sent = (0..1_000).map(|index| if index % 3 == 1 { bad(index) } else { of_user(index) }).collect();
    let (results, journal) = published(sent).await;
    let kept = kept(journal.as_ref());
    assert_eq!((results.len(), kept.len()), (1_000, 667));
    for (index, result) in results.iter().enumerate() {
        if index % 3 == 1 {
            assert_eq!(findings(result)[0].reason(), Reason::UnknownKind);
            continue;
        }
        let Position { partition, offset } = accepted(result).unwrap().position.unwrap();
        let at = journal::Position { partition, offset };
        let (_, _, envelope) = kept.iter().find(|(position, _, _)| *position == at).unwrap();
        let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).unwrap();
        assert_eq!(touchpoint.message_id, index.to_string());
    }
}

#[tokio::test]
async fn the_envelope_says_what_it_must() {
    let mut sent = touchpoint(" m1 ");
    sent.identifiers.insert(0, Identifier { namespace: "Email".into(), value: "A@B.shop".into() });
    let (_, journal) = published(vec![sent]).await;
    let (position, key, envelope) = kept(journal.as_ref()).remove(0);
    let strongest = types::Identifier::new("user_id", "u1");
    assert_eq!(key, HashKey::derive("test").partition_key(&strongest).0);
    assert_eq!((envelope.partition_key, position.partition), (key.clone(), journal::partition_of(&key, 4)));
    assert_eq!((envelope.format_version, envelope.source.as_str()), (FORMAT_VERSION, "web"));
    assert_eq!(envelope.payload_type, i32::from(PayloadType::Touchpoint));
    assert_eq!(envelope.received_at.as_ref().map(Micros::from_proto), Some(NOW));
    let kept = Touchpoint::decode(envelope.payload.as_slice()).unwrap();
    assert_eq!((kept.message_id.as_str(), kept.received_at), ("m1", None));
    assert_eq!(kept.identifiers[1].value, "a@b.shop");
}

#[tokio::test]
async fn copies_have_equal_payloads_and_equal_keys() {
    let (_, journal) = published(vec![of_user(1), of_user(1)]).await;
    let kept = kept(journal.as_ref());
    assert_eq!((&kept[0].1, &kept[0].2), (&kept[1].1, &kept[1].2));
}

#[tokio::test]
async fn a_blocked_identifier_is_noted() {
    let mut sent = touchpoint("1");
    sent.identifiers.push(Identifier { namespace: "phone".into(), value: "0000000000".into() });
    let (results, _) = published(vec![sent]).await;
    let notes = &accepted(&results[0]).unwrap().notes;
    assert_eq!((notes[0].reason(), notes[0].field.as_str()), (Reason::BlockedIdentifier, "identifiers[1].value"));
}

#[tokio::test]
async fn ten_thousand_at_once_compressed() {
    let journal = Arc::new(MemoryJournal::new(4));
    let client = client(journal.clone(), settings()).await;
    let mut client = client.send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip);
    let sent = (0..10_000).map(of_user).collect();
    let results = client.publish(request(sent)).await.unwrap().into_inner().results;
    assert!(results.len() == 10_000 && results.iter().all(|result| accepted(result).is_some()));
    assert_eq!(kept(journal.as_ref()).len(), 10_000);
}
