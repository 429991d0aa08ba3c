//! Orders: what is known of one order, whoever reported it, in whatever order the reports came.
//!
//! One order id counts once. `order_completed` is a report of the whole order: the last by the total order stands.
//! `order_line_completed` reports one line: lines add up, and stand only where no whole report does. Cancels, refunds and
//! returns find the order by its id, from any fragment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{Amounts, Currency, Decimal, ExactSum, Kind, Micros, record};

use crate::{
    fact::Fact,
    register::{Register, keep_last, offer_last},
};

pub mod standing;
pub mod summary;

pub use standing::Standing;
pub use summary::{OrderSummary, PurchaseSums};

/// All facts of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    /// The last report of the whole order.
    pub report: Option<Register<Bought>>,
    /// Sum of the lines reported one by one.
    pub lines: Option<Bought>,
    /// Place of the last line.
    pub lines_place: Option<Register<Place>>,
    /// The earliest occurred_at of a report or line.
    pub completed_at: Option<Micros>,
    /// The earliest cancel.
    pub cancelled_at: Option<Micros>,
    /// Refunds and returns that have an id of their own: two reports of one count once.
    pub named: BTreeMap<String, NamedRefund>,
    /// Refunds without an id.
    pub refunds: GivenBack,
    /// Returns without an id.
    pub returns: GivenBack,
}

/// Where an order was placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Store; empty where not given.
    pub store: String,
    /// Channel; empty where not given.
    pub channel: String,
}

/// What was bought and for how much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// Place of a whole report; empty for lines, whose place is a register of its own.
    pub place: Place,
    /// Units of all items.
    pub units: ExactSum,
    /// Before discounts.
    pub gross: Amounts,
    /// Discounts.
    pub discounts: Amounts,
    /// What was to pay: the order's total where given, else gross − discounts.
    pub total: Amounts,
    /// Units and money by category of the items; empty texts are left out.
    pub categories: BTreeMap<String, CategorySums>,
}

/// Units and money of one category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategorySums {
    /// Units.
    pub units: ExactSum,
    /// Price × quantity − discount of the items.
    pub total: Amounts,
}

/// Money and goods that went back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {
    /// Number of reports.
    pub count: u64,
    /// Units of goods.
    pub units: ExactSum,
    /// Money.
    pub amounts: Amounts,
}

/// A refund or return with an id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRefund {
    /// Money, by the last report.
    pub amounts: Option<Register<Amounts>>,
    /// Units of goods, by the last report of a return; `None` for a mere refund.
    pub returned: Option<Register<ExactSum>>,
}

impl OrderFacts {
    /// Whether a touchpoint says something about an order.
    pub fn concern(touchpoint: &record::Touchpoint, kind: Option<Kind>) -> bool {
        use Kind::{OrderCancelled, OrderCompleted, OrderLineCompleted, OrderRefunded, OrderReturned};
        let of_orders =
            matches!(kind, Some(OrderCompleted | OrderLineCompleted | OrderCancelled | OrderRefunded | OrderReturned));
        of_orders && !touchpoint.order_id().is_empty()
    }

    /// Folds one touchpoint about this order in.
    pub fn add(&mut self, fact: &Fact<'_>) {
        let occurred_at = fact.place.occurred_at;
        match fact.kind {
            Some(Kind::OrderCompleted) => {
                earliest(&mut self.completed_at, occurred_at);
                offer_last(&mut self.report, &fact.place, |held| *held = Bought::of_order(fact.touchpoint));
            }
            Some(Kind::OrderLineCompleted) => {
                earliest(&mut self.completed_at, occurred_at);
                self.lines.get_or_insert_default().merge(&Bought::of_items(fact.touchpoint));
                offer_last(&mut self.lines_place, &fact.place, |held| *held = Place::of(fact.touchpoint));
            }
            Some(Kind::OrderCancelled) => earliest(&mut self.cancelled_at, occurred_at),
            Some(Kind::OrderRefunded) => self.add_given_back(fact, false),
            Some(Kind::OrderReturned) => self.add_given_back(fact, true),
            _ => {}
        }
    }

    /// Merges what other fragments know of the same order.
    pub fn merge(&mut self, other: &Self) {
        other.report.iter().for_each(|report| keep_last(&mut self.report, report.clone()));
        other.lines.iter().for_each(|lines| self.lines.get_or_insert_default().merge(lines));
        other.lines_place.iter().for_each(|place| keep_last(&mut self.lines_place, place.clone()));
        other.completed_at.iter().for_each(|at| earliest(&mut self.completed_at, *at));
        other.cancelled_at.iter().for_each(|at| earliest(&mut self.cancelled_at, *at));
        for (id, refund) in &other.named {
            self.named.entry(id.clone()).or_default().merge(refund);
        }
        self.refunds.merge(&other.refunds);
        self.returns.merge(&other.returns);
    }

    fn add_given_back(&mut self, fact: &Fact<'_>, goods: bool) {
        let touchpoint = fact.touchpoint;
        let items = Bought::of_items(touchpoint);
        let order = touchpoint.order.as_ref();
        let stated = order.and_then(|order| order.refund.as_ref()).and_then(|money| types::money::read(money).ok());
        let amounts = stated.map_or(items.total, single);
        let refund_id = order.map_or("", |order| order.refund_id.as_str());
        if refund_id.is_empty() {
            let sums = if goods { &mut self.returns } else { &mut self.refunds };
            let units = if goods { items.units } else { ExactSum(0) };
            return sums.merge(&GivenBack { count: 1, units, amounts });
        }
        let named = self.named.entry(refund_id.to_owned()).or_default();
        offer_last(&mut named.amounts, &fact.place, |held| *held = amounts);
        if goods {
            offer_last(&mut named.returned, &fact.place, |held| *held = items.units);
        }
    }
}

impl Place {
    fn of(touchpoint: &record::Touchpoint) -> Self {
        Self { store: touchpoint.store_id.clone(), channel: touchpoint.channel.clone() }
    }
}

impl Bought {
    /// A whole report: the order's own amounts win over the items' sums.
    fn of_order(touchpoint: &record::Touchpoint) -> Self {
        let mut bought = Self { place: Place::of(touchpoint), ..Self::of_items(touchpoint) };
        let order = touchpoint.order.as_ref();
        let read = |money: Option<&record::Money>| money.and_then(|money| types::money::read(money).ok()).map(single);
        if let Some(discounts) = read(order.and_then(|order| order.discount.as_ref())) {
            bought.discounts = discounts;
        }
        if let Some(total) = read(order.and_then(|order| order.total.as_ref())) {
            bought.total = total;
            if bought.gross.is_empty() {
                bought.gross = bought.total.clone();
                bought.gross.add_all(&bought.discounts);
            }
        } else {
            bought.total = bought.gross.clone();
            bought.total.subtract_all(&bought.discounts);
        }
        bought
    }

    /// The sums of a touchpoint's items.
    fn of_items(touchpoint: &record::Touchpoint) -> Self {
        let mut sums = Self::default();
        for item in &touchpoint.items {
            sums.add_item(item);
        }
        sums
    }

    fn add_item(&mut self, item: &record::Item) {
        let quantity =
            if item.quantity.is_empty() { Decimal::ONE } else { Decimal::parse(&item.quantity).unwrap_or_default() };
        self.units = self.units.plus(quantity.into());
        let read = |money: &Option<record::Money>| money.as_ref().and_then(|money| types::money::read(money).ok());
        let gross = read(&item.price).map(|(currency, price)| (currency, ExactSum::product(price, quantity)));
        let discount = read(&item.discount).map(|(currency, discount)| (currency, ExactSum::from(discount)));
        if let Some((currency, gross)) = gross {
            self.gross.add(currency, gross);
        }
        if let Some((currency, discount)) = discount {
            self.discounts.add(currency, discount);
        }
        let off = discount.map(|(currency, discount)| (currency, ExactSum(0).minus(discount)));
        let parts = || gross.into_iter().chain(off);
        parts().for_each(|(currency, part)| self.total.add(currency, part));
        if !item.category.is_empty() {
            let sums = self.categories.entry(item.category.clone()).or_default();
            sums.units = sums.units.plus(quantity.into());
            parts().for_each(|(currency, part)| sums.total.add(currency, part));
        }
    }

    fn merge(&mut self, other: &Self) {
        self.units = self.units.plus(other.units);
        self.gross.add_all(&other.gross);
        self.discounts.add_all(&other.discounts);
        self.total.add_all(&other.total);
        for (category, sums) in &other.categories {
            self.categories.entry(category.clone()).or_default().add(sums.units, &sums.total);
        }
    }
}

impl CategorySums {
    fn add(&mut self, units: ExactSum, total: &Amounts) {
        self.units = self.units.plus(units);
        self.total.add_all(total);
    }
}

impl GivenBack {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.units = self.units.plus(other.units);
        self.amounts.add_all(&other.amounts);
    }
}

impl NamedRefund {
    fn merge(&mut self, other: &Self) {
        other.amounts.iter().for_each(|amounts| keep_last(&mut self.amounts, amounts.clone()));
        other.returned.iter().for_each(|returned| keep_last(&mut self.returned, returned.clone()));
    }
}

fn single((currency, amount): (Currency, Decimal)) -> Amounts {
    let mut amounts = Amounts::default();
    amounts.add(currency, amount.into());
    amounts
}

fn earliest(slot: &mut Option<Micros>, at: Micros) {
    *slot = Some(slot.map_or(at, |held| held.min(at)));
}
