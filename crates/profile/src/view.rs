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
    metrics_of(state, &|_| true)
}

/// Those metrics of a state whose names are wanted; the others are not worked out.
pub fn metrics_of(state: &State, wanted: &dyn Fn(&str) -> bool) -> Metrics {
    let mut shown = Shown { wanted, metrics: Metrics::new() };
    for (id, accumulator) in &state.core.accumulators {
        if let Some(metric) = metric::by_id(*id) {
            shown.put(metric.name, || of_accumulator(metric, accumulator));
        }
    }
    shown.put("points_balance", || points_balance(state));
    add_activity(state, &mut shown);
    add_orders(state, &mut shown);
    shown.metrics
}

/// What was put so far, of what is wanted.
struct Shown<'a> {
    wanted: &'a dyn Fn(&str) -> bool,
    metrics: Metrics,
}

impl Shown<'_> {
    fn put(&mut self, name: &str, value: impl FnOnce() -> Option<Value>) {
        if (self.wanted)(name)
            && let Some(value) = value()
        {
            self.metrics.insert(name.to_owned(), value);
        }
    }

    fn wants_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| (self.wanted)(name))
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

fn points_balance(state: &State) -> Option<Value> {
    let sum_of = |name: &str| {
        let metric = metric::BUILT_IN.iter().find(|metric| metric.name == name)?;
        match state.core.accumulators.get(&metric.id)? {
            Accumulator::Sum(sum) => Some(*sum),
            _ => None,
        }
    };
    let (earned, spent) = (sum_of("points_earned"), sum_of("points_spent"));
    let any = earned.is_some() || spent.is_some();
    any.then(|| Value::Decimal(earned.unwrap_or_default().minus(spent.unwrap_or_default())))
}

/// Tallies by dimension: the metric of each, and that of how many there are.
const TALLIES: [(Dimension, &str, Option<&str>); 4] = [
    (Dimension::Kind, "touchpoints_by_kind", None),
    (Dimension::Store, "touchpoints_by_store", Some("distinct_stores")),
    (Dimension::Channel, "touchpoints_by_channel", Some("distinct_channels")),
    (Dimension::Category, "touchpoints_by_category", Some("distinct_categories")),
];

fn add_activity(state: &State, shown: &mut Shown<'_>) {
    shown.put("active_days", || {
        let days: std::collections::BTreeSet<_> = state.months.values().flat_map(|month| &month.days).collect();
        (!days.is_empty()).then_some(Value::Count(days.len() as u64))
    });
    let of_tallies = TALLIES.iter().flat_map(|(_, name, distinct)| [Some(*name), *distinct]).flatten();
    let of_tallies: Vec<&str> = of_tallies.chain(["touchpoints_by_month", "time_by_store"]).collect();
    if !shown.wants_any(&of_tallies) {
        return;
    }
    let mut lifetime = MonthActivity::default();
    state.months.values().for_each(|month| lifetime.merge(month));
    if lifetime.days.is_empty() {
        return;
    }
    let by_month = state.months.iter().map(|(month, activity)| {
        let kinds = activity.tallies.get(&Dimension::Kind);
        let count = kinds.map_or(0, |kinds| kinds.values().map(|tally| tally.count).sum());
        (month.to_string(), Value::Count(count))
    });
    shown.put("touchpoints_by_month", || Some(Value::Breakdown(by_month.collect())));
    for (dimension, name, distinct) in TALLIES {
        let Some(tallies) = lifetime.tallies.get(&dimension) else { continue };
        shown.put(name, || Some(counts(tallies)));
        distinct.into_iter().for_each(|name| shown.put(name, || Some(Value::Count(tallies.len() as u64))));
    }
    shown.put("time_by_store", || lifetime.tallies.get(&Dimension::Store).and_then(times));
}

fn counts(tallies: &BTreeMap<String, Tally>) -> Value {
    Value::Breakdown(tallies.iter().map(|(text, tally)| (text.clone(), Value::Count(tally.count))).collect())
}

fn times(tallies: &BTreeMap<String, Tally>) -> Option<Value> {
    let timed = tallies.iter().filter(|(_, tally)| tally.seconds.0 != 0);
    let times: BTreeMap<_, _> = timed.map(|(text, tally)| (text.clone(), Value::Seconds(tally.seconds))).collect();
    (!times.is_empty()).then_some(Value::Breakdown(times))
}

fn add_orders(state: &State, shown: &mut Shown<'_>) {
    let summary = OrderSummary::of(state.orders.values());
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
        shown.put(name, || value);
    }
    add_parts(shown, "store", summary.by_store.iter().map(|(text, sums)| (text.clone(), sums)));
    add_parts(shown, "channel", summary.by_channel.iter().map(|(text, sums)| (text.clone(), sums)));
    add_parts(shown, "category", summary.by_category.iter().map(|(text, sums)| (text.clone(), sums)));
    add_parts(shown, "month", summary.by_month.iter().map(|(month, sums)| (month.to_string(), sums)));
}

fn divided(total: &Amounts, count: u64) -> Amounts {
    Amounts(total.0.iter().map(|(currency, sum)| (*currency, sum.divided_by(count))).collect())
}

fn add_parts<'a>(shown: &mut Shown<'_>, part: &str, sums: impl Iterator<Item = (String, &'a PurchaseSums)> + Clone) {
    let all = |value: &dyn Fn(&PurchaseSums) -> Value| {
        let values: BTreeMap<_, _> = sums.clone().map(|(text, sums)| (text, value(sums))).collect();
        (!values.is_empty()).then_some(Value::Breakdown(values))
    };
    shown.put(&format!("orders_by_{part}"), || all(&|sums| Value::Count(sums.orders)));
    shown.put(&format!("spent_by_{part}"), || all(&|sums| Value::Money(sums.total.clone())));
    shown.put(&format!("units_by_{part}"), || all(&|sums| Value::Decimal(sums.units)));
}
