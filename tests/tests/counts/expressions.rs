//! Random expressions: conditions of every sort, joined in every way, some of them inside segments.

use proptest::prelude::*;
use types::record::{Consent, ConsentStatus};

/// Segments that there are; `outer` may name `inner`.
pub(crate) const SEGMENTS: [&str; 2] = ["inner", "outer"];

const CONDITIONS: [&str; 22] = [
    r#"traits.city == "Lyon""#,
    "traits.vip",
    "has(traits.city)",
    r#"traits.city in ["Graz", "Wien"]"#,
    "metrics.orders >= 2",
    "metrics.active_days >= 2",
    r#"metrics.net["EUR"] > 30"#,
    r#"metrics.last_order_at >= timestamp("2026-03-20T00:00:00Z")"#,
    r#"orders().within("10d").count() > 0"#,
    r#"touchpoints("page_viewed").within("3d").count() > 0"#,
    r#"touchpoints("page_viewed").count() > 1"#,
    r#"touchpoints("order_completed").last().occurred_at < now - duration("5d")"#,
    r#"touchpoints("order_completed").within("20d").sum(t, t.net) >= 40"#,
    r#"touchpoints("order_completed").within("20d").avg(t, t.net) < 30"#,
    r#"sequence(touchpoints("page_viewed"), "2d", touchpoints("order_completed"))"#,
    r#""email" in identifiers"#,
    r#"consents.email == "granted""#,
    r#"now > timestamp("2026-03-20T00:00:00Z")"#,
    "now.getHours() < 12",
    r#"traits.city == "Lyon" ? metrics.orders > 1 : traits.vip"#,
    "percentile(metrics.orders) >= 0.5",
    "true",
];

const NAMING: [&str; 4] = [
    r#"segment("inner")"#,
    r#"segment("outer")"#,
    r#"segment("inner") == true"#,
    r#"(segment("outer") ? traits.vip : metrics.orders > 0)"#,
];

fn joined(condition: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    condition.prop_recursive(4, 8, 2, |inner| {
        prop_oneof![
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) && ({right})")),
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) || ({right})")),
            1 => inner.prop_map(|operand| format!("!({operand})")),
        ]
    })
}

/// Any expression that names no segment.
fn any_plain() -> impl Strategy<Value = String> {
    joined(prop::sample::select(CONDITIONS.to_vec()).prop_map(str::to_owned))
}

/// A segment's own: of `inner` it names none; `outer` may name it, but not itself.
pub(crate) fn any_definition() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        any_plain().prop_map(|expression| ("inner", expression)),
        any_plain().prop_map(|expression| ("outer", format!(r#"!segment("inner") || ({expression})"#))),
        any_plain().prop_map(|expression| ("outer", expression)),
    ]
}

/// Any expression.
pub(crate) fn any_expression() -> impl Strategy<Value = String> {
    let conditions = prop::sample::select(CONDITIONS.to_vec());
    let naming = prop::sample::select(NAMING.to_vec());
    joined(prop_oneof![4 => conditions, 1 => naming].prop_map(str::to_owned))
}

/// A decision on e-mails.
pub(crate) fn consent(granted: bool) -> Consent {
    let status = if granted { ConsentStatus::Granted } else { ConsentStatus::Denied };
    Consent { purpose: "email".into(), status: status.into() }
}
