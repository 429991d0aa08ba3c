//! Checks of short texts: none longer than `TEXT_BYTES_MAX`. Those that have a form of their own are checked where it is.

use types::limits::TEXT_BYTES_MAX;
use types::record::{Campaign, Device, Item, Touchpoint};

use super::findings::Findings;

pub(super) fn check(touchpoint: &Touchpoint, findings: &mut Findings) {
    for (field, text) in [
        ("store_id", &touchpoint.store_id),
        ("zone_id", &touchpoint.zone_id),
        ("channel", &touchpoint.channel),
        ("visit_id", &touchpoint.visit_id),
        ("marketing_message_id", &touchpoint.marketing_message_id),
        ("case_id", &touchpoint.case_id),
        ("search_query", &touchpoint.search_query),
    ] {
        findings.bounded(format_args!("{field}"), text, TEXT_BYTES_MAX);
    }
    parts(touchpoint, findings);
    for (index, Item { product_id, name, category, brand, .. }) in touchpoint.items.iter().enumerate() {
        for (field, text) in [("product_id", product_id), ("name", name), ("category", category), ("brand", brand)] {
            findings.bounded(format_args!("items[{index}].{field}"), text, TEXT_BYTES_MAX);
        }
    }
}

fn parts(touchpoint: &Touchpoint, findings: &mut Findings) {
    if let Some(Campaign { name, source, medium }) = &touchpoint.campaign {
        part("campaign", &[("name", name), ("source", source), ("medium", medium)], findings);
    }
    if let Some(Device { r#type, os, app_version }) = &touchpoint.device {
        part("device", &[("type", r#type), ("os", os), ("app_version", app_version)], findings);
    }
    if let Some(order) = &touchpoint.order {
        part("order", &[("order_id", &order.order_id), ("refund_id", &order.refund_id)], findings);
    }
    if let Some(coupon) = &touchpoint.coupon {
        part("coupon", &[("coupon_id", &coupon.coupon_id), ("offer_id", &coupon.offer_id)], findings);
    }
}

fn part(message: &str, texts: &[(&str, &String)], findings: &mut Findings) {
    for (field, text) in texts {
        findings.bounded(format_args!("{message}.{field}"), text, TEXT_BYTES_MAX);
    }
}
