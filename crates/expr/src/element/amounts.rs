//! Amounts of a touchpoint: what was paid or given back, in its own currency.

use super::{Decimal, ExactSum, Kind, Touchpoint, Value};
use types::record::Money;

/// The amount of a money field.
pub(super) fn money(money: Option<&Money>) -> Value {
    amount(money).map_or(Value::Absent, Value::Number)
}

/// What was paid, or given back: then below zero.
pub(super) fn net(touchpoint: &Touchpoint) -> Value {
    let order = touchpoint.order.as_ref();
    let given_back = matches!(Kind::of_name(&touchpoint.kind), Some(Kind::OrderRefunded | Kind::OrderReturned));
    let stated = if given_back {
        order.and_then(|order| order.refund.as_ref())
    } else {
        order.and_then(|order| order.total.as_ref())
    };
    let sum = amount(stated).or_else(|| items_sum(touchpoint));
    let signed = |sum: ExactSum| if given_back { ExactSum(0).minus(sum) } else { sum };
    sum.map(signed).map_or(Value::Absent, Value::Number)
}

/// The order's discount, else that of the items.
pub(super) fn discount(touchpoint: &Touchpoint) -> Value {
    let stated = amount(touchpoint.order.as_ref().and_then(|order| order.discount.as_ref()));
    let of_items = || {
        let discounts = touchpoint.items.iter().filter_map(|item| amount(item.discount.as_ref()));
        discounts.reduce(ExactSum::plus)
    };
    stated.or_else(of_items).map_or(Value::Absent, Value::Number)
}

/// The currency of the first amount that is there.
pub(super) fn currency(touchpoint: &Touchpoint) -> Value {
    let order = touchpoint.order.iter().flat_map(|order| [&order.total, &order.refund, &order.discount]);
    let of_order = order.flatten();
    let of_items = touchpoint.items.iter().filter_map(|item| item.price.as_ref());
    let mut all = of_order.chain(of_items).chain(touchpoint.cost.iter());
    all.next().map_or(Value::Absent, |money| Value::of_text(&money.currency_code))
}

/// Units of all items.
pub(super) fn units(touchpoint: &Touchpoint) -> Value {
    let units = touchpoint.items.iter().map(|item| ExactSum::from(quantity(&item.quantity)));
    units.reduce(ExactSum::plus).map_or(Value::Absent, Value::Number)
}

fn items_sum(touchpoint: &Touchpoint) -> Option<ExactSum> {
    let lines = touchpoint.items.iter().filter_map(|item| {
        let price = item.price.as_ref().and_then(|price| Decimal::parse(&price.amount).ok())?;
        let discount = amount(item.discount.as_ref()).unwrap_or_default();
        Some(ExactSum::product(price, quantity(&item.quantity)).minus(discount))
    });
    lines.reduce(ExactSum::plus)
}

fn quantity(text: &str) -> Decimal {
    if text.is_empty() { Decimal::ONE } else { Decimal::parse(text).unwrap_or_default() }
}

fn amount(money: Option<&Money>) -> Option<ExactSum> {
    money.and_then(|money| Decimal::parse(&money.amount).ok()).map(ExactSum::from)
}
