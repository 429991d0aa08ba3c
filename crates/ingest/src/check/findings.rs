//! The findings of one touchpoint, and the parts that their descriptions share.
//!
//! Owns how many are listed and how much of a value is shown. Never judges a value.

use std::fmt::Arguments;

use proto::ingest::{Finding, Reason};

/// Most findings that are listed of one touchpoint.
pub const FINDINGS_MAX: usize = 64;
const SHOWN_CHARS_MAX: usize = 40;

/// Collects findings, in the order in which the checks run.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Adds one; past `FINDINGS_MAX` the last one says that there are more.
    pub(crate) fn add(&mut self, reason: Reason, field: Arguments<'_>, description: impl Into<String>) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(Finding {
                reason: reason.into(),
                field: field.to_string(),
                description: description.into(),
            });
        } else if let Some(last) = self.list.last_mut().filter(|last| !last.description.ends_with(MORE)) {
            last.description.push_str(MORE);
        }
    }

    /// A text of at most `bytes_max` bytes.
    pub(crate) fn bounded(&mut self, field: Arguments<'_>, text: &str, bytes_max: usize) {
        if text.len() > bytes_max {
            let length = text.len();
            self.add(
                Reason::TooLong,
                field,
                format!("the text has {length} bytes, the limit is {bytes_max}; shorten it"),
            );
        }
    }

    /// A text that must be there, of at most `bytes_max` bytes. Says whether it is there.
    pub(crate) fn given(&mut self, field: Arguments<'_>, text: &str, bytes_max: usize, remedy: &str) -> bool {
        if text.is_empty() {
            self.add(Reason::Required, field, format!("it is not given; {remedy}"));
        } else {
            self.bounded(field, text, bytes_max);
        }
        !text.is_empty()
    }

    /// A list of at most `max` entries.
    pub(crate) fn count(&mut self, field: Arguments<'_>, count: usize, max: usize) {
        if count > max {
            let remedy = "split it over several touchpoints";
            self.add(Reason::TooLong, field, format!("the list has {count} entries, the limit is {max}; {remedy}"));
        }
    }

    /// All of them.
    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

const MORE: &str = " (there are more findings, not listed)";

/// The start of a value in back quotes, control characters escaped.
pub(crate) fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    let rest = if text.chars().nth(SHOWN_CHARS_MAX).is_some() { "…" } else { "" };
    format!("`{start}{rest}`")
}
