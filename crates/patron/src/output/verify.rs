//! Steps of a verify as lines of text.

use std::fmt::Write as _;

use proto::admin::{ConcernedTouchpoint, Difference, VerifyResponse, VerifySummary, verify_response::Step};

use super::value;

/// One step; progress is not for standard output.
pub fn step(response: &VerifyResponse) -> String {
    match &response.step {
        Some(Step::Difference(one)) => difference(one),
        Some(Step::Summary(one)) => summary(one),
        Some(Step::Progress(_)) | None => String::new(),
    }
}

/// Who and which field, then both values, then the touchpoints.
fn difference(difference: &Difference) -> String {
    let Difference { part, customer_id, identifiers, fragment_id, field, held, expected, touchpoints } = difference;
    let who = if customer_id.is_empty() { "no customer".to_owned() } else { format!("customer {customer_id}") };
    let names: Vec<String> = identifiers.iter().map(|one| value::identifier(Some(one))).collect();
    let fragment = if fragment_id.is_empty() { String::new() } else { format!(", fragment {fragment_id}") };
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let mut text = format!("{who} ({}){fragment}\n", names.join(" "));
    text.push_str(&format!("  {part}: {field}\n    held      {}\n    expected  {}", shown(held), shown(expected)));
    for ConcernedTouchpoint { source, message_id, kind, occurred_at, position } in touchpoints {
        let at = position.as_ref().map_or_else(String::new, |at| format!("{}:{}", at.partition, at.offset));
        let time = value::time(occurred_at.as_ref());
        // Writing to a text cannot fail.
        let _written = write!(text, "\n    from      {source}/{message_id} {kind} {time} at {at}");
    }
    text
}

fn summary(summary: &VerifySummary) -> String {
    let VerifySummary { differences, rows, differing_rows, truncated, applied, touchpoints, .. } = summary;
    let covered: Vec<String> = applied.iter().map(|(partition, offset)| format!("{partition}:{offset}")).collect();
    let compared = if rows.is_empty() {
        let VerifySummary { customers, fragments, fragments_too_large, .. } = summary;
        let large = if *fragments_too_large > 0 { format!(", {fragments_too_large} too large") } else { String::new() };
        format!(
            "{customers} customers, {fragments} fragments{large}, {touchpoints} touchpoints looked up in the journal"
        )
    } else {
        let rows: u64 = rows.values().sum();
        format!("{touchpoints} touchpoints folded again, {rows} rows compared")
    };
    let found = match (*differences, *truncated) {
        (0, _) => "no difference".to_owned(),
        (count, cut) => {
            let parts: Vec<String> = differing_rows.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let rest = if cut { "; not all are shown" } else { "" };
            format!("{count} differences {}{rest}", parts.join(", ")).trim_end().to_owned()
        }
    };
    format!("{found}: {compared}, covers {}", covered.join(" "))
}
