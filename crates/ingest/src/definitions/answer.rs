//! What the caller of the writing door is told: changes and findings as messages.

use definition::{About, Change, Finding, Version, Void, What, catalogue::SetOutcome, form::Misformed};
use proto::definition::{ApplyDefinitionsResponse, ChangeType, DefinitionChange, DefinitionFinding, DefinitionVersion};
use types::record::{Definition, DefinitionSet};

use super::FINDINGS_MAX;

/// What differs.
pub(super) fn compared(changes: &[Change]) -> ApplyDefinitionsResponse {
    let shown: Vec<DefinitionChange> = changes.iter().filter_map(shown).collect();
    let unchanged = i64::try_from(changes.len() - shown.len()).unwrap_or(i64::MAX);
    ApplyDefinitionsResponse { changes: shown, unchanged, ..ApplyDefinitionsResponse::default() }
}

/// Nothing was applied.
pub(super) fn refused(findings: Vec<DefinitionFinding>) -> ApplyDefinitionsResponse {
    ApplyDefinitionsResponse { findings, ..ApplyDefinitionsResponse::default() }
}

/// A set that came before.
pub(super) fn repeated(set: &DefinitionSet, outcome: &SetOutcome) -> ApplyDefinitionsResponse {
    ApplyDefinitionsResponse {
        offset: Some(outcome.offset),
        set_id: set.set_id.clone(),
        repeated: true,
        findings: outcome.void.iter().map(|why| void(set, why)).collect(),
        ..ApplyDefinitionsResponse::default()
    }
}

/// Why the fold takes nothing of a set.
pub(super) fn void(set: &DefinitionSet, why: &Void) -> DefinitionFinding {
    match why {
        Void::Superseded { kind, name, expected, found } => {
            let index = index_of(set, kind.to_proto().into(), name);
            let remedy = format!("look at `patron config history {kind}/{name}`, then apply again on what is there");
            let description = format!("the newest version is {found}, not {expected}; {remedy}");
            let (kind, name, field) = (kind.to_proto().into(), name.clone(), "expected_version".to_owned());
            DefinitionFinding { index, kind, name, field, description }
        }
        Void::Repeated | Void::Malformed(_) => {
            DefinitionFinding { description: why.to_string(), ..DefinitionFinding::default() }
        }
    }
}

/// What is wrong with definitions by themselves.
pub(super) fn misformed(set: &DefinitionSet, found: Vec<Misformed>) -> Vec<DefinitionFinding> {
    let shown = |Misformed { index, field, description }: Misformed| {
        let definition = set.definitions.get(index);
        DefinitionFinding {
            index: u32::try_from(index).ok(),
            kind: definition.map_or(0, |definition| definition.kind),
            name: definition.map_or_else(String::new, |definition| definition.name.clone()),
            field,
            description,
        }
    };
    found.into_iter().take(FINDINGS_MAX).map(shown).collect()
}

/// What is wrong with what definitions mean, those of the set first and in its order.
pub(super) fn meant(set: &DefinitionSet, found: Vec<Finding>) -> Vec<DefinitionFinding> {
    let shown = |Finding { kind, name, field, description }: Finding| {
        let kind = kind.to_proto().into();
        DefinitionFinding { index: index_of(set, kind, &name), kind, name, field, description }
    };
    let mut findings: Vec<DefinitionFinding> = found.into_iter().map(shown).collect();
    findings.sort_by_key(|finding| finding.index.unwrap_or(u32::MAX));
    findings
}

fn index_of(set: &DefinitionSet, kind: i32, name: &str) -> Option<u32> {
    let names = |definition: &Definition| definition.kind == kind && definition.name == name;
    set.definitions.iter().position(names).and_then(|index| u32::try_from(index).ok())
}

fn shown(change: &Change) -> Option<DefinitionChange> {
    let kind = match change.what {
        What::Unchanged => return None,
        What::Added => ChangeType::Added,
        What::Changed => ChangeType::Changed,
        What::Deleted => ChangeType::Deleted,
    };
    let after = Definition {
        kind: change.kind.to_proto().into(),
        name: change.name.clone(),
        expected_version: None,
        deleted: change.after.is_none(),
        body: change.after.clone(),
    };
    Some(DefinitionChange {
        r#type: kind.into(),
        version: change.before.as_ref().map_or(1, |before| before.number.saturating_add(1)),
        before: change.before.as_deref().map(version),
        after: Some(after),
    })
}

fn version(version: &Version) -> DefinitionVersion {
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
