//! An error that a server answered with, and all that it tells beside the message (google.rpc error details).

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// A server's error, ready to be shown.
#[derive(Debug)]
pub struct Answer {
    /// gRPC code.
    pub code: Code,
    /// The message.
    pub message: String,
    /// One line for each detail.
    pub details: Vec<String>,
}

impl Answer {
    /// Reads a status and its details.
    pub fn of_status(status: &Status) -> Self {
        let mut details = lines(&status.get_error_details());
        details.retain(|line| !status.message().contains(line.as_str()));
        Self { code: status.code(), message: status.message().to_owned(), details }
    }

    /// What can be done about any error of this code; empty where only the details know.
    fn remedy(&self) -> &'static str {
        match self.code {
            Code::DeadlineExceeded => "The server did not get there in time: look at `patron status`, and try again.",
            Code::Unavailable => "The server is busy or starting: try again in a moment.",
            Code::Unimplemented => "The server does not know this call: it is older or newer than this program.",
            Code::Internal | Code::Unknown | Code::DataLoss => "The server's log says more.",
            _ => "",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = if self.message.is_empty() { self.code.description() } else { &self.message };
        write!(out, "{message}")?;
        for line in &self.details {
            write!(out, "\n  {line}")?;
        }
        let remedy = self.remedy();
        if remedy.is_empty() { Ok(()) } else { write!(out, "\n  {remedy}") }
    }
}

fn lines(details: &ErrorDetails) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(bad) = details.bad_request() {
        lines.extend(
            bad.field_violations.iter().map(|violation| format!("{}: {}", violation.field, violation.description)),
        );
    }
    if let Some(failed) = details.precondition_failure() {
        lines.extend(
            failed.violations.iter().map(|violation| format!("{}: {}", violation.subject, violation.description)),
        );
    }
    if let Some(info) = details.error_info() {
        let mut metadata: Vec<String> = info.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        metadata.sort();
        lines.push(format!("reason {} {}", info.reason, metadata.join(" ")).trim_end().to_owned());
    }
    if let Some(retry) = details.retry_info().and_then(|info| info.retry_delay) {
        lines.push(format!("try again in {retry:?}"));
    }
    if let Some(help) = details.help() {
        lines.extend(help.links.iter().map(|link| format!("{} {}", link.description, link.url)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_become_lines() {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("page_size", "at most 1,000");
        details.set_error_info("OUT_OF_RANGE", "patron", [("limit".to_owned(), "1000".to_owned())]);
        let answer = Answer::of_status(&Status::with_error_details(Code::InvalidArgument, "1 field is wrong", details));
        assert_eq!(
            answer.to_string(),
            "1 field is wrong\n  page_size: at most 1,000\n  reason OUT_OF_RANGE limit=1000"
        );
    }

    #[test]
    fn a_bare_code_has_words_and_a_remedy() {
        let text = Answer::of_status(&Status::unavailable("")).to_string();
        assert!(text.contains("unavailable") && text.contains("try again"), "{text}");
    }
}
