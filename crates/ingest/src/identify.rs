//! Who a touchpoint speaks of: blocked identifiers are dropped, and where none is left an order or a visit stands in; the others
//! are brought into their normal form.
//!
//! Never links identifiers, never judges whether two are one person.

use proto::ingest::{Finding, Reason};
use types::identifier::RECEIPT;
use types::normal_form::Normal;
use types::record::{self, Touchpoint};
use types::{Identifier, Normaliser};

use crate::BlockedValues;

/// Drops blocked identifiers; where none is left, puts the receipt of the order or visit in their place.
///
/// # Errors
/// The blocked ones, or that there was none, where no receipt can be made either.
pub(crate) fn identify(
    touchpoint: &mut Touchpoint,
    blocked: &BlockedValues,
    normaliser: &Normaliser,
) -> Result<Vec<Finding>, Vec<Finding>> {
    let notes = normal_ones(&mut touchpoint.identifiers, blocked, normaliser);
    if !touchpoint.identifiers.is_empty() {
        return Ok(notes);
    }
    match receipt(touchpoint) {
        Some(receipt) => {
            touchpoint.identifiers.push((&normaliser.read(&receipt).identifier).into());
            Ok(notes)
        }
        None if notes.is_empty() => Err(vec![nobody()]),
        None => Err(notes),
    }
}

/// Indexes in the notes are those of the caller's list. A value is blocked as it was sent and in its normal form: `123456789` is
/// nobody's number in any country.
fn normal_ones(
    identifiers: &mut Vec<record::Identifier>,
    blocked: &BlockedValues,
    normaliser: &Normaliser,
) -> Vec<Finding> {
    let mut notes = Vec::new();
    for (index, sent) in std::mem::take(identifiers).iter().enumerate() {
        let Normal { identifier, unreadable } = normaliser.read(&Identifier::from(sent));
        if [&sent.value, &identifier.value].iter().any(|value| blocked.blocks(&identifier.namespace, value)) {
            notes.push(dropped(index));
            continue;
        }
        notes.extend(unreadable.map(|why| kept(index, why)));
        identifiers.push((&identifier).into());
    }
    notes
}

fn receipt(touchpoint: &Touchpoint) -> Option<Identifier> {
    let value = [touchpoint.order_id(), &touchpoint.visit_id].into_iter().find(|value| !value.is_empty())?;
    Some(Identifier::new(RECEIPT, value))
}

fn dropped(index: usize) -> Finding {
    Finding {
        reason: Reason::BlockedIdentifier.into(),
        field: format!("identifiers[{index}].value"),
        description:
            "the value stands for nobody in particular and was dropped; leave the identifier out where the person \
                      is unknown"
                .to_owned(),
    }
}

fn kept(index: usize, why: &str) -> Finding {
    Finding {
        reason: Reason::Malformed.into(),
        field: format!("identifiers[{index}].value"),
        description: format!("kept as it is: {why}"),
    }
}

fn nobody() -> Finding {
    Finding {
        reason: Reason::NoIdentifier.into(),
        field: "identifiers".to_owned(),
        description: "nobody is named; give at least one identifier, or order.order_id or visit_id to stand in for it"
            .to_owned(),
    }
}
