//! Admission of one touchpoint: trim, check, drop blocked identifiers, normal and canonical form.
//!
//! A pure function of the touchpoint, the instant of receipt and the rules. Never reads a clock, never appends.

use proto::ingest::Finding;
use types::record::Touchpoint;
use types::{Catalogue, Micros, Normaliser};

use crate::{BlockedValues, check, identify, normalise};

#[cfg(test)]
mod tests;

/// A touchpoint as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// Normalised, without received_at; at least one identifier, the strongest first.
    pub touchpoint: Touchpoint,
    /// What was left out of it, and identifiers that were kept as they are because they cannot be read.
    pub notes: Vec<Finding>,
}

/// Takes a touchpoint as a caller sent it.
///
/// ```
/// use ingest::{BlockedValues, admit};
/// use types::{Catalogue, Micros, Normaliser, record::Touchpoint};
///
/// let sent = Touchpoint { source: "pos".into(), kind: "order_complete".into(), ..Touchpoint::default() };
/// let normaliser = Normaliser::default();
/// let findings = admit(sent, Micros(0), &Catalogue::default(), &BlockedValues::standard(), &normaliser).unwrap_err();
/// let fields: Vec<&str> = findings.iter().map(|finding| finding.field.as_str()).collect();
/// assert_eq!(fields, ["message_id", "kind", "occurred_at"]);
/// assert!(findings[1].description.contains("did you mean `order_completed`?"));
/// ```
///
/// # Errors
/// All findings against it, in the order of the fields they speak of; never empty. One that is larger than
/// `TOUCHPOINT_BYTES_MAX` has that finding alone: nothing else of it is looked at.
pub fn admit(
    mut touchpoint: Touchpoint,
    received_at: Micros,
    catalogue: &Catalogue,
    blocked: &BlockedValues,
    normaliser: &Normaliser,
) -> Result<Admitted, Vec<Finding>> {
    check::size(&touchpoint).map_or(Ok(()), |finding| Err(vec![finding]))?;
    normalise::trim(&mut touchpoint, normaliser);
    let findings = check::check(&touchpoint, received_at, catalogue);
    if !findings.is_empty() {
        return Err(findings);
    }
    let notes = identify::identify(&mut touchpoint, blocked, normaliser)?;
    normalise::canonical(&mut touchpoint);
    Ok(Admitted { touchpoint, notes })
}
