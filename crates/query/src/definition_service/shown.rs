//! Versions and sets as messages.

use definition::{About, Version};
use proto::definition::{AppliedSet, DefinitionVersion};
use store::family::definition_sets::SetRow;

pub(super) fn version(version: Version) -> DefinitionVersion {
    let About { set_id, author, reason, defined_at, offset, .. } = version.about.as_ref().clone();
    DefinitionVersion {
        definition: Some(version.to_definition()),
        version: version.number,
        set_id,
        author,
        reason,
        defined_at: Some(defined_at.to_proto()),
        offset,
    }
}

pub(super) fn set((offset, row): (u64, SetRow)) -> AppliedSet {
    let SetRow { set_id, author, reason, defined_at, definitions, versions, void, .. } = row;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    AppliedSet {
        set_id,
        author,
        reason,
        defined_at: Some(defined_at.to_proto()),
        offset,
        definition_count: count(definitions),
        version_count: count(versions),
        void_reason: void.unwrap_or_default(),
    }
}
