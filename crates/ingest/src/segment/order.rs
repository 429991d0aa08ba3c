//! Orders: started, placed, given back; and what a contact cost.
//!
//! Owns which of the specification's amounts is which of ours. What an order does to a profile is not its affair.

use types::record::{Coupon, Money, Order, Touchpoint};

use super::fields::Fields;
use super::items::{self, Prices};
use crate::check::Findings;

/// What the customer paid, the best said first: `total` and `value` have discounts, shipping and tax in them, `revenue` lacks
/// shipping and tax.
const PAID: [&str; 3] = ["total", "value", "revenue"];

/// The order that an event names, without amounts.
pub(super) fn named(properties: &mut Fields<'_>, findings: &mut Findings) -> Option<Order> {
    let order_id = properties.text("order_id", findings);
    (!order_id.is_empty()).then(|| Order { order_id, ..Order::default() })
}

/// An order on its way: nothing is paid yet, so that its amounts stay among the properties.
pub(super) fn started(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    touchpoint.order = named(properties, findings);
    items::browsed(properties, touchpoint, findings);
}

/// An order with what was paid for it.
pub(super) fn placed(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let mut prices = Prices::of_order(properties, findings);
    let order = Order {
        order_id: properties.text("order_id", findings),
        total: paid(properties, &mut prices, findings),
        discount: prices.take(properties, "discount", findings),
        ..Order::default()
    };
    touchpoint.order = (order != Order::default()).then_some(order);
    let coupon_id = properties.text("coupon", findings);
    touchpoint.coupon = (!coupon_id.is_empty()).then(|| Coupon { coupon_id, ..Coupon::default() });
    items::list(properties, touchpoint, &mut prices, findings);
    prices.finish(properties, findings);
}

/// Money or goods that went back: `total` is how much.
pub(super) fn given_back(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let mut prices = Prices::of_order(properties, findings);
    let order = Order {
        order_id: properties.text("order_id", findings),
        refund: paid(properties, &mut prices, findings),
        refund_id: properties.text("refund_id", findings),
        ..Order::default()
    };
    touchpoint.order = (order != Order::default()).then_some(order);
    items::list(properties, touchpoint, &mut prices, findings);
    prices.finish(properties, findings);
}

/// `cost` in `currency`.
pub(super) fn cost(properties: &mut Fields<'_>, findings: &mut Findings) -> Option<Money> {
    let mut prices = Prices::of_order(properties, findings);
    let cost = prices.take(properties, "cost", findings);
    prices.finish(properties, findings);
    cost
}

/// The first amount that is given; the others stay.
fn paid(properties: &mut Fields<'_>, prices: &mut Prices, findings: &mut Findings) -> Option<Money> {
    PAID.iter().find_map(|name| prices.take(properties, name, findings))
}
