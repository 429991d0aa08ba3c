//! Who a touchpoint speaks of: blocked identifiers are dropped, and where none is left an order or a visit stands in.
//!
//! Never links identifiers, never judges whether two are one person.

use proto::ingest::{Finding, Reason};
use types::identifier::RECEIPT;
use types::record::{Identifier, Touchpoint};

use crate::BlockedValues;

/// Drops blocked identifiers; where none is left, puts the receipt of the order or visit in their place.
///
/// # Errors
/// The blocked ones, or that there was none, where no receipt can be made either.
pub(crate) fn identify(touchpoint: &mut Touchpoint, blocked: &BlockedValues) -> Result<Vec<Finding>, Vec<Finding>> {
    let notes = drop_blocked(&mut touchpoint.identifiers, blocked);
    if !touchpoint.identifiers.is_empty() {
        return Ok(notes);
    }
    match receipt(touchpoint) {
        Some(receipt) => {
            touchpoint.identifiers.push(receipt);
            Ok(notes)
        }
        None if notes.is_empty() => Err(vec![nobody()]),
        None => Err(notes),
    }
}

/// Indexes in the notes are those of the caller's list.
fn drop_blocked(identifiers: &mut Vec<Identifier>, blocked: &BlockedValues) -> Vec<Finding> {
    let mut notes = Vec::new();
    let mut index = 0_usize;
    identifiers.retain(|identifier| {
        let drop = blocked.blocks(&identifier.namespace, &identifier.value);
        if drop {
            notes.push(dropped(index));
        }
        index += 1;
        !drop
    });
    notes
}

fn receipt(touchpoint: &Touchpoint) -> Option<Identifier> {
    let value = [touchpoint.order_id(), &touchpoint.visit_id].into_iter().find(|value| !value.is_empty())?;
    Some(Identifier { namespace: RECEIPT.to_owned(), value: value.to_owned() })
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

fn nobody() -> Finding {
    Finding {
        reason: Reason::NoIdentifier.into(),
        field: "identifiers".to_owned(),
        description: "nobody is named; give at least one identifier, or order.order_id or visit_id to stand in for it"
            .to_owned(),
    }
}
