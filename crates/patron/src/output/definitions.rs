//! Definitions, what changed in them, and their history.

use std::fmt::Write as _;

use definition::{Body, Kind};
use proto::definition::{
    AppliedSet, ApplyDefinitionsResponse, ChangeType, DefinitionChange, DefinitionVersion, GetDefinitionResponse,
};
use types::record::{Definition, ProductReference, SegmentDefinition, StoreReference};

use super::{
    table::{cut, table},
    value,
};

/// Line above a list of definitions.
pub const LIST_HEAD: &str = "DEFINITION                        VERSION  SINCE (UTC)           CONTENT";
/// Line above the versions of a definition.
pub const VERSIONS_HEAD: &str = "VERSION  APPLIED (UTC)         BY            WHAT";
/// Line above a list of sets.
pub const SETS_HEAD: &str = "OFFSET    APPLIED (UTC)         BY            VERSIONS  WHY";

/// Longest text of a change that is shown, in characters.
const TEXT_CHARS_MAX: usize = 60;
/// Most changes that a table shows.
const CHANGES_MAX: usize = 200;

/// One line a change.
pub fn changes(answer: &ApplyDefinitionsResponse) -> String {
    let mut lines = String::new();
    for change in answer.changes.iter().take(CHANGES_MAX) {
        let after = change.after.clone().unwrap_or_default();
        let (sign, what) = match change.r#type() {
            ChangeType::Changed => ("~", difference(change, &after)),
            ChangeType::Deleted => ("-", String::new()),
            ChangeType::Added | ChangeType::Unspecified => ("+", content(&after)),
        };
        let line = format!("{sign} {}  {what}", name(&after));
        let _always = writeln!(lines, "{}", line.trim_end());
    }
    if answer.changes.len() > CHANGES_MAX {
        let more = answer.changes.len() - CHANGES_MAX;
        let _always = writeln!(lines, "and {more} more changes; --output ndjson shows all");
    }
    lines
}

/// How much changed, over all sets.
pub fn total(answers: &[ApplyDefinitionsResponse], dry: bool) -> String {
    let of = |wanted: ChangeType| {
        answers.iter().flat_map(|answer| &answer.changes).filter(|change| change.r#type() == wanted).count()
    };
    let unchanged: i64 = answers.iter().map(|answer| answer.unchanged).sum();
    let (added, changed, deleted) = (of(ChangeType::Added), of(ChangeType::Changed), of(ChangeType::Deleted));
    let applied: Vec<String> =
        answers.iter().filter_map(|answer| answer.offset).map(|offset| offset.to_string()).collect();
    let where_to = match (dry, applied.is_empty()) {
        (true, _) => "nothing was applied".to_owned(),
        (false, true) => "nothing to apply".to_owned(),
        (false, false) => format!("applied at offset {}", applied.join(", ")),
    };
    format!("{added} added, {changed} changed, {deleted} deleted, {unchanged} unchanged; {where_to}\n")
}

/// One line of a list.
pub fn list_row(version: &DefinitionVersion) -> String {
    let definition = version.definition.clone().unwrap_or_default();
    let since = value::time(version.defined_at.as_ref());
    let line = format!("{:<32}  {:>7}  {since:<20}  {}", name(&definition), version.version, content(&definition));
    line.trim_end().to_owned()
}

/// One line of a history.
pub fn version_row(version: &DefinitionVersion) -> String {
    let definition = version.definition.clone().unwrap_or_default();
    let (time, author) = (value::time(version.defined_at.as_ref()), cut(&version.author, 12));
    let why = if version.reason.is_empty() { String::new() } else { format!("  ({})", version.reason) };
    format!("{:>7}  {time:<20}  {author:<12}  {}{why}", version.version, content(&definition))
}

/// One line of a list of sets.
pub fn set_row(set: &AppliedSet) -> String {
    let (time, author) = (value::time(set.defined_at.as_ref()), cut(&set.author, 12));
    let what = if set.void_reason.is_empty() { set.reason.clone() } else { format!("void: {}", set.void_reason) };
    let line = format!("{:>6}    {time:<20}  {author:<12}  {:>8}  {what}", set.offset, set.version_count);
    line.trim_end().to_owned()
}

/// One definition, whole.
pub fn one(answer: &GetDefinitionResponse) -> String {
    let version = answer.definition.clone().unwrap_or_default();
    let definition = version.definition.clone().unwrap_or_default();
    let mut facts = table(&[]);
    facts.add_row(["definition".to_owned(), name(&definition)]);
    facts.add_row(["version".to_owned(), version.version.to_string()]);
    if definition.deleted {
        facts.add_row(["content", "deleted"]);
    }
    for (key, text) in texts(&definition).into_iter().filter(|(_, text)| !text.is_empty()) {
        facts.add_row([key.to_owned(), text]);
    }
    facts.add_row(["applied".to_owned(), value::time(version.defined_at.as_ref())]);
    facts.add_row(["by".to_owned(), version.author.clone()]);
    facts.add_row(["why".to_owned(), version.reason.clone()]);
    facts.add_row(["set".to_owned(), format!("{} at offset {}", version.set_id, version.offset)]);
    format!("{}\n", facts.trim_fmt())
}

fn name(definition: &Definition) -> String {
    let kind = Kind::of(definition.kind).map_or("?", Kind::name);
    format!("{kind}/{}", definition.name)
}

/// What a definition says, in one line.
fn content(definition: &Definition) -> String {
    if definition.deleted {
        return "deleted".to_owned();
    }
    let said = texts(definition).into_iter().filter(|(_, text)| !text.is_empty());
    said.map(|(key, text)| format!("{key}={}", short(&text))).collect::<Vec<_>>().join("  ")
}

/// The texts that differ.
fn difference(change: &DefinitionChange, after: &Definition) -> String {
    let before = change.before.as_ref().and_then(|version| version.definition.clone()).unwrap_or_default();
    let pairs = texts(&before).into_iter().zip(texts(after)).filter(|((_, before), (_, after))| before != after);
    let shown = pairs.map(|((key, before), (_, after))| format!("{key}: {} -> {}", short(&before), short(&after)));
    shown.collect::<Vec<_>>().join("  ")
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "(none)".to_owned() } else { cut(&line, TEXT_CHARS_MAX) }
}

/// Keys and texts of the content.
fn texts(definition: &Definition) -> Vec<(&'static str, String)> {
    match definition.body.clone() {
        None => Vec::new(),
        Some(Body::Product(ProductReference { category, brand, name })) => {
            vec![("category", category), ("brand", brand), ("name", name)]
        }
        Some(Body::Store(StoreReference { region, name, format })) => {
            vec![("region", region), ("name", name), ("format", format)]
        }
        Some(Body::Segment(SegmentDefinition { expression, description, display_name })) => {
            vec![("expression", expression), ("description", description), ("display_name", display_name)]
        }
    }
}
