//! Names of this crate's metrics, and the only calls that move them. Labels are closed lists, never personal data.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use proto::ingest::{Finding, Reason};

/// Touchpoints that the journal said are durable.
pub const ACCEPTED_TOTAL: &str = "patron_ingest_accepted_total";
/// Touchpoints refused, by the reason of the first finding.
pub const REJECTED_TOTAL: &str = "patron_ingest_rejected_total";
/// Notes on accepted touchpoints, by reason.
pub const NOTES_TOTAL: &str = "patron_ingest_notes_total";
/// Time that the journal took for a batch, successful or not.
pub const APPEND_SECONDS: &str = "patron_ingest_append_seconds";

/// Records of raw topics, by topic and by what became of them.
pub const RAW_RECORDS_TOTAL: &str = "patron_ingest_raw_records_total";

/// Tells the installed recorder what each metric means.
pub fn describe() {
    describe_counter!(ACCEPTED_TOTAL, Unit::Count, "touchpoints that the journal said are durable");
    describe_counter!(REJECTED_TOTAL, Unit::Count, "touchpoints refused, by the first finding's reason");
    describe_counter!(NOTES_TOTAL, Unit::Count, "notes on accepted touchpoints, by reason");
    describe_counter!(RAW_RECORDS_TOTAL, Unit::Count, "records of raw topics, by topic and outcome");
    describe_histogram!(APPEND_SECONDS, Unit::Seconds, "time that the journal took for a batch");
}

pub(crate) fn accepted(notes: &[Finding]) {
    counter!(ACCEPTED_TOTAL).increment(1);
    notes.iter().for_each(|note| counter!(NOTES_TOTAL, "reason" => label(note.reason())).increment(1));
}

pub(crate) fn rejected(findings: &[Finding]) {
    let reason = findings.first().map_or(Reason::Unspecified, Finding::reason);
    counter!(REJECTED_TOTAL, "reason" => label(reason)).increment(1);
}

pub(crate) fn raw(topic: &str, accepted: bool) {
    let outcome = if accepted { "accepted" } else { "dead_letter" };
    counter!(RAW_RECORDS_TOTAL, "topic" => topic.to_owned(), "outcome" => outcome).increment(1);
}

pub(crate) fn appended(took: Duration) {
    histogram!(APPEND_SECONDS).record(took);
}

pub(crate) fn label(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "unspecified",
        Reason::Required => "required",
        Reason::UnknownKind => "unknown_kind",
        Reason::NoIdentifier => "no_identifier",
        Reason::BlockedIdentifier => "blocked_identifier",
        Reason::Malformed => "malformed",
        Reason::TooLong => "too_long",
        Reason::BadAmount => "bad_amount",
        Reason::BadCurrency => "bad_currency",
        Reason::TimeOutOfRange => "time_out_of_range",
        Reason::OutOfRange => "out_of_range",
        Reason::NotYoursToSet => "not_yours_to_set",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_names_of_the_reasons() {
        for reason in (0..).map_while(|number| Reason::try_from(number).ok()) {
            assert_eq!(format!("REASON_{}", label(reason).to_uppercase()), reason.as_str_name());
        }
    }
}
