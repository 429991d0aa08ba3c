//! What a track event says beside its name: which of its properties fill a field of the touchpoint.
//!
//! Owns which kinds have which fields. The properties of an event that neither the specification nor the catalogue knows are
//! its own affair: of those only `store_id` and its like are read.

use prost_types::Duration;
use proto::ingest::Reason;
use types::Decimal;
use types::record::{Coupon, Score, Touchpoint};

use super::fields::Fields;
use super::message::Message;
use super::{items, member, order};
use crate::check::Findings;

/// Fills in what the kind of the touchpoint has.
pub(super) fn read(message: &mut Message<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let properties = &mut message.properties;
    place(properties, touchpoint, findings);
    match touchpoint.kind.clone().as_str() {
        "products_searched" => touchpoint.search_query = properties.text("query", findings),
        "product_list_viewed" | "product_list_filtered" | "cart_viewed" | "cart_shared" => {
            items::browsed(properties, touchpoint, findings);
        }
        "product_clicked"
        | "product_viewed"
        | "product_added"
        | "product_removed"
        | "product_shared"
        | "product_added_to_wishlist"
        | "product_removed_from_wishlist"
        | "wishlist_product_added_to_cart" => {
            items::one_or_list(properties, touchpoint, findings);
        }
        "product_reviewed" => {
            items::one_or_list(properties, touchpoint, findings);
            touchpoint.score = score(properties, "rating", "rating", findings);
        }
        "checkout_started" | "payment_info_entered" => order::started(properties, touchpoint, findings),
        "order_completed" | "order_line_completed" | "order_updated" | "order_cancelled" => {
            order::placed(properties, touchpoint, findings);
        }
        "order_refunded" | "order_returned" => order::given_back(properties, touchpoint, findings),
        "coupon_entered" | "coupon_applied" | "coupon_denied" | "coupon_removed" | "coupon_issued"
        | "coupon_redeemed" | "coupon_expired" => coupon(properties, touchpoint, findings),
        "message_sent" | "message_delivered" | "message_opened" | "message_clicked" => {
            marketing(properties, touchpoint, findings);
        }
        "zone_dwelled" | "store_exited" => touchpoint.duration = duration(properties, findings),
        "survey_answered" => {
            let scale = properties.text("scale", findings);
            touchpoint.score = score(properties, "score", &scale, findings);
        }
        "points_earned" | "points_spent" => touchpoint.points = points(properties, findings),
        "cost_booked" => touchpoint.cost = order::cost(properties, findings),
        "consent_changed" => touchpoint.consents = member::consents(&mut message.context, findings),
        _ => {}
    }
}

/// Where and in which visit or case it happened: names of our own, read on every event, page and screen.
pub(super) fn place(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    touchpoint.store_id = properties.text("store_id", findings);
    touchpoint.zone_id = properties.text("zone_id", findings);
    touchpoint.visit_id = properties.text("visit_id", findings);
    touchpoint.case_id = properties.text("case_id", findings);
    touchpoint.marketing_message_id = properties.text("marketing_message_id", findings);
}

fn coupon(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let coupon_id = properties.first_text(&["coupon_id", "coupon"], findings);
    touchpoint.coupon = Some(Coupon { coupon_id, offer_id: properties.text("offer_id", findings) });
    touchpoint.order = order::named(properties, findings);
}

/// The message is the campaign's sending rather than one person's letter, so that all who got it can be counted.
fn marketing(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    if touchpoint.marketing_message_id.is_empty() {
        touchpoint.marketing_message_id = properties.first_text(&["campaign_id", "email_id"], findings);
    }
    let name = properties.peek("campaign_name", findings);
    if touchpoint.campaign.as_ref().is_none_or(|campaign| campaign.name.is_empty()) && !name.is_empty() {
        touchpoint.campaign.get_or_insert_default().name = name;
        properties.take("campaign_name");
    }
}

fn score(properties: &mut Fields<'_>, name: &str, scale: &str, findings: &mut Findings) -> Option<Score> {
    let text = properties.decimal(name, Reason::Malformed, findings)?;
    Some(Score { scale: scale.to_owned(), value: text.parse().unwrap_or_default() })
}

/// In seconds.
fn duration(properties: &mut Fields<'_>, findings: &mut Findings) -> Option<Duration> {
    let text = properties.decimal("duration", Reason::Malformed, findings)?;
    let micros = Decimal::parse(&text).unwrap_or_default().0;
    let nanos = i32::try_from(micros % 1_000_000 * 1_000).unwrap_or_default();
    Some(Duration { seconds: micros / 1_000_000, nanos })
}

fn points(properties: &mut Fields<'_>, findings: &mut Findings) -> i64 {
    let Some(text) = properties.decimal("points", Reason::Malformed, findings) else { return 0 };
    let millionths = Decimal::parse(&text).unwrap_or_default().0;
    if millionths % 1_000_000 != 0 {
        let field = properties.path_of("points");
        findings.add(Reason::OutOfRange, format_args!("{field}"), "it is no whole number; send whole points");
    }
    millionths / 1_000_000
}
