//! gRPC statuses of the front door: what stopped a whole batch, whether to send it again, and when.
//!
//! Every refusal that a retry can mend carries RetryInfo. Never holds contents of touchpoints.

use std::collections::HashMap;
use std::time::Duration;

use journal::AppendError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use types::limits::BATCH_TOUCHPOINTS_MAX;

/// Domain of all ErrorInfo.
const DOMAIN: &str = "patron";
/// When to come back to a journal that cannot write.
const JOURNAL_RETRY: Duration = Duration::from_secs(1);
/// When to come back to a server that has too much under way.
const BUSY_RETRY: Duration = Duration::from_millis(100);

/// A batch of 1 to `BATCH_TOUCHPOINTS_MAX` touchpoints; anything else is INVALID_ARGUMENT.
pub(crate) fn check_batch(count: usize) -> Result<(), Status> {
    let what = match count {
        0 => "the batch is empty; send at least one touchpoint".to_owned(),
        1..=BATCH_TOUCHPOINTS_MAX => return Ok(()),
        _ => format!("the batch has {count} touchpoints, the limit is {BATCH_TOUCHPOINTS_MAX}; send it in parts"),
    };
    let message = format!("touchpoints: {what}");
    let details = ErrorDetails::with_bad_request_violation("touchpoints", what);
    Err(Status::with_error_details(Code::InvalidArgument, message, details))
}

/// More batches are under way than the server takes.
pub(crate) fn busy(publishes_under_way_max: usize) -> Status {
    let message =
        format!("{publishes_under_way_max} batches are under way, the limit; nothing was taken, send it again later");
    retriable(Code::ResourceExhausted, "TOO_MANY_PUBLISHES", message, BUSY_RETRY)
}

/// More scans of the dead letters are under way than the server takes.
pub(crate) fn busy_scanning(scans_max: usize) -> Status {
    let message = format!("{scans_max} calls over the dead letters are under way, the limit; send it again later");
    retriable(Code::ResourceExhausted, "TOO_MANY_SCANS", message, JOURNAL_RETRY)
}

/// More sets of definitions wait than the server takes.
pub(crate) fn busy_applying(calls_max: usize) -> Status {
    let message =
        format!("{calls_max} sets of definitions wait already, the limit; nothing was taken, send it again later");
    retriable(Code::ResourceExhausted, "TOO_MANY_SETS", message, BUSY_RETRY)
}

/// What is defined cannot be read now.
pub(crate) fn definitions_unreadable(reason: &str) -> Status {
    let message =
        format!("`definitions` cannot be read: {reason}; if it was to be applied, send it again with the same set_id");
    retriable(Code::Unavailable, "DEFINITIONS_UNAVAILABLE", message, JOURNAL_RETRY)
}

/// A newer Patron wrote definitions.
pub(crate) fn newer_definitions(offset: u64) -> Status {
    let details = ErrorDetails::with_error_info("NEWER_DEFINITIONS", DOMAIN, HashMap::new());
    let message =
        format!("a newer patron wrote the definitions at offset {offset}; upgrade this one, then apply again");
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// A thread ended before its work was done.
pub(crate) fn broke_off(what: &str, error: &tokio::task::JoinError) -> Status {
    let details = ErrorDetails::with_error_info("INTERNAL", DOMAIN, HashMap::new());
    Status::with_error_details(Code::Internal, format!("{what} broke off: {error}"), details)
}

/// The dead letters cannot be read now.
pub(crate) fn unreadable(reason: &str) -> Status {
    retriable(Code::Unavailable, "DEAD_LETTERS_UNAVAILABLE", reason.to_owned(), JOURNAL_RETRY)
}

/// There is no letter of that id.
pub(crate) fn no_such_letter(id: &str) -> Status {
    let details = ErrorDetails::with_error_info("DEAD_LETTER_NOT_FOUND", DOMAIN, HashMap::new());
    let message = format!("there is no dead letter `{id}`; ListDeadLetters returns ids");
    Status::with_error_details(Code::NotFound, message, details)
}

/// A field of the request is wrong.
pub(crate) fn invalid(field: &str, description: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, description);
    Status::with_error_details(Code::InvalidArgument, format!("{field}: {description}"), details)
}

/// The journal did not answer in time.
pub(crate) fn timed_out(limit: Duration) -> Status {
    let message =
        format!("the journal did not answer within {limit:?}; nothing is known to be accepted, send the batch again");
    retriable(Code::Unavailable, "JOURNAL_TIMEOUT", message, JOURNAL_RETRY)
}

/// The journal refused.
pub(crate) fn of_append(error: &AppendError) -> Status {
    let retry = |reason| {
        let message = format!("nothing is known to be accepted, send the batch again: {error}");
        retriable(Code::Unavailable, reason, message, JOURNAL_RETRY)
    };
    match error {
        AppendError::Unavailable { .. } => retry("JOURNAL_UNAVAILABLE"),
        AppendError::Full { .. } => retry("JOURNAL_FULL"),
        AppendError::Closed { .. } => retry("JOURNAL_CLOSED"),
        AppendError::TooLarge { .. } => final_error("JOURNAL_RECORD_TOO_LARGE", error),
        AppendError::NoSuchPartition { .. } => final_error("JOURNAL_NO_SUCH_PARTITION", error),
    }
}

/// The journal gave fewer positions than it was given records.
pub(crate) fn positions_missing() -> Status {
    let details = ErrorDetails::with_error_info("JOURNAL_POSITIONS_MISSING", DOMAIN, HashMap::new());
    Status::with_error_details(Code::Internal, "the journal did not say where every record lies", details)
}

fn retriable(code: Code, reason: &str, message: String, delay: Duration) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(delay));
    details.set_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(code, message, details)
}

fn final_error(reason: &str, error: &AppendError) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(Code::Internal, format!("the journal cannot take the batch: {error}"), details)
}
