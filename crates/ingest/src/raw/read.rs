//! One raw record: to a journal record, or to the reason why not.
//!
//! A pure function of the record, its topic's settings and the rules. Never reads a clock: the record's timestamp is the
//! instant of receipt, so that reading it again gives the same touchpoint.

use journal::NewRecord;
use prost::Message as _;
use proto::ingest::Finding;
use types::Micros;
use types::dead_letter::{Cause, Origin, Stage};
use types::record::Touchpoint;

use super::{RawFormat, RawTopic};
use crate::service::IngestSettings;
use crate::{admit, envelope, meter, segment};

/// The name under which ingest signs dead letters.
pub(crate) const BY: &str = "patron-ingest";

/// Why a raw record was not taken.
pub type Refused = Cause;

/// Takes a raw record: its value, the record's timestamp, where it lies.
///
/// # Errors
/// Why it was not taken.
pub fn read(
    value: Option<&[u8]>,
    received_at: Micros,
    origin: &Origin,
    topic: &RawTopic,
    settings: &IngestSettings,
    partitions: u32,
) -> Result<NewRecord, Refused> {
    let value = value.ok_or_else(null_value)?;
    let mut touchpoint = decode(value, topic)?;
    if touchpoint.message_id.is_empty() {
        touchpoint.message_id = origin.id();
    }
    if touchpoint.occurred_at.is_none() {
        touchpoint.occurred_at = Some(received_at.to_proto());
    }
    let admitted = admit(touchpoint, received_at, &settings.catalogue, &settings.blocked, &settings.normaliser);
    let admitted = admitted.map_err(|findings| refused(&findings, Stage::Admission))?;
    Ok(envelope::new_record(&admitted.touchpoint, received_at, &settings.hash_key, partitions))
}

fn decode(value: &[u8], topic: &RawTopic) -> Result<Touchpoint, Refused> {
    match topic.format {
        RawFormat::SegmentJson => {
            segment::read(value, &topic.source).map_err(|findings| refused(&findings, Stage::Decoding))
        }
        RawFormat::TouchpointProtobuf => {
            let mut touchpoint = Touchpoint::decode(value).map_err(|error| undecodable(&error))?;
            if touchpoint.source.is_empty() {
                touchpoint.source.clone_from(&topic.source);
            }
            Ok(touchpoint)
        }
    }
}

fn null_value() -> Refused {
    let description = "the record has no value (a tombstone); raw topics carry touchpoints only".to_owned();
    Cause { reason: "null_value".to_owned(), description, stage: Stage::Decoding, by: BY.to_owned() }
}

fn undecodable(error: &prost::DecodeError) -> Refused {
    let description = format!("the value is no patron.journal.v1.Touchpoint: {error}");
    Cause { reason: "undecodable_protobuf".to_owned(), description, stage: Stage::Decoding, by: BY.to_owned() }
}

/// The first finding's reason decides; all are told.
fn refused(findings: &[Finding], stage: Stage) -> Refused {
    let told = |finding: &Finding| match finding.field.as_str() {
        "" => finding.description.clone(),
        field => format!("{field}: {}", finding.description),
    };
    Cause {
        reason: findings.first().map_or("unspecified", |finding| meter::label(finding.reason())).to_owned(),
        description: findings.iter().map(told).collect::<Vec<_>>().join("; "),
        stage,
        by: BY.to_owned(),
    }
}
