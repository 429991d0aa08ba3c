//! Rebuilds as tables.

use std::collections::BTreeMap;

use proto::admin::{
    DiffRebuildResponse, Generation, PromoteRebuildResponse, Rebuild, RebuildState, RollbackRebuildResponse,
    StartRebuildResponse,
};

use super::{
    table::{cut, right, section, table},
    value,
};

/// Longest value of an example, in characters.
const EXAMPLE_CHARS_MAX: usize = 60;

/// Where a rebuild stands.
pub fn rebuild(rebuild: Option<&Rebuild>) -> String {
    let rebuild = rebuild.cloned().unwrap_or_default();
    let mut rows = table(&["generation", "role", "lag", "bytes", "applied", "state"]);
    let named = [("live", &rebuild.live), ("building", &rebuild.building), ("previous", &rebuild.previous)];
    for (role, generation) in named {
        if let Some(generation) = generation {
            rows.add_row(row(role, generation, rebuild.end_unknown));
        }
    }
    right(&mut rows, &[0, 2, 3]);
    let since =
        rebuild.since.as_ref().map_or_else(String::new, |since| format!(", since {}", value::time(Some(since))));
    format!("{}{since}\n{}{}", state(rebuild.state()), pace(&rebuild), section("Generations", &rows))
}

/// A rebuild that has begun.
pub fn started(answer: &StartRebuildResponse) -> String {
    let differences = if answer.differences.is_empty() {
        "The rules are those of the live generation.\n".to_owned()
    } else {
        format!("Rules that differ:\n  {}\n", answer.differences.join("\n  "))
    };
    differences + &rebuild(answer.rebuild.as_ref())
}

/// A generation that was promoted.
pub fn promoted(answer: &PromoteRebuildResponse) -> String {
    noted(&answer.configuration_note) + &rebuild(answer.rebuild.as_ref())
}

/// A promotion that was taken back.
pub fn rolled_back(answer: &RollbackRebuildResponse) -> String {
    noted(&answer.configuration_note) + &rebuild(answer.rebuild.as_ref())
}

/// What differs between two generations.
pub fn diff(answer: &DiffRebuildResponse) -> String {
    let (live, other) = (answer.live_generation, answer.other_generation);
    let offsets =
        if answer.same_offsets { "the same offsets" } else { "other offsets: some differences come from that" };
    let head = format!(
        "Generation {live} (live) covers {}\nGeneration {other} covers {}: {offsets}\n",
        covered(&answer.live_applied),
        covered(&answer.other_applied)
    );
    head + &counts(answer) + &examples(answer) + &digests(answer)
}

fn counts(answer: &DiffRebuildResponse) -> String {
    let mut rows = table(&["customers", "number"]);
    for (what, number) in [
        ("in the live generation", answer.live_customers),
        ("in the other one", answer.other_customers),
        ("the same in both", answer.same),
        ("with another id", answer.other_id),
        ("with other identifiers", answer.other_identifiers),
        ("with other figures", answer.other_figures),
        ("only in the live one", answer.only_live),
        ("only in the other one", answer.only_other),
    ] {
        rows.add_row([what.to_owned(), number.to_string()]);
    }
    right(&mut rows, &[1]);
    section("Customers", &rows)
}

fn examples(answer: &DiffRebuildResponse) -> String {
    let mut rows = table(&["customer", "field", "live", "other"]);
    for example in &answer.examples {
        let (live, other) = (cut(&example.live, EXAMPLE_CHARS_MAX), cut(&example.other, EXAMPLE_CHARS_MAX));
        rows.add_row([&example.customer_id, &example.field, &live, &other]);
    }
    section("Examples", &rows)
}

fn digests(answer: &DiffRebuildResponse) -> String {
    let mut rows = table(&["part", "digests", "live", "other"]);
    for part in &answer.digests {
        let equal = if part.live == part.other { "equal" } else { "differ" };
        rows.add_row([part.part.as_str(), equal, &cut(&part.live, 16), &cut(&part.other, 16)]);
    }
    section("Digests", &rows)
}

fn row(role: &str, generation: &Generation, end_unknown: bool) -> Vec<String> {
    let lag = if end_unknown { "?".to_owned() } else { generation.lag.to_string() };
    let halted = &generation.halted;
    let state = if halted.is_empty() { "folds".to_owned() } else { format!("halted: {halted}") };
    let (number, bytes) = (generation.number.to_string(), generation.bytes.to_string());
    vec![number, role.to_owned(), lag, bytes, covered(&generation.applied), state]
}

fn state(state: RebuildState) -> &'static str {
    match state {
        RebuildState::Unspecified => "Unknown",
        RebuildState::None => "No rebuild: there is only the live generation",
        RebuildState::Building => "Building: the new generation is behind the journal",
        RebuildState::CaughtUp => "Caught up: ready for `patron rebuild diff` and `patron rebuild promote`",
        RebuildState::Promoted => {
            "Promoted: `patron rebuild rollback` goes back, `patron rebuild finish` drops the previous generation"
        }
    }
}

fn pace(rebuild: &Rebuild) -> String {
    if rebuild.building.is_none() {
        return String::new();
    }
    let remaining =
        rebuild.remaining.as_ref().map_or_else(String::new, |left| format!(", {} left", value::duration(left)));
    let (folded, total) = (rebuild.records_folded, rebuild.records_total);
    format!("{folded} of {total} records folded, {:.0} a second{remaining}\n", rebuild.records_per_second)
}

fn noted(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!("Note: {note}\n\n") }
}

fn covered(applied: &BTreeMap<u32, u64>) -> String {
    applied.iter().map(|(partition, offset)| format!("{partition}:{offset}")).collect::<Vec<_>>().join(" ")
}
