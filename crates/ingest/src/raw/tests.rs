//! A raw record becomes the journal record that the same touchpoint published over gRPC becomes; what is refused names its reason.

use prost::Message as _;
use types::dead_letter::{Origin, Stage};
use types::record::{Envelope, Identifier, Touchpoint};
use types::{HashKey, Micros};

use super::{RawFormat, RawTopic, read};
use crate::fixtures;
use crate::service::IngestSettings;

const RECEIVED: Micros = Micros(1_772_360_200_000_000);

fn settings() -> IngestSettings {
    IngestSettings::new(HashKey::derive("test"))
}

fn topic(format: RawFormat) -> RawTopic {
    RawTopic { format, source: "app".to_owned() }
}

fn origin() -> Origin {
    Origin { topic: "events".to_owned(), topic_id: "Zk3v0Q2jRKq9d0yqC1x7Yw".to_owned(), partition: 3, offset: 42 }
}

fn taken(value: &[u8], format: RawFormat) -> (Envelope, Touchpoint) {
    let record = read(Some(value), RECEIVED, &origin(), &topic(format), &settings(), 8).unwrap();
    assert_eq!(record.partition, journal::partition_of(&record.key, 8));
    let envelope = Envelope::decode(record.value.as_slice()).unwrap();
    let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).unwrap();
    (envelope, touchpoint)
}

fn refused(value: Option<&[u8]>, format: RawFormat) -> super::Refused {
    read(value, RECEIVED, &origin(), &topic(format), &settings(), 8).unwrap_err()
}

fn visit() -> Touchpoint {
    Touchpoint {
        kind: "store_entered".to_owned(),
        store_id: "s1".to_owned(),
        identifiers: vec![Identifier { namespace: "user_id".to_owned(), value: "ann".to_owned() }],
        ..Touchpoint::default()
    }
}

#[test]
fn a_record_without_id_source_and_time_takes_those_of_its_place() {
    let (envelope, touchpoint) = taken(&visit().encode_to_vec(), RawFormat::TouchpointProtobuf);
    assert_eq!(touchpoint.message_id, "Zk3v0Q2jRKq9d0yqC1x7Yw/3/42");
    assert_eq!((touchpoint.source.as_str(), envelope.source.as_str()), ("app", "app"));
    assert_eq!((touchpoint.occurred(), envelope.received()), (RECEIVED, RECEIVED));
}

#[test]
fn what_a_record_says_itself_counts() {
    let said = fixtures::least();
    let (envelope, touchpoint) = taken(&said.encode_to_vec(), RawFormat::TouchpointProtobuf);
    assert_eq!((touchpoint.message_id, touchpoint.source), (said.message_id, said.source));
    assert_eq!(envelope.received(), RECEIVED);
}

#[test]
fn the_same_record_read_twice_is_the_same_bytes() {
    let json = br#"{"type":"track","event":"Application Opened","userId":"ann"}"#;
    assert_eq!(taken(json, RawFormat::SegmentJson), taken(json, RawFormat::SegmentJson));
    let (_, touchpoint) = taken(json, RawFormat::SegmentJson);
    assert_eq!((touchpoint.kind.as_str(), touchpoint.occurred()), ("application_opened", RECEIVED));
}

#[test]
fn refusals_name_reason_step_and_problem() {
    use RawFormat::{SegmentJson, TouchpointProtobuf};
    let unknown = Touchpoint { kind: "sofa_sat_upon".to_owned(), ..visit() }.encode_to_vec();
    for (value, format, reason, stage) in [
        (None, SegmentJson, "null_value", Stage::Decoding),
        (Some(&b"{\"type\":"[..]), SegmentJson, "malformed", Stage::Decoding),
        (Some(&b"\xff\xff"[..]), SegmentJson, "malformed", Stage::Decoding),
        (Some(&b"\xff\xff"[..]), TouchpointProtobuf, "undecodable_protobuf", Stage::Decoding),
        (Some(&b""[..]), TouchpointProtobuf, "required", Stage::Admission),
        (Some(&unknown[..]), TouchpointProtobuf, "unknown_kind", Stage::Admission),
    ] {
        let refused = refused(value, format);
        assert_eq!((refused.reason.as_str(), refused.stage), (reason, stage), "{refused:?}");
        assert!(!refused.description.is_empty() && refused.by == "patron-ingest");
    }
    assert!("segment".parse::<RawFormat>().unwrap_err().contains("segment_json"));
}
