//! What a customer's orders come to: counted and added up from the merged facts of each order, when a view is read.
//!
//! A cancelled order counts as cancelled and nowhere else. net = total of the orders that stand − refunds − returns.

use std::collections::BTreeMap;

use types::{Amounts, ExactSum, Micros, time::Month};

use super::{Bought, GivenBack, OrderFacts, Place, standing::Standing};

/// Sums over all orders of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderSummary {
    /// Orders that stand.
    pub orders: u64,
    /// Orders cancelled.
    pub cancelled: u64,
    /// Refunds, those of returns not included.
    pub refunds: GivenBack,
    /// Returns.
    pub returns: GivenBack,
    /// Units bought.
    pub units: ExactSum,
    /// Before discounts.
    pub gross: Amounts,
    /// Discounts.
    pub discounts: Amounts,
    /// To pay, before refunds.
    pub total: Amounts,
    /// The first order that stands.
    pub first_at: Option<Micros>,
    /// The last order that stands.
    pub last_at: Option<Micros>,
    /// Distinct UTC days with an order that stands.
    pub days: std::collections::BTreeSet<i64>,
    /// By store.
    pub by_store: BTreeMap<String, PurchaseSums>,
    /// By channel.
    pub by_channel: BTreeMap<String, PurchaseSums>,
    /// By category of the items.
    pub by_category: BTreeMap<String, PurchaseSums>,
    /// By month.
    pub by_month: BTreeMap<Month, PurchaseSums>,
}

/// Orders, units and money of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurchaseSums {
    /// Orders that have something in it.
    pub orders: u64,
    /// Units.
    pub units: ExactSum,
    /// To pay, before refunds.
    pub total: Amounts,
}

impl OrderSummary {
    /// The sums over all orders.
    pub fn of<'a>(orders: impl IntoIterator<Item = &'a OrderFacts>) -> Self {
        let mut summary = Self::default();
        for order in orders {
            summary.add(order);
        }
        summary
    }

    /// total − refunds − returns.
    pub fn net(&self) -> Amounts {
        let mut net = self.total.clone();
        net.subtract_all(&self.refunds.amounts);
        net.subtract_all(&self.returns.amounts);
        net
    }

    fn add(&mut self, order: &OrderFacts) {
        if order.cancelled_at.is_some() {
            self.cancelled += 1;
            return;
        }
        self.add_given_back(order);
        if let Some(Standing { bought, place, at }) = order.standing() {
            self.add_bought(bought, place, at);
        }
    }

    fn add_bought(&mut self, bought: &Bought, place: &Place, at: Micros) {
        self.orders += 1;
        self.units = self.units.plus(bought.units);
        self.gross.add_all(&bought.gross);
        self.discounts.add_all(&bought.discounts);
        self.total.add_all(&bought.total);
        self.first_at = Some(self.first_at.map_or(at, |held| held.min(at)));
        self.last_at = Some(self.last_at.map_or(at, |held| held.max(at)));
        self.days.insert(at.day());
        self.by_month.entry(at.month()).or_default().add(bought.units, &bought.total);
        for (texts, text) in [(&mut self.by_store, &place.store), (&mut self.by_channel, &place.channel)] {
            if !text.is_empty() {
                part(texts, text).add(bought.units, &bought.total);
            }
        }
        for (category, sums) in &bought.categories {
            part(&mut self.by_category, category).add(sums.units, &sums.total);
        }
    }

    fn add_given_back(&mut self, order: &OrderFacts) {
        let (refunds, returns) = order.given_back();
        self.refunds.merge(&refunds);
        self.returns.merge(&returns);
    }
}

/// The sums of a text, which is only copied if there are none yet: a customer of many orders has few stores.
fn part<'a>(parts: &'a mut BTreeMap<String, PurchaseSums>, text: &str) -> &'a mut PurchaseSums {
    if !parts.contains_key(text) {
        parts.insert(text.to_owned(), PurchaseSums::default());
    }
    parts.get_mut(text).expect("inserted above")
}

impl PurchaseSums {
    fn add(&mut self, units: ExactSum, total: &Amounts) {
        self.orders += 1;
        self.units = self.units.plus(units);
        self.total.add_all(total);
    }
}
