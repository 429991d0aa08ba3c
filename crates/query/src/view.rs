//! A resolved customer as the message that callers see.

use expr::Depth;
use profile::{State, view::Value};
use prost::Message;
use proto::{
    customer::{
        Customer, CustomerConsent, CustomerIdentifier, MetricBreakdown, MetricValue, MoneyAmounts, metric_value,
    },
    mask::ReadMask,
};
use store::Resolved;
use types::{ExactSum, IdentifierId, Micros, TotalOrder, record::ConsentStatus};

use crate::identity_view;

/// Fields whose entries a mask may name.
const MAPS: [&str; 2] = ["metrics", "traits"];

/// How much of the profile a view by this mask reads.
pub(crate) fn depth(mask: &ReadMask) -> Depth {
    if mask.wants("metrics") { Depth::Whole } else { Depth::Registers }
}

/// The unified view; what the mask does not want is not computed.
pub(crate) fn customer(resolved: &Resolved, state: &State, mask: &ReadMask) -> Customer {
    let identity = &resolved.identity;
    let filled = Customer {
        customer_id: wanted(mask, "customer_id", || identity.id.to_string()),
        identifiers: wanted(mask, "identifiers", || identity.identifiers.iter().map(identifier).collect()),
        refused_links: wanted(mask, "refused_links", || {
            resolved.refused.iter().map(identity_view::refused_link).collect()
        }),
        ..profile(state, mask)
    };
    if mask.is_met_by_filling(&MAPS) { filled } else { mask.apply(filled) }
}

fn wanted<T: Default>(mask: &ReadMask, field: &str, value: impl FnOnce() -> T) -> T {
    if mask.wants(field) { value() } else { T::default() }
}

/// What the fold alone says, without identity.
pub(crate) fn profile(state: &State, mask: &ReadMask) -> Customer {
    let core = &state.core;
    let instant = |field: &str, place: &Option<TotalOrder>| {
        place.as_ref().filter(|_| mask.wants(field)).map(|place| place.occurred_at.to_proto())
    };
    let metrics = || profile::view::metrics_of(state, &|name| mask.wants_entry("metrics", name));
    let metrics = wanted(mask, "metrics", metrics).into_iter();
    let count = || i64::try_from(core.touchpoints).unwrap_or(i64::MAX);
    Customer {
        traits: wanted(mask, "traits", || traits(core, mask)),
        consents: wanted(mask, "consents", || consents(core)),
        metrics: metrics.map(|(name, value)| (name, metric(value))).collect(),
        touchpoint_count: wanted(mask, "touchpoint_count", count),
        first_touchpoint_at: instant("first_touchpoint_at", &core.first),
        last_touchpoint_at: instant("last_touchpoint_at", &core.last),
        ..Customer::default()
    }
}

fn identifier((id, node): &(IdentifierId, identity::Node)) -> CustomerIdentifier {
    CustomerIdentifier {
        identifier: Some((&node.identifier).into()),
        identifier_id: id.to_string(),
        first_seen_at: Some(node.first.occurred_at.to_proto()),
    }
}

fn traits(core: &profile::Core, mask: &ReadMask) -> Option<prost_types::Struct> {
    let known = core.traits.iter().filter(|(name, _)| mask.wants_entry("traits", name));
    let known = known.filter_map(|(name, register)| {
        let encoded = register.as_ref()?.value.as_ref()?;
        Some((name.clone(), prost_types::Value::decode(encoded.as_slice()).ok()?))
    });
    let fields: std::collections::BTreeMap<_, _> = known.collect();
    (!fields.is_empty()).then_some(prost_types::Struct { fields })
}

fn consents(core: &profile::Core) -> Vec<CustomerConsent> {
    let shown = core.consents.iter().filter_map(|(purpose, register)| {
        let register = register.as_ref()?;
        let status = if register.value { ConsentStatus::Granted } else { ConsentStatus::Denied };
        let decided_at = Some(register.at.occurred_at.to_proto());
        Some(CustomerConsent { purpose: purpose.clone(), status: status.into(), decided_at })
    });
    shown.collect()
}

fn metric(value: Value) -> MetricValue {
    use metric_value::Value as Shown;
    let shown = match value {
        Value::Count(count) => Shown::Count(i64::try_from(count).unwrap_or(i64::MAX)),
        Value::Decimal(sum) => {
            Shown::Decimal(sum.round_to_text(6).trim_end_matches('0').trim_end_matches('.').to_owned())
        }
        Value::Money(amounts) => Shown::Money(MoneyAmounts { amounts: amounts.to_proto() }),
        Value::Instant(instant) => Shown::Instant(Micros::to_proto(instant)),
        Value::Seconds(seconds) => Shown::Duration(duration(seconds)),
        Value::Text(text) => Shown::Text(text),
        Value::Breakdown(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key, metric(value))).collect();
            Shown::Breakdown(MetricBreakdown { entries })
        }
    };
    MetricValue { value: Some(shown) }
}

fn duration(seconds: ExactSum) -> prost_types::Duration {
    const SECOND: i128 = 1_000_000_000_000;
    prost_types::Duration {
        seconds: i64::try_from(seconds.0 / SECOND).unwrap_or(i64::MAX),
        nanos: i32::try_from(seconds.0 % SECOND / 1_000).unwrap_or_default(),
    }
}
