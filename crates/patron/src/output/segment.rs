//! Segments, memberships and proofs as tables and trees.

use proto::segment::{
    BacktestResponse, CheckMembershipResponse, CountExpressionResponse, CountSegmentResponse, CreateSegmentResponse,
    ExplainMembershipResponse, FeedState, GetSchemaResponse, GetSegmentResponse, ListMembersResponse,
    ListSegmentsResponse, Membership, MembershipChange, MembershipChangeCause, MembershipChangeType, Proof,
    ProofOutcome, QuantileCut, Segment, UpdateSegmentResponse, WatchMembershipsResponse,
};

use super::{
    table::{cut, right, section, table},
    value,
};

/// Line above a list of members.
pub const MEMBERS_HEAD: &str = "CUSTOMER                              LEAVES                IDENTIFIERS";
/// Line above a backtest.
pub const BACKTEST_HEAD: &str = "AT                       MEMBERS     ENTERED        LEFT";

/// Line above changes of memberships.
pub const CHANGES_HEAD: &str = "     NO.  EFFECTIVE                    WHAT     SEGMENT                   CUSTOMER";

/// Line above a customer's history.
pub const HISTORY_HEAD: &str =
    "     NO.  EFFECTIVE                    OBSERVED                     WHAT     VERSION  CAUSE       SEGMENT";

const EXPRESSION_WIDTH: usize = 58;
const LISTED_IDENTIFIERS_MAX: usize = 3;
/// Touchpoints that a part of a proof shows on the terminal.
const SHOWN_TOUCHPOINTS_MAX: usize = 3;

/// All segments.
pub fn list(answer: &ListSegmentsResponse) -> String {
    let mut rows = table(&["segment", "version", "expression"]);
    for Segment { name, version, expression, .. } in &answer.segments {
        let line = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        rows.add_row([name.clone(), version.to_string(), cut(&line, EXPRESSION_WIDTH)]);
    }
    if answer.segments.is_empty() {
        return "no segments are defined\n".to_owned();
    }
    section("Segments", &rows) + &feed(answer.feed.as_ref())
}

/// One segment.
pub fn one(answer: &GetSegmentResponse) -> String {
    let nothing = Segment::default();
    let Segment { name, version, expression, description, etag } = answer.segment.as_ref().unwrap_or(&nothing);
    let head = format!("Segment {name}, version {version}, etag {etag}\n{description}\n\n{}\n", expression.trim());
    head + &feed(answer.feed.as_ref())
}

/// A segment that was created.
pub fn created(answer: &CreateSegmentResponse) -> String {
    changed(answer.segment.as_ref(), answer.offset.is_some(), answer.trial.as_ref())
}

/// A segment that was changed.
pub fn updated(answer: &UpdateSegmentResponse) -> String {
    changed(answer.segment.as_ref(), answer.offset.is_some(), answer.trial.as_ref())
}

fn changed(segment: Option<&Segment>, written: bool, trial: Option<&CountExpressionResponse>) -> String {
    let name = segment.map_or("", |segment| &segment.name);
    let version = segment.map_or(0, |segment| segment.version);
    match trial {
        Some(trial) => {
            format!("segment {name} is not changed; it would be version {version} with\n") + &expression_count(trial)
        }
        None if written => format!("segment {name} is version {version} now\n"),
        None => format!("segment {name} says that already, version {version}\n"),
    }
}

/// A line where the feed is not level with the segments.
fn feed(state: Option<&FeedState>) -> String {
    match state {
        Some(FeedState { live: false, began_at: None, .. }) => {
            "\nthe feed has not begun with the segments as they are\n".to_owned()
        }
        Some(FeedState { live: false, looked_at, customers, .. }) => {
            let of = if *customers > 0 { format!(" of about {customers}") } else { String::new() };
            format!("\nthe feed has looked at {looked_at}{of} customers for the segments as they are\n")
        }
        _ => String::new(),
    }
}

/// A count of members.
pub fn count(answer: &CountSegmentResponse) -> String {
    let at = instant_of(answer.evaluated_at.as_ref(), &answer.time_zone);
    format!("{} of {} customers at {at}\n", answer.count, answer.population) + &cuts(&answer.cuts)
}

/// A count of those who satisfy an expression.
pub fn expression_count(answer: &CountExpressionResponse) -> String {
    let at = instant_of(answer.evaluated_at.as_ref(), &answer.time_zone);
    let head = format!("{} of {} customers at {at}\n", answer.count, answer.population);
    let mut overlaps = table(&["segment", "members", "in both"]);
    right(&mut overlaps, &[1, 2]);
    for overlap in &answer.overlaps {
        overlaps.add_row([overlap.segment.clone(), overlap.members.to_string(), overlap.both.to_string()]);
    }
    let mut sample = table(&["customer"]);
    for id in &answer.sample_customer_ids {
        sample.add_row([id]);
    }
    head + &cuts(&answer.cuts) + &section("Overlap", &overlaps) + &section("Sample", &sample)
}

/// One member, under `MEMBERS_HEAD`.
pub fn member(answer: &ListMembersResponse) -> String {
    let customer = answer.customer.clone().unwrap_or_default();
    let shown = customer.identifiers.iter().take(LISTED_IDENTIFIERS_MAX);
    let names: Vec<String> = shown.map(|held| value::identifier(held.identifier.as_ref())).collect();
    let leaves = value::time(answer.leaves_at.as_ref());
    format!("{:<36}  {leaves:<20}  {}", customer.customer_id, cut(&names.join(" "), 60))
}

/// Who is in what.
pub fn memberships(answer: &CheckMembershipResponse) -> String {
    let mut text = format!("at {}\n", instant_of(answer.evaluated_at.as_ref(), &answer.time_zone));
    for result in &answer.results {
        if result.customer_id.is_empty() {
            text += "\nnobody holds this identifier\n";
            continue;
        }
        let mut rows = table(&["segment", "version", "member", "changes"]);
        for Membership { segment, version, member, changes_at, next_not_before } in &result.memberships {
            let member = if *member { "yes" } else { "no" };
            let changes = match next_not_before {
                Some(at) => format!("not before {}", value::time(Some(at))),
                None => value::time(changes_at.as_ref()),
            };
            rows.add_row([segment.clone(), version.to_string(), member.to_owned(), changes]);
        }
        text += &section(&format!("Customer {}", result.customer_id), &rows);
    }
    text + &cuts(&answer.cuts)
}

/// A proof as a tree.
pub fn proof(answer: &ExplainMembershipResponse) -> String {
    let member = answer.membership.as_ref();
    let is = if member.is_some_and(|member| member.member) { "is in" } else { "is not in" };
    let named = member.map(|member| member.segment.clone()).filter(|name| !name.is_empty());
    let what = named.unwrap_or_else(|| "the expression".to_owned());
    let changes = member.and_then(|member| member.changes_at.as_ref());
    let until = changes.map_or_else(String::new, |at| format!(", until {}", value::time(Some(at))));
    let at = instant_of(answer.evaluated_at.as_ref(), &answer.time_zone);
    let mut text = format!("Customer {} {is} {what} at {at}{until}\n\n", answer.customer_id);
    answer.proof.iter().for_each(|proof| add_part(&mut text, proof, 0));
    text + &cuts(&answer.cuts)
}

fn add_part(text: &mut String, proof: &Proof, depth: usize) {
    let mark = match proof.outcome() {
        ProofOutcome::True => "yes",
        ProofOutcome::False => "no ",
        ProofOutcome::Unknown | ProofOutcome::Unspecified => "?  ",
    };
    let name = match proof.text.as_str() {
        "&&" => "all of",
        "||" => "one of",
        "!" => "not",
        other => other,
    };
    let found = if proof.value.is_empty() { String::new() } else { format!("  found {}", proof.value) };
    let bound = if proof.bound.is_empty() { String::new() } else { format!(" against {}", proof.bound) };
    let changes = proof.next_change_at.as_ref().filter(|_| proof.parts.is_empty());
    let changes = changes.map_or_else(String::new, |at| format!("  may change {}", value::time(Some(at))));
    let indent = "  ".repeat(depth);
    *text += &format!("{mark} {indent}{name}{found}{bound}{changes}\n");
    for one in proof.touchpoints.iter().take(SHOWN_TOUCHPOINTS_MAX) {
        let at = value::time(one.occurred_at.as_ref());
        *text += &format!("    {indent}  {at} {} {} {}\n", one.kind, one.source, one.message_id);
    }
    let more = proof.touchpoint_count - i64::try_from(proof.touchpoints.len().min(SHOWN_TOUCHPOINTS_MAX)).unwrap_or(0);
    if more > 0 {
        *text += &format!("    {indent}  and {more} more touchpoints\n");
    }
    proof.parts.iter().for_each(|part| add_part(text, part, depth + 1));
}

/// One instant, under `BACKTEST_HEAD`.
pub fn instant(answer: &BacktestResponse) -> String {
    let BacktestResponse { at, count, entered, left, time_zone } = answer;
    let zone = if named(time_zone) { format!("  days of {time_zone}") } else { String::new() };
    format!("{:<20}  {count:>10}  {entered:>10}  {left:>10}{zone}", value::time(at.as_ref()))
}

/// One change, under `CHANGES_HEAD`; empty for a keep-alive.
pub fn change(message: &WatchMembershipsResponse) -> String {
    let Some(change) = &message.change else { return String::new() };
    let what = if change.r#type() == MembershipChangeType::Entered { "entered" } else { "left" };
    let corrected = if change.correction { " (correction)" } else { "" };
    let names: Vec<String> = change.identifiers.iter().take(2).map(|one| value::identifier(Some(one))).collect();
    format!(
        "{:>8}  {:<27}  {what:<7}  {:<24}  {}  {}{corrected}",
        change.sequence,
        change.effective_at.as_ref().map_or_else(String::new, |at| types::Micros::from_proto(at).to_string()),
        change.segment,
        change.customer_id,
        cut(&names.join(" "), 48)
    )
}

/// One change of a customer's history, under `HISTORY_HEAD`.
pub fn told(change: &MembershipChange) -> String {
    let at = |at: Option<&prost_types::Timestamp>| {
        at.map_or_else(String::new, |at| types::Micros::from_proto(at).to_string())
    };
    let cause = match change.cause() {
        MembershipChangeCause::Unspecified => "",
        MembershipChangeCause::Touchpoint => "touchpoint",
        MembershipChangeCause::Decision => "decision",
        MembershipChangeCause::Time => "time",
        MembershipChangeCause::Definition => "definition",
        MembershipChangeCause::Rebuild => "rebuild",
    };
    format!(
        "{:>8}  {:<27}  {:<27}  {:<7}  {:>7}  {cause:<10}  {}{}",
        change.sequence,
        at(change.effective_at.as_ref()),
        at(change.observed_at.as_ref()),
        if change.r#type() == MembershipChangeType::Entered { "entered" } else { "left" },
        change.version,
        change.segment,
        if change.correction { " (correction)" } else { "" },
    )
}

/// All that an expression can read.
pub fn schema(answer: &GetSchemaResponse) -> String {
    let mut fields = table(&["field", "type", "what"]);
    for field in &answer.fields {
        fields.add_row([&field.name, &field.r#type, &field.description]);
    }
    let mut functions = table(&["example", "what"]);
    for function in &answer.functions {
        functions.add_row([&function.example, &function.description]);
    }
    let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    section("Fields", &fields)
        + &section("Functions", &functions)
        + &format!("\nKinds\n{}\n\nSegments\n{}\n", names(&answer.kinds), names(&answer.segments))
        + &format!("\nTime zone of the calendar\n{}\n", answer.time_zone)
}

/// The instant of an answer; with the zone of its calendar where that is not UTC.
fn instant_of(at: Option<&prost_types::Timestamp>, zone: &str) -> String {
    let at = value::time(at);
    if named(zone) { format!("{at}, days of {zone}") } else { at }
}

/// Whether a zone is worth saying.
fn named(zone: &str) -> bool {
    !zone.is_empty() && zone != "UTC"
}

fn cuts(cuts: &[QuantileCut]) -> String {
    let mut rows = table(&["cut", "value", "made as of", "customers"]);
    for QuantileCut { key, value, cut_at, population } in cuts {
        rows.add_row([key.clone(), value.clone(), value::time(cut_at.as_ref()), population.to_string()]);
    }
    section("Cuts of the population", &rows)
}
