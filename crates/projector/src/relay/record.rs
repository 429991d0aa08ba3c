//! A change as a record: a CloudEvent in the binary mode of the Kafka protocol binding, version 1.0.
//!
//! Owns the names of the headers. Source and id name a change for ever; the key is the customer's id.

use prost::Message as _;
use proto::segment::{MembershipChange, MembershipChangeType};
use store::published::RelayRecord;
use types::Micros;

use super::RelayFormat;

/// The record of a change of a feed.
pub(super) fn record(change: &MembershipChange, feed: [u8; 16], format: RelayFormat) -> RelayRecord {
    let (content_type, value) = match format {
        RelayFormat::Json => ("application/json", proto::json::to_line(change).into_bytes()),
        RelayFormat::Protobuf => ("application/protobuf", change.encode_to_vec()),
    };
    let header = |name: &str, value: String| (name.to_owned(), value.into_bytes());
    let effective_at = change.effective_at.as_ref().map(|at| Micros::from_proto(at).to_string());
    RelayRecord {
        sequence: change.sequence,
        key: change.customer_id.clone().into_bytes(),
        value,
        headers: vec![
            header("content-type", content_type.to_owned()),
            header("ce_specversion", "1.0".to_owned()),
            header("ce_id", change.change_id.clone()),
            header("ce_source", source(feed)),
            header("ce_type", event_type(change.r#type()).to_owned()),
            header("ce_subject", change.customer_id.clone()),
            header("ce_time", effective_at.unwrap_or_default()),
            // CloudEvents' extension `sequence`: texts in the order of the feed.
            header("ce_sequence", format!("{:020}", change.sequence)),
            header("ce_segment", change.segment.clone()),
        ],
    }
}

/// Another one after `published` was deleted, and for each projector.
fn source(feed: [u8; 16]) -> String {
    let feed: String = feed.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("/patron/feeds/{feed}")
}

fn event_type(change: MembershipChangeType) -> &'static str {
    match change {
        MembershipChangeType::Entered => "patron.segment.v1.entered",
        MembershipChangeType::Left => "patron.segment.v1.left",
        MembershipChangeType::Unspecified => "patron.segment.v1.changed",
    }
}
