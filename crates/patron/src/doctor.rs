//! The doctor: looks at machine, cluster and settings, and says of each finding what to do.
//!
//! Owns what counts as good. Never changes anything: no topic is made, no setting altered; the only file written is a small one
//! in the data directory, to time the disk, and it is removed.

use serde::Serialize;

use crate::config::Config;

mod kafka;
mod machine;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Warning,
    /// Patron does not work, or loses what it should keep.
    Bad,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty where it is good.
    pub remedy: String,
}

impl Finding {
    fn good(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self { check: check.into(), verdict: Verdict::Good, found: found.into(), remedy: String::new() }
    }

    fn new(verdict: Verdict, check: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check: check.into(), verdict, found: found.into(), remedy: remedy.into() }
    }
}

/// Looks at everything. Blocks, for the longest while the cluster does not answer.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = machine::examine(config);
    if config.kafka.brokers.is_empty() {
        findings.push(Finding::good("journal", format!("embedded, in {}", config.data_dir.display())));
    } else {
        findings.extend(kafka::examine(config));
    }
    findings
}
