//! Registers: one value, the first or the last by the total order.

use serde::{Deserialize, Serialize};
use types::TotalOrder;

/// A value and the touchpoint that said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register<T> {
    /// The touchpoint's place in the total order.
    pub at: TotalOrder,
    /// What it said.
    pub value: T,
}

/// Keeps whichever of the two is last by the total order.
pub fn keep_last<T>(slot: &mut Option<Register<T>>, other: Register<T>) {
    if slot.as_ref().is_none_or(|held| held.at < other.at) {
        *slot = Some(other);
    }
}

/// Keeps whichever of the two is first by the total order.
pub fn keep_first<T>(slot: &mut Option<Register<T>>, other: Register<T>) {
    if slot.as_ref().is_none_or(|held| other.at < held.at) {
        *slot = Some(other);
    }
}

/// Offers a value that is only written if it wins: the last by the total order. `write` gets what was held, or the default, and
/// leaves nothing of it; so it can use its memory again.
pub fn offer_last<T: Default>(slot: &mut Option<Register<T>>, at: &TotalOrder, write: impl FnOnce(&mut T)) {
    if slot.as_ref().is_none_or(|held| held.at < *at) {
        put(slot, at, write);
    }
}

/// The same, the first by the total order.
pub fn offer_first<T: Default>(slot: &mut Option<Register<T>>, at: &TotalOrder, write: impl FnOnce(&mut T)) {
    if slot.as_ref().is_none_or(|held| *at < held.at) {
        put(slot, at, write);
    }
}

fn put<T: Default>(slot: &mut Option<Register<T>>, at: &TotalOrder, write: impl FnOnce(&mut T)) {
    match slot {
        Some(held) => {
            held.at.clone_from(at);
            write(&mut held.value);
        }
        None => {
            let mut value = T::default();
            write(&mut value);
            *slot = Some(Register { at: at.clone(), value });
        }
    }
}
