//! What a view shows of a state: every metric by name, in a form that is free of the wire.
//!
//! A metric that has seen nothing is absent. `docs/metrics.md` lists them all.

use std::collections::BTreeMap;

use types::{Amounts, ExactSum, Micros};

use crate::{
    accumulator::Accumulator,
    activity::{Dimension, MonthActivity, Tally},
    metric,
    orders::{OrderSummary, PurchaseSums},
    state::State,
};

/// The value of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Number of things.
    Count(u64),
    /// An exact decimal.
    Decimal(ExactSum),
    /// Amounts by currency.
    Money(Amounts),
    /// A point in time.
    Instant(Micros),
    /// A length of time, in seconds.
    Seconds(ExactSum),
    /// A text.
    Text(String),
    /// One value a key.
    Breakdown(BTreeMap<String, Value>),
}

/// Metrics by name.
pub type Metrics = BTreeMap<String, Value>;

/// All metrics of a state.
pub fn metrics(state: &State) -> Metrics {
    let mut metrics = Metrics::new();
    for (id, accumulator) in &state.core.accumulators {
        if let Some(metric) = metric::by_id(*id) {
            put(&mut metrics, metric.name, of_accumulator(metric, accumulator));
        }
    }
    add_points_balance(state, &mut metrics);
    add_activity(state, &mut metrics);
    add_orders(&OrderSummary::of(state.orders.values()), &mut metrics);
    metrics
}

fn put(metrics: &mut Metrics, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        metrics.insert(name.to_owned(), value);
    }
}

fn of_accumulator(metric: &metric::Metric, accumulator: &Accumulator) -> Option<Value> {
    use expr::NumberField::DurationSeconds;
    Some(match accumulator {
        Accumulator::Count(count) => Value::Count(*count),
        Accumulator::Sum(sum) if metric.law == metric::Law::Sum(DurationSeconds) => Value::Seconds(*sum),
        Accumulator::Sum(sum) => Value::Decimal(*sum),
        Accumulator::Money(amounts) => Value::Money(amounts.clone()),
        Accumulator::First(slot) | Accumulator::Last(slot) => Value::Text(slot.as_ref()?.value.clone()),
        Accumulator::Earliest(slot) | Accumulator::Latest(slot) => Value::Instant((*slot)?),
        Accumulator::Means(means) => {
            let shown = |(key, mean): (&String, &crate::accumulator::Mean)| {
                (key.clone(), Value::Decimal(mean.sum.divided_by(mean.count)))
            };
            Value::Breakdown(means.iter().map(shown).collect())
        }
    })
}

fn add_points_balance(state: &State, metrics: &mut Metrics) {
    let sum_of = |name: &str| {
        let metric = metric::BUILT_IN.iter().find(|metric| metric.name == name)?;
        match state.core.accumulators.get(&metric.id)? {
            Accumulator::Sum(sum) => Some(*sum),
            _ => None,
        }
    };
    let (earned, spent) = (sum_of("points_earned"), sum_of("points_spent"));
    if earned.is_some() || spent.is_some() {
        let balance = earned.unwrap_or_default().minus(spent.unwrap_or_default());
        metrics.insert("points_balance".to_owned(), Value::Decimal(balance));
    }
}

fn add_activity(state: &State, metrics: &mut Metrics) {
    let mut lifetime = MonthActivity::default();
    state.months.values().for_each(|month| lifetime.merge(month));
    if lifetime.days.is_empty() {
        return;
    }
    metrics.insert("active_days".to_owned(), Value::Count(lifetime.days.len() as u64));
    let by_month = state.months.iter().map(|(month, activity)| {
        let kinds = activity.tallies.get(&Dimension::Kind);
        let count = kinds.map_or(0, |kinds| kinds.values().map(|tally| tally.count).sum());
        (month.to_string(), Value::Count(count))
    });
    metrics.insert("touchpoints_by_month".to_owned(), Value::Breakdown(by_month.collect()));
    for (dimension, name, distinct) in [
        (Dimension::Kind, "touchpoints_by_kind", None),
        (Dimension::Store, "touchpoints_by_store", Some("distinct_stores")),
        (Dimension::Channel, "touchpoints_by_channel", Some("distinct_channels")),
        (Dimension::Category, "touchpoints_by_category", Some("distinct_categories")),
    ] {
        let Some(tallies) = lifetime.tallies.get(&dimension) else { continue };
        metrics.insert(name.to_owned(), counts(tallies));
        distinct.into_iter().for_each(|name| drop(metrics.insert(name.to_owned(), Value::Count(tallies.len() as u64))));
    }
    put(metrics, "time_by_store", lifetime.tallies.get(&Dimension::Store).and_then(times));
}

fn counts(tallies: &BTreeMap<String, Tally>) -> Value {
    Value::Breakdown(tallies.iter().map(|(text, tally)| (text.clone(), Value::Count(tally.count))).collect())
}

fn times(tallies: &BTreeMap<String, Tally>) -> Option<Value> {
    let timed = tallies.iter().filter(|(_, tally)| tally.seconds.0 != 0);
    let times: BTreeMap<_, _> = timed.map(|(text, tally)| (text.clone(), Value::Seconds(tally.seconds))).collect();
    (!times.is_empty()).then_some(Value::Breakdown(times))
}

fn add_orders(summary: &OrderSummary, metrics: &mut Metrics) {
    let count = |number: u64| (number > 0).then_some(Value::Count(number));
    let money = |amounts: &Amounts| (!amounts.is_empty()).then(|| Value::Money(amounts.clone()));
    let decimal = |sum: ExactSum| (sum.0 != 0).then_some(Value::Decimal(sum));
    for (name, value) in [
        ("orders", count(summary.orders)),
        ("orders_cancelled", count(summary.cancelled)),
        ("order_days", count(summary.days.len() as u64)),
        ("refund_count", count(summary.refunds.count)),
        ("return_count", count(summary.returns.count)),
        ("units", decimal(summary.units)),
        ("returned_units", decimal(summary.returns.units)),
        ("gross", money(&summary.gross)),
        ("discounts", money(&summary.discounts)),
        ("refunds", money(&summary.refunds.amounts)),
        ("returns", money(&summary.returns.amounts)),
        ("net", money(&summary.net())),
        ("average_order", money(&divided(&summary.total, summary.orders))),
        ("first_order_at", summary.first_at.map(Value::Instant)),
        ("last_order_at", summary.last_at.map(Value::Instant)),
    ] {
        put(metrics, name, value);
    }
    add_parts(metrics, "store", summary.by_store.iter().map(|(text, sums)| (text.clone(), sums)));
    add_parts(metrics, "channel", summary.by_channel.iter().map(|(text, sums)| (text.clone(), sums)));
    add_parts(metrics, "category", summary.by_category.iter().map(|(text, sums)| (text.clone(), sums)));
    add_parts(metrics, "month", summary.by_month.iter().map(|(month, sums)| (month.to_string(), sums)));
}

fn divided(total: &Amounts, count: u64) -> Amounts {
    Amounts(total.0.iter().map(|(currency, sum)| (*currency, sum.divided_by(count))).collect())
}

fn add_parts<'a>(metrics: &mut Metrics, part: &str, sums: impl Iterator<Item = (String, &'a PurchaseSums)>) {
    let (mut orders, mut spent, mut units) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (text, sums) in sums {
        orders.insert(text.clone(), Value::Count(sums.orders));
        units.insert(text.clone(), Value::Decimal(sums.units));
        spent.insert(text, Value::Money(sums.total.clone()));
    }
    for (name, values) in [("orders", orders), ("units", units), ("spent", spent)] {
        if !values.is_empty() {
            metrics.insert(format!("{name}_by_{part}"), Value::Breakdown(values));
        }
    }
}
