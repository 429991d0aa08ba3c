//! The doctor's findings as text: one a line, what is wrong with its remedy beneath.

use crate::doctor::{Finding, Verdict};

/// All findings, and how many there are of each kind.
pub fn findings(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Finding { check, verdict, found, remedy } in findings {
        text += &format!("{:<7}  {check:<width$}  {found}\n", word(*verdict));
        if !remedy.is_empty() {
            text += &format!("{:<7}  {:<width$}  → {remedy}\n", "", "");
        }
    }
    let count = |wanted| findings.iter().filter(|finding| finding.verdict == wanted).count();
    let (good, warnings, bad) = (count(Verdict::Good), count(Verdict::Warning), count(Verdict::Bad));
    text + &format!("\n{good} good, {warnings} warnings, {bad} bad\n")
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "BAD",
    }
}
