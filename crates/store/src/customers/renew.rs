//! A customer's state, brought from one snapshot to another by the rows that differ.

use identity::CustomerIdentity;
use profile::{MonthActivity, OrderFacts, State};

use super::CustomerRows;
use crate::{
    changes::Row,
    error::StoreError,
    family::{Family, Months, Orders},
};

impl CustomerRows<'_> {
    /// Makes a state of the same fragments that of this snapshot, where of months and orders these alone may differ.
    ///
    /// # Errors
    /// Those of the store; what was not renewed is as it was.
    pub fn renew(&self, customer: &CustomerIdentity, state: &mut State, rows: &[Row]) -> Result<(), StoreError> {
        state.core = self.merged(customer, Self::fragment_core)?.core;
        for row in rows {
            match *row {
                Row::Month(month) => {
                    let keys = customer.fragments.iter().map(|fragment| (*fragment, month));
                    put(&mut state.months, month, self.merged_row::<Months>(keys, MonthActivity::merge)?);
                }
                Row::Order(order) => {
                    let keys = customer.fragments.iter().map(|fragment| (*fragment, order));
                    put(&mut state.orders, order, self.merged_row::<Orders>(keys, OrderFacts::merge)?);
                }
            }
        }
        Ok(())
    }

    /// What all fragments say of a month or an order; `None` if none says anything.
    fn merged_row<F: Family>(
        &self,
        keys: impl Iterator<Item = F::Key>,
        merge: impl Fn(&mut F::Value, &F::Value),
    ) -> Result<Option<F::Value>, StoreError> {
        let mut merged: Option<F::Value> = None;
        for key in keys {
            match (&mut merged, self.snapshot.get::<F>(&key)?) {
                (Some(held), Some(more)) => merge(held, &more),
                (None, found) => merged = found,
                (Some(_), None) => {}
            }
        }
        Ok(merged)
    }
}

fn put<K: Ord, V>(rows: &mut std::collections::BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(rows.insert(key, value)),
        None => drop(rows.remove(&key)),
    }
}
