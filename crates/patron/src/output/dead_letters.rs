//! Dead letters as tables.

use proto::ingest::{DeadLetter, GetDeadLetterResponse, ListDeadLetterGroupsResponse, RedriveDeadLettersResponse};

use super::{
    table::{cut, right, section, table},
    value,
};

/// Longest piece of an original value that a table shows, in bytes.
const SHOWN_BYTES_MAX: usize = 2_000;

/// One line a group, with an example.
pub fn groups(answer: &ListDeadLetterGroupsResponse) -> String {
    if answer.groups.is_empty() {
        return "There are no dead letters.\n".to_owned();
    }
    let mut rows = table(&["reason", "topic", "letters", "bytes", "first", "last", "example"]);
    for group in &answer.groups {
        rows.add_row([
            group.reason.clone(),
            group.topic.clone(),
            group.count.to_string(),
            group.bytes.to_string(),
            value::minute(group.first_received_at.as_ref()),
            value::minute(group.last_received_at.as_ref()),
            format!("{}: {}", group.example_id, cut(&group.example_description, 120)),
        ]);
    }
    right(&mut rows, &[2, 3]);
    section("Dead letters", &rows)
}

/// The head of a list of letters.
pub fn list_head() -> String {
    format!("{:<20} {:<22} {:>9}  {:<40} what", "received", "reason", "bytes", "id")
}

/// One letter of a list.
pub fn list_row(letter: &DeadLetter) -> String {
    let received = value::time(letter.received_at.as_ref());
    let what = cut(&letter.description, 80);
    format!("{received:<20} {:<22} {:>9}  {:<40} {what}", letter.reason, letter.value_bytes, letter.id)
}

/// One letter, whole.
pub fn letter(answer: &GetDeadLetterResponse) -> String {
    let letter = answer.letter.clone().unwrap_or_default();
    let mut facts = table(&[]);
    facts.add_row(["id", &letter.id]);
    facts.add_row(["reason", &letter.reason]);
    facts.add_row(["what", &letter.description]);
    facts.add_row(["refused by", &format!("{} ({})", letter.refused_by, letter.stage)]);
    facts.add_row([
        "from",
        &format!("topic {}, partition {}, offset {}", letter.topic, letter.partition, letter.offset),
    ]);
    facts.add_row(["received", &value::time(letter.received_at.as_ref())]);
    for header in &letter.headers {
        facts.add_row([format!("header {}", header.name), String::from_utf8_lossy(&header.value).into_owned()]);
    }
    if let Some(key) = &letter.key {
        facts.add_row(["key", &key.escape_ascii().to_string()]);
    }
    format!("{}\n\n{}\n", facts.trim_fmt(), original(&letter))
}

fn original(letter: &DeadLetter) -> String {
    if letter.value_is_null {
        return "The original value was null.".to_owned();
    }
    if letter.value_left_out {
        return "The original value was too large to be kept here; it lies in its topic.".to_owned();
    }
    let shown = letter.value.get(..SHOWN_BYTES_MAX).unwrap_or(&letter.value);
    let rest = letter.value.len() - shown.len();
    let more = if rest > 0 { format!("\n… and {rest} bytes more; --bytes writes all") } else { String::new() };
    let text = std::str::from_utf8(shown).map_or_else(|_| shown.escape_ascii().to_string(), str::to_owned);
    format!("{} bytes:\n{text}{more}", letter.value_bytes)
}

/// What became of redriven letters.
pub fn redriven(answer: &RedriveDeadLettersResponse) -> String {
    let mut lines = format!("redriven {}\n", answer.redriven);
    for (reason, count) in &answer.refused {
        lines += &format!("still refused, {reason}: {count}\n");
    }
    if answer.without_value > 0 {
        lines += &format!("without a value to try again: {}\n", answer.without_value);
    }
    lines
}
