//! Checks of what a kind cannot do without (`Kind::requires`). Custom kinds require nothing.

use proto::ingest::Reason;
use types::Kind;
use types::kind::Required;
use types::record::{Money, Order, Touchpoint};

use super::findings::Findings;

pub(super) fn check(touchpoint: &Touchpoint, findings: &mut Findings) {
    let Some(kind) = Kind::of_name(&touchpoint.kind) else { return };
    for required in kind.requires() {
        if !carries(touchpoint, kind, *required) {
            let (field, remedy) = named(kind, *required);
            let name = kind.name();
            findings.add(Reason::Required, format_args!("{field}"), format!("`{name}` cannot do without it; {remedy}"));
        }
    }
}

fn carries(touchpoint: &Touchpoint, kind: Kind, required: Required) -> bool {
    match required {
        Required::Store => !touchpoint.store_id.is_empty(),
        Required::Zone => !touchpoint.zone_id.is_empty(),
        Required::Duration => touchpoint.duration.is_some(),
        Required::OrderId => !touchpoint.order_id().is_empty(),
        Required::Items => !touchpoint.items.is_empty(),
        Required::ItemsOrTotal => !touchpoint.items.is_empty() || has_amount(touchpoint, kind),
        Required::MarketingMessage => !touchpoint.marketing_message_id.is_empty(),
        Required::Coupon => touchpoint.coupon.as_ref().is_some_and(|coupon| !coupon.coupon_id.is_empty()),
        Required::Case => !touchpoint.case_id.is_empty(),
        Required::Score => touchpoint.score.as_ref().is_some_and(|score| !score.scale.is_empty()),
        Required::Traits => touchpoint.traits.as_ref().is_some_and(|traits| !traits.fields.is_empty()),
        Required::Consents => !touchpoint.consents.is_empty(),
        Required::Points => touchpoint.points != 0,
        Required::Cost => is_given(touchpoint.cost.as_ref()),
        Required::SearchQuery => !touchpoint.search_query.is_empty(),
    }
}

/// The order's own amount of this kind: what was given back, or what was paid.
fn has_amount(touchpoint: &Touchpoint, kind: Kind) -> bool {
    let amount = |order: &Order| is_given(if gives_back(kind) { order.refund.as_ref() } else { order.total.as_ref() });
    touchpoint.order.as_ref().is_some_and(amount)
}

fn gives_back(kind: Kind) -> bool {
    matches!(kind, Kind::OrderRefunded | Kind::OrderReturned)
}

fn is_given(money: Option<&Money>) -> bool {
    money.is_some_and(|money| *money != Money::default())
}

/// The field, and what to send in it.
fn named(kind: Kind, required: Required) -> (&'static str, &'static str) {
    match required {
        Required::Store => ("store_id", "name the store"),
        Required::Zone => ("zone_id", "name the zone of the store"),
        Required::Duration => ("duration", "say how long it lasted"),
        Required::OrderId => ("order.order_id", "give the order's id, the same in every system that reports it"),
        Required::Items => ("items", "give at least one product"),
        Required::ItemsOrTotal if gives_back(kind) => ("order.refund", "give the amount in order.refund, or the items"),
        Required::ItemsOrTotal => ("order.total", "give the amount in order.total, or the items"),
        Required::MarketingMessage => ("marketing_message_id", "name the message that was sent"),
        Required::Coupon => ("coupon.coupon_id", "give the coupon's id or code"),
        Required::Case => ("case_id", "give the case's id"),
        Required::Score => ("score", "give the answer in score.value and the scale in score.scale, e.g. `nps`"),
        Required::Traits => ("traits", "give at least one trait"),
        Required::Consents => ("consents", "give at least one purpose and its decision"),
        Required::Points => ("points", "give the number of points, 1 or more"),
        Required::Cost => ("cost", "give amount and currency"),
        Required::SearchQuery => ("search_query", "give the words searched for"),
    }
}
