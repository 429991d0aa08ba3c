//! Errors as gRPC statuses with google.rpc details, so that callers can act without reading prose.

use std::{collections::HashMap, time::Duration};

use store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const DOMAIN: &str = "patron";

/// A field of the request is wrong.
pub(crate) fn invalid(field: &str, description: impl Into<String>) -> Status {
    let description = description.into();
    let mut details = ErrorDetails::with_bad_request_violation(field, description.clone());
    details.set_error_info("INVALID_FIELD", DOMAIN, HashMap::from([("field".to_owned(), field.to_owned())]));
    Status::with_error_details(Code::InvalidArgument, format!("{field}: {description}"), details)
}

/// Several fields of the request are wrong: each with what is wrong and the remedy.
pub(crate) fn invalid_fields(fields: impl Iterator<Item = (String, String)>) -> Status {
    let mut details = ErrorDetails::new();
    let mut told = Vec::new();
    for (field, description) in fields {
        told.push(format!("{field}: {description}"));
        details.add_bad_request_violation(field, description);
    }
    Status::with_error_details(Code::InvalidArgument, told.join("\n"), details)
}

/// Nobody holds the identifier.
pub(crate) fn customer_not_found(who: &str) -> Status {
    let details = ErrorDetails::with_error_info("CUSTOMER_NOT_FOUND", DOMAIN, HashMap::new());
    let message =
        format!("no touchpoint carries {who}; check namespace and value, or wait for its position with min_position");
    Status::with_error_details(Code::NotFound, message, details)
}

/// Nothing of that name was ever defined.
pub(crate) fn definition_not_found(what: &str) -> Status {
    let details = ErrorDetails::with_error_info("DEFINITION_NOT_FOUND", DOMAIN, HashMap::new());
    let message =
        format!("{what} is not defined; ListDefinitions tells what is, min_offset waits for what was just applied");
    Status::with_error_details(Code::NotFound, message, details)
}

/// There is no such segment.
pub(crate) fn segment_not_found(field: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(
        "SEGMENT_NOT_FOUND",
        DOMAIN,
        HashMap::from([("field".to_owned(), field.to_owned())]),
    );
    Status::with_error_details(Code::NotFound, format!("{field}: {message}"), details)
}

/// There is such a segment already.
pub(crate) fn segment_exists(name: &str, version: u32) -> Status {
    let details = ErrorDetails::with_error_info("SEGMENT_EXISTS", DOMAIN, HashMap::new());
    let message = format!("segment.name: `{name}` is defined, version {version}; change it by UpdateSegment");
    Status::with_error_details(Code::AlreadyExists, message, details)
}

/// Somebody else changed it.
pub(crate) fn changed_meanwhile(given: &str, held: &str) -> Status {
    let details = ErrorDetails::with_error_info("CHANGED_MEANWHILE", DOMAIN, HashMap::new());
    let message = format!("etag: {given} was given, and it is {held} now; read the segment again, then change it");
    Status::with_error_details(Code::Aborted, message, details)
}

/// This process cannot define anything.
pub(crate) fn no_definer() -> Status {
    let details = ErrorDetails::with_error_info("NO_INGEST", DOMAIN, HashMap::new());
    let message = "this process takes no definitions and knows no ingest; set query.ingest to the address of one, or call ApplyService there";
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// A wait for a position ended without it.
pub(crate) fn not_yet(missing: &str, halted: Option<&str>) -> Status {
    let why = halted.map_or_else(String::new, |reason| format!("; folding stands still: {reason}"));
    let mut details = ErrorDetails::with_retry_info(Some(Duration::from_millis(200)));
    details.set_error_info("POSITION_NOT_APPLIED", DOMAIN, HashMap::from([("missing".to_owned(), missing.to_owned())]));
    Status::with_error_details(Code::DeadlineExceeded, format!("not folded yet: {missing}{why}"), details)
}

/// The feed does not keep what the caller has not had.
pub(crate) fn cursor_forgotten(after: u64, forgotten: u64) -> Status {
    let metadata = HashMap::from([("forgotten".to_owned(), forgotten.to_string())]);
    let details = ErrorDetails::with_error_info("CURSOR_FORGOTTEN", DOMAIN, metadata);
    let message = format!(
        "cursor: changes up to {forgotten} are no longer kept, and you had those up to {after}; begin with from_now, keep that \
         cursor, list the customers anew, and go on from it"
    );
    Status::with_error_details(Code::OutOfRange, message, details)
}

/// The feed that gave the cursor is gone, or another projector's.
pub(crate) fn cursor_of_another_feed() -> Status {
    let details = ErrorDetails::with_error_info("CURSOR_OF_ANOTHER_FEED", DOMAIN, HashMap::new());
    let message = "cursor: it is not of this feed: another projector gave it, or the directory `published` was deleted or taken back; \
                   ask that projector, or begin with from_now, keep that cursor, list the customers anew, and go on from it";
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// The page before came from another projector.
pub(crate) fn history_of_another_feed() -> Status {
    let details = ErrorDetails::with_error_info("CURSOR_OF_ANOTHER_FEED", DOMAIN, HashMap::new());
    let message = "page_token: it is not of this feed: another projector gave it, or the directory `published` was deleted; ask that \
                   projector, or begin with the first page";
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// The server ends.
pub(crate) fn ending() -> Status {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
    Status::with_error_details(Code::Unavailable, "this server ends; go on from the last cursor", details)
}

/// Too many of these are under way.
pub(crate) fn busy(call: &str, most: usize) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
    details.set_error_info("TOO_MANY_CALLS", DOMAIN, HashMap::from([("call".to_owned(), call.to_owned())]));
    let message = format!("{most} calls of {call} are under way already; try again when one has ended");
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// No projector answers.
pub(crate) fn no_projector(last: &str) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
    details.set_error_info("NO_PROJECTOR", DOMAIN, HashMap::new());
    let message = format!("no projector answers, try again; the last said: {last}");
    Status::with_error_details(Code::Unavailable, message, details)
}

/// Something that no caller can mend.
pub(crate) fn internal(reason: &str) -> Status {
    tracing::error!(reason, "a query failed");
    let details = ErrorDetails::with_error_info("INTERNAL", DOMAIN, HashMap::new());
    Status::with_error_details(Code::Internal, reason.to_owned(), details)
}

/// The store could not be read.
pub(crate) fn store_failed(error: &StoreError) -> Status {
    internal(&error.to_string())
}
