//! The fields of a touchpoint that a mapping can fill, each with its path and what it takes.

use types::record::{Coupon, Item, Money, Order, Touchpoint};

/// What a field takes, and where it lies.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// Any text.
    Text(fn(&mut Touchpoint) -> &mut String),
    /// Decimal text.
    Decimal(fn(&mut Touchpoint) -> &mut String),
    /// Amount and currency.
    Money(fn(&mut Touchpoint) -> &mut Option<Money>),
    /// `duration`
    Duration,
    /// `points`
    Points,
    /// `score.value`
    Score,
}

/// All paths.
pub(super) const FIELDS: &[(&str, Slot)] = &[
    ("store_id", Slot::Text(|touchpoint| &mut touchpoint.store_id)),
    ("zone_id", Slot::Text(|touchpoint| &mut touchpoint.zone_id)),
    ("channel", Slot::Text(|touchpoint| &mut touchpoint.channel)),
    ("visit_id", Slot::Text(|touchpoint| &mut touchpoint.visit_id)),
    ("campaign.name", Slot::Text(|touchpoint| &mut touchpoint.campaign.get_or_insert_default().name)),
    ("campaign.source", Slot::Text(|touchpoint| &mut touchpoint.campaign.get_or_insert_default().source)),
    ("campaign.medium", Slot::Text(|touchpoint| &mut touchpoint.campaign.get_or_insert_default().medium)),
    ("device.type", Slot::Text(|touchpoint| &mut touchpoint.device.get_or_insert_default().r#type)),
    ("device.os", Slot::Text(|touchpoint| &mut touchpoint.device.get_or_insert_default().os)),
    ("device.app_version", Slot::Text(|touchpoint| &mut touchpoint.device.get_or_insert_default().app_version)),
    ("order.order_id", Slot::Text(|touchpoint| &mut order(touchpoint).order_id)),
    ("order.refund_id", Slot::Text(|touchpoint| &mut order(touchpoint).refund_id)),
    ("order.total", Slot::Money(|touchpoint| &mut order(touchpoint).total)),
    ("order.discount", Slot::Money(|touchpoint| &mut order(touchpoint).discount)),
    ("order.refund", Slot::Money(|touchpoint| &mut order(touchpoint).refund)),
    ("item.product_id", Slot::Text(|touchpoint| &mut item(touchpoint).product_id)),
    ("item.name", Slot::Text(|touchpoint| &mut item(touchpoint).name)),
    ("item.category", Slot::Text(|touchpoint| &mut item(touchpoint).category)),
    ("item.brand", Slot::Text(|touchpoint| &mut item(touchpoint).brand)),
    ("item.quantity", Slot::Decimal(|touchpoint| &mut item(touchpoint).quantity)),
    ("item.price", Slot::Money(|touchpoint| &mut item(touchpoint).price)),
    ("item.discount", Slot::Money(|touchpoint| &mut item(touchpoint).discount)),
    ("coupon.coupon_id", Slot::Text(|touchpoint| &mut coupon(touchpoint).coupon_id)),
    ("coupon.offer_id", Slot::Text(|touchpoint| &mut coupon(touchpoint).offer_id)),
    ("marketing_message_id", Slot::Text(|touchpoint| &mut touchpoint.marketing_message_id)),
    ("case_id", Slot::Text(|touchpoint| &mut touchpoint.case_id)),
    ("score.scale", Slot::Text(|touchpoint| &mut touchpoint.score.get_or_insert_default().scale)),
    ("score.value", Slot::Score),
    ("duration", Slot::Duration),
    ("cost", Slot::Money(|touchpoint| &mut touchpoint.cost)),
    ("points", Slot::Points),
    ("search_query", Slot::Text(|touchpoint| &mut touchpoint.search_query)),
];

/// The field at a path.
pub(super) fn field(path: &str) -> Option<Slot> {
    FIELDS.iter().find(|(name, _)| *name == path).map(|(_, slot)| *slot)
}

/// Whether fields lie below a path.
pub(super) fn is_group(path: &str) -> bool {
    FIELDS.iter().any(|(name, _)| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn order(touchpoint: &mut Touchpoint) -> &mut Order {
    touchpoint.order.get_or_insert_default()
}

fn coupon(touchpoint: &mut Touchpoint) -> &mut Coupon {
    touchpoint.coupon.get_or_insert_default()
}

/// The one item of a row.
fn item(touchpoint: &mut Touchpoint) -> &mut Item {
    if touchpoint.items.is_empty() {
        touchpoint.items.push(Item::default());
    }
    touchpoint.items.first_mut().expect("one was just pushed")
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Text(_) => "Text",
            Self::Decimal(_) => "Decimal",
            Self::Money(_) => "Money",
            Self::Duration => "Duration",
            Self::Points => "Points",
            Self::Score => "Score",
        })
    }
}
