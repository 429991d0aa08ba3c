//! Exact figures of every customer, read from a state that a stopped server left behind, and naive figures to hold them against.

use std::{collections::BTreeMap, path::Path};

use identity::Rules;
use profile::orders::OrderSummary;
use store::{CustomerRows, StoreError};
use types::{Amounts, ExactSum, HashKey, identifier::RECEIPT};

use crate::pipeline;

/// What one customer bought, gave back and paid; money in units of 10^-12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Orders that stand.
    pub orders: u64,
    /// Units bought, in units of 10^-12.
    pub units: i128,
    /// Price × quantity, or the order's total.
    pub gross: i128,
    /// Money given back with goods.
    pub returned: i128,
}

impl Figures {
    /// Adds up.
    pub fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.units += other.units;
        self.gross += other.gross;
        self.returned += other.returned;
    }
}

/// Decimal text in units of 10^-12, by digits alone: nothing of Patron's own arithmetic.
pub fn exact(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{fraction:0<12}");
    sign * padded.parse::<i128>().expect("decimal text")
}

/// Figures by customer: the value of the strongest identifier, `receipt:…` for those known by a receipt alone.
pub fn by_customer(data_dir: &Path) -> BTreeMap<String, Figures> {
    let store = pipeline::open_left_behind(data_dir);
    let snapshot = store.snapshot();
    let (rules, hash_key) = (Rules::default(), HashKey::derive("patron"));
    let rows = CustomerRows::new(&snapshot, &rules, &hash_key);
    let mut figures = BTreeMap::new();
    rows.for_each(|resolved| {
        let (_, strongest) = resolved.identity.identifiers.first().expect("a customer has an identifier");
        let name = match strongest.identifier.namespace.as_str() {
            RECEIPT => strongest.identifier.to_string(),
            _ => strongest.identifier.value.clone(),
        };
        let state = rows.state(&resolved.identity)?;
        figures.insert(name, of_orders(&OrderSummary::of(state.orders.values())));
        Ok::<(), StoreError>(())
    })
    .expect("a whole state");
    figures
}

fn of_orders(summary: &OrderSummary) -> Figures {
    let sum = |amounts: &Amounts| amounts.0.values().fold(ExactSum(0), |sum, amount| sum.plus(*amount)).0;
    Figures {
        orders: summary.orders,
        units: summary.units.0,
        gross: sum(&summary.gross),
        returned: sum(&summary.returns.amounts),
    }
}
