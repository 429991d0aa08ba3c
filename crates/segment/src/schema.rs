//! The schema of expressions: the metrics of the profile with their types, kinds, and the segments there are.

use std::collections::{BTreeMap, BTreeSet};

use expr::{NumberField, Schema, Type, schema::MetricField};
use profile::metric::{BUILT_IN, Law, Metric};
use types::{Catalogue, Kind};

/// The schema for the kinds of a catalogue and the segments of these names.
pub fn schema<'a>(kinds: &Catalogue, segments: impl IntoIterator<Item = &'a str>) -> Schema {
    Schema {
        metrics: metrics(),
        kinds: kinds.names().map(str::to_owned).collect(),
        segments: segments.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
    }
}

/// Metrics by name: the declared ones, and those that the view works out.
pub fn metrics() -> BTreeMap<String, MetricField> {
    let declared = BUILT_IN.iter().map(|metric| (metric.name, type_of(metric), metric.description));
    let derived = DERIVED.iter().map(|(name, form, description)| (*name, form.ty(), *description));
    let field = |(name, ty, description): (&str, Type, &str)| {
        (name.to_owned(), MetricField { ty, description: description.to_owned() })
    };
    declared.chain(derived).map(field).collect()
}

/// Touchpoints that a metric looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// All.
    Everything,
    /// Those about orders.
    Orders,
    /// Those of these kinds.
    Kinds(&'static [Kind]),
}

/// Touchpoints that a metric looks at, by its name.
pub(crate) fn looks_at(name: &str) -> Looks {
    if let Some(metric) = BUILT_IN.iter().find(|metric| metric.name == name) {
        return if metric.kinds.is_empty() { Looks::Everything } else { Looks::Kinds(metric.kinds) };
    }
    match DERIVED.iter().position(|(derived, ..)| *derived == name) {
        Some(0) => Looks::Kinds(&[Kind::PointsEarned, Kind::PointsSpent]),
        Some(place) if place >= FIRST_OF_ORDERS => Looks::Orders,
        _ => Looks::Everything,
    }
}

fn type_of(metric: &Metric) -> Type {
    match metric.law {
        Law::Count => Type::Number,
        Law::Sum(NumberField::DurationSeconds) => Type::Span,
        Law::Sum(_) => Type::Number,
        Law::Cost => Form::Money.ty(),
        Law::First(_) | Law::Last(_) => Type::Text,
        Law::Earliest | Law::Latest => Type::Instant,
        Law::MeanBy(..) => Form::Numbers.ty(),
    }
}

#[derive(Clone, Copy)]
enum Form {
    Number,
    Instant,
    Money,
    Numbers,
    Moneys,
    Spans,
}

impl Form {
    fn ty(self) -> Type {
        let map = |value| Type::Map(Box::new(value));
        match self {
            Self::Number => Type::Number,
            Self::Instant => Type::Instant,
            Self::Money | Self::Numbers => map(Type::Number),
            Self::Moneys => map(map(Type::Number)),
            Self::Spans => map(Type::Span),
        }
    }
}

/// Where those that look at orders alone begin.
const FIRST_OF_ORDERS: usize = 11;

/// What the view works out of orders and activity; `docs/metrics.md` says more.
const DERIVED: &[(&str, Form, &str)] = &[
    ("points_balance", Form::Number, "Points earned less points spent."),
    ("active_days", Form::Number, "Distinct days with a touchpoint."),
    ("touchpoints_by_month", Form::Numbers, "Touchpoints by month (`2026-03`)."),
    ("touchpoints_by_kind", Form::Numbers, "Touchpoints by kind."),
    ("touchpoints_by_store", Form::Numbers, "Touchpoints by store."),
    ("touchpoints_by_channel", Form::Numbers, "Touchpoints by channel."),
    ("touchpoints_by_category", Form::Numbers, "Touchpoints by category of their items."),
    ("distinct_stores", Form::Number, "How many stores."),
    ("distinct_channels", Form::Number, "How many channels."),
    ("distinct_categories", Form::Number, "How many categories."),
    ("time_by_store", Form::Spans, "Time in stores."),
    ("orders", Form::Number, "Orders that stand."),
    ("orders_cancelled", Form::Number, "Orders cancelled."),
    ("order_days", Form::Number, "Distinct days with an order that stands."),
    ("refund_count", Form::Number, "Refunds."),
    ("return_count", Form::Number, "Returns."),
    ("units", Form::Number, "Units bought."),
    ("returned_units", Form::Number, "Units that came back."),
    ("gross", Form::Money, "Before discounts, by currency."),
    ("discounts", Form::Money, "Discounts, by currency."),
    ("refunds", Form::Money, "Money given back without goods, by currency."),
    ("returns", Form::Money, "Money given back with goods, by currency."),
    ("net", Form::Money, "Total less refunds and returns, by currency."),
    ("average_order", Form::Money, "Total by order, by currency."),
    ("first_order_at", Form::Instant, "First order that stands."),
    ("last_order_at", Form::Instant, "Last order that stands."),
    ("orders_by_store", Form::Numbers, "Orders by store."),
    ("orders_by_channel", Form::Numbers, "Orders by channel."),
    ("orders_by_category", Form::Numbers, "Orders by category."),
    ("orders_by_month", Form::Numbers, "Orders by month."),
    ("units_by_store", Form::Numbers, "Units by store."),
    ("units_by_channel", Form::Numbers, "Units by channel."),
    ("units_by_category", Form::Numbers, "Units by category."),
    ("units_by_month", Form::Numbers, "Units by month."),
    ("spent_by_store", Form::Moneys, "Total by store and currency."),
    ("spent_by_channel", Form::Moneys, "Total by channel and currency."),
    ("spent_by_category", Form::Moneys, "Total by category and currency."),
    ("spent_by_month", Form::Moneys, "Total by month and currency."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_look_at_what_they_are_worked_out_from() {
        assert_eq!(looks_at("orders"), Looks::Orders);
        assert_eq!(looks_at("spent_by_month"), Looks::Orders);
        assert_eq!(looks_at("time_by_store"), Looks::Everything);
        assert_eq!(looks_at("costs"), Looks::Everything);
        assert_eq!(looks_at("points_balance"), Looks::Kinds(&[Kind::PointsEarned, Kind::PointsSpent]));
        assert_eq!(looks_at("visits"), Looks::Kinds(&[Kind::StoreEntered]));
        assert_eq!(DERIVED.iter().position(|(name, ..)| *name == "orders"), Some(FIRST_OF_ORDERS));
    }
}
