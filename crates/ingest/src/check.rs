//! What a touchpoint must be to get in: every rule on every field, all findings at once.
//!
//! Pure functions of a trimmed touchpoint, the instant of receipt and the catalogue. Never changes a touchpoint, never
//! panics, never shows more than the start of a value, and nothing of an identifier's.

use prost::Message as _;
use proto::ingest::{Finding, Reason};
use types::limits::TOUCHPOINT_BYTES_MAX;
use types::record::Touchpoint;
use types::{Catalogue, Micros};

mod findings;
mod head;
mod identifiers;
mod member;
mod money;
mod numbers;
mod required;
mod texts;
mod values;

#[cfg(test)]
mod tests;

pub use findings::FINDINGS_MAX;
pub(crate) use findings::{Findings, shown};

/// The finding against a touchpoint that is too large to be looked at.
pub fn size(touchpoint: &Touchpoint) -> Option<Finding> {
    let size = touchpoint.encoded_len();
    (size > TOUCHPOINT_BYTES_MAX).then(|| Finding {
        reason: Reason::TooLong.into(),
        field: String::new(),
        description: format!(
            "the touchpoint has {size} bytes, the limit is {TOUCHPOINT_BYTES_MAX}; keep large contents elsewhere and send \
             their address"
        ),
    })
}

/// All findings against a trimmed touchpoint, at most `FINDINGS_MAX`; none where it may get in. Whether its identifiers
/// stand for somebody is `identify`'s to say.
pub fn check(touchpoint: &Touchpoint, received_at: Micros, catalogue: &Catalogue) -> Vec<Finding> {
    let mut findings = Findings::default();
    head::check(touchpoint, received_at, catalogue, &mut findings);
    identifiers::check(&touchpoint.identifiers, &mut findings);
    required::check(touchpoint, &mut findings);
    texts::check(touchpoint, &mut findings);
    money::check(touchpoint, &mut findings);
    numbers::check(touchpoint, &mut findings);
    member::check(touchpoint, &mut findings);
    findings.into_list()
}
