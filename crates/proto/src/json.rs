//! Protobuf's canonical JSON, through the descriptors: every message can be printed and read without code of its own.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).expect("the descriptors were written by this crate's build")
});

/// Full protobuf name of a message that this crate can print, read and mask.
pub trait Named: Message + Default {
    /// E.g. `patron.customer.v1.Customer`.
    const NAME: &'static str;
}

macro_rules! named {
    ($($package:literal: $($path:ty as $name:literal),* ;)*) => {
        $($(impl Named for $path {
            const NAME: &'static str = concat!($package, ".", $name);
        })*)*
    };
}

named! {
    "google.protobuf":
        prost_types::Struct as "Struct";
    "patron.journal.v1":
        types::record::Touchpoint as "Touchpoint",
        types::record::Position as "Position",
        types::record::Envelope as "Envelope",
        types::record::IdentityDecision as "IdentityDecision",
        types::record::Definition as "Definition";
    "patron.ingest.v1":
        crate::ingest::PublishRequest as "PublishRequest",
        crate::ingest::PublishResponse as "PublishResponse",
        crate::ingest::PublishResult as "PublishResult",
        crate::ingest::Finding as "Finding",
        crate::ingest::DecideIdentityResponse as "DecideIdentityResponse",
        crate::ingest::DeadLetter as "DeadLetter",
        crate::ingest::ListDeadLetterGroupsResponse as "ListDeadLetterGroupsResponse",
        crate::ingest::GetDeadLetterResponse as "GetDeadLetterResponse",
        crate::ingest::RedriveDeadLettersResponse as "RedriveDeadLettersResponse",
        crate::ingest::DropDeadLettersResponse as "DropDeadLettersResponse";
    "patron.customer.v1":
        crate::customer::Customer as "Customer",
        crate::customer::TimelineEntry as "TimelineEntry",
        crate::customer::IdentityEvent as "IdentityEvent",
        crate::customer::ExplainCustomerResponse as "ExplainCustomerResponse",
        crate::customer::ExportedEntry as "ExportedEntry",
        crate::customer::GetCustomerResponse as "GetCustomerResponse",
        crate::customer::ListCustomersResponse as "ListCustomersResponse",
        crate::customer::ListTouchpointsResponse as "ListTouchpointsResponse",
        crate::customer::WatchIdentityChangesResponse as "WatchIdentityChangesResponse";
    "patron.definition.v1":
        crate::definition::ApplyDefinitionsResponse as "ApplyDefinitionsResponse",
        crate::definition::GetDefinitionResponse as "GetDefinitionResponse",
        crate::definition::DefinitionVersion as "DefinitionVersion",
        crate::definition::AppliedSet as "AppliedSet";
    "patron.segment.v1":
        crate::segment::GetSchemaResponse as "GetSchemaResponse",
        crate::segment::GetSegmentResponse as "GetSegmentResponse",
        crate::segment::ListSegmentsResponse as "ListSegmentsResponse",
        crate::segment::CreateSegmentResponse as "CreateSegmentResponse",
        crate::segment::UpdateSegmentResponse as "UpdateSegmentResponse",
        crate::segment::DeleteSegmentResponse as "DeleteSegmentResponse",
        crate::segment::CountSegmentResponse as "CountSegmentResponse",
        crate::segment::CountExpressionResponse as "CountExpressionResponse",
        crate::segment::ListMembersResponse as "ListMembersResponse",
        crate::segment::CheckMembershipResponse as "CheckMembershipResponse",
        crate::segment::ExplainMembershipResponse as "ExplainMembershipResponse",
        crate::segment::BacktestResponse as "BacktestResponse",
        crate::segment::GetMembershipHistoryResponse as "GetMembershipHistoryResponse",
        crate::segment::MembershipChange as "MembershipChange",
        crate::segment::WatchMembershipsResponse as "WatchMembershipsResponse";
    "patron.admin.v1":
        crate::admin::GetStatusResponse as "GetStatusResponse",
        crate::admin::GetDigestResponse as "GetDigestResponse",
        crate::admin::VerifyResponse as "VerifyResponse",
        crate::admin::StartRebuildResponse as "StartRebuildResponse",
        crate::admin::GetRebuildResponse as "GetRebuildResponse",
        crate::admin::DiffRebuildResponse as "DiffRebuildResponse",
        crate::admin::PromoteRebuildResponse as "PromoteRebuildResponse",
        crate::admin::RollbackRebuildResponse as "RollbackRebuildResponse",
        crate::admin::AbortRebuildResponse as "AbortRebuildResponse",
        crate::admin::FinishRebuildResponse as "FinishRebuildResponse",
        crate::admin::CreateCheckpointResponse as "CreateCheckpointResponse",
        crate::admin::ListCheckpointsResponse as "ListCheckpointsResponse";
}

/// The descriptor of a message.
pub(crate) fn descriptor<M: Named>() -> MessageDescriptor {
    POOL.get_message_by_name(M::NAME).expect("every Named message is in the descriptors")
}

/// The same message in reflective form.
pub(crate) fn reflect<M: Named>(message: &M) -> DynamicMessage {
    let mut dynamic = DynamicMessage::new(descriptor::<M>());
    dynamic.transcode_from(message).expect("a message transcodes to its own descriptor");
    dynamic
}

/// Canonical JSON: camelCase names, 64-bit numbers as text, absent fields left out.
pub fn to_value<M: Named>(message: &M) -> serde_json::Value {
    reflect(message)
        .serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new())
        .expect("a message with finite numbers has a JSON form")
}

/// Canonical JSON on one line.
pub fn to_line<M: Named>(message: &M) -> String {
    to_value(message).to_string()
}

/// Reads canonical JSON; unknown fields are errors.
///
/// # Errors
/// Says which field is unknown or has a value of another type.
pub fn from_str<M: Named>(text: &str) -> Result<M, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let dynamic = DynamicMessage::deserialize_with_options(descriptor::<M>(), &mut reader, &DeserializeOptions::new())?;
    reader.end()?;
    dynamic.transcode_to().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::record::Touchpoint;

    #[test]
    fn touchpoints_round_trip() {
        let text = r#"{"source":"pos","messageId":"1","kind":"identified","identifiers":[{"namespace":"email","value":"a@b.c"}],"occurredAt":"2026-03-01T00:00:00Z","points":"5","traits":{"city":"Wien","age":44}}"#;
        let touchpoint: Touchpoint = from_str(text).unwrap();
        assert_eq!(touchpoint.points, 5);
        assert_eq!(from_str::<Touchpoint>(&to_line(&touchpoint)).unwrap(), touchpoint);
    }

    #[test]
    fn unknown_fields_are_named() {
        let error = from_str::<Touchpoint>(r#"{"sauce":"pos"}"#).unwrap_err().to_string();
        assert!(error.contains("sauce"), "{error}");
    }
}
