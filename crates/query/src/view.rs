//! A resolved customer as the message that callers see.

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

/// The unified view; what the mask does not want is not computed.
pub(crate) fn customer(resolved: &Resolved, state: &State, mask: &ReadMask) -> Customer {
    let whole = Customer {
        customer_id: resolved.identity.id.to_string(),
        identifiers: resolved.identity.identifiers.iter().map(identifier).collect(),
        refused_links: resolved.refused.iter().map(identity_view::refused_link).collect(),
        ..profile(state, mask)
    };
    mask.apply(whole)
}

/// What the fold alone says, without identity.
pub(crate) fn profile(state: &State, mask: &ReadMask) -> Customer {
    let core = &state.core;
    let instant = |place: &Option<TotalOrder>| place.as_ref().map(|place| place.occurred_at.to_proto());
    let metrics = if mask.wants("metrics") { profile::view::metrics(state) } else { Default::default() };
    Customer {
        traits: traits(core),
        consents: consents(core),
        metrics: metrics.into_iter().map(|(name, value)| (name, metric(value))).collect(),
        touchpoint_count: i64::try_from(core.touchpoints).unwrap_or(i64::MAX),
        first_touchpoint_at: instant(&core.first),
        last_touchpoint_at: instant(&core.last),
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

fn traits(core: &profile::Core) -> Option<prost_types::Struct> {
    let known = core.traits.iter().filter_map(|(name, register)| {
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
