//! The figures of a profile as texts by name, so that two profiles can be held against each other field by field.

use std::collections::BTreeMap;

use profile::{State, view::Value};
use types::ExactSum;

/// Name to text; breakdowns are taken apart to `metrics.NAME.KEY`.
pub(super) type Figures = BTreeMap<String, String>;

/// All figures of a state.
pub(super) fn of(state: &State) -> Figures {
    let mut figures = Figures::from([("touchpoint_count".to_owned(), state.core.touchpoints.to_string())]);
    for (name, value) in profile::view::metrics(state) {
        add(&mut figures, format!("metrics.{name}"), &value);
    }
    figures
}

fn add(figures: &mut Figures, name: String, value: &Value) {
    let text = match value {
        Value::Breakdown(entries) => {
            return entries.iter().for_each(|(key, value)| add(figures, format!("{name}.{key}"), value));
        }
        Value::Count(count) => count.to_string(),
        Value::Decimal(sum) => decimal(*sum),
        Value::Seconds(seconds) => format!("{} s", decimal(*seconds)),
        Value::Money(amounts) => {
            let amounts = amounts.to_proto();
            let texts = amounts.iter().map(|money| format!("{} {}", money.amount, money.currency_code));
            texts.collect::<Vec<_>>().join(", ")
        }
        Value::Instant(instant) => instant.to_string(),
        Value::Text(text) => text.clone(),
    };
    figures.insert(name, text);
}

fn decimal(sum: ExactSum) -> String {
    let text = sum.round_to_text(6);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
