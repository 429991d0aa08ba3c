//! The tables of unified views: `customers`, and beside it `identifiers`, `consents` and `metrics`, which join by `customer_id`.

use proto::customer::{Customer, CustomerConsent, CustomerIdentifier, MetricValue, metric_value::Value};
use types::{Micros, identifier::RECEIPT};

use super::{
    Table,
    column::{
        Column,
        Read::{Flag, Integer, Made, Sum, Text, Time},
    },
    read::{object, sum, text, time},
};
use crate::{
    export::{ExportError, ExportedFile, dir::Dir, writer::CustomerTables},
    output::value,
};

const CUSTOMERS: &[Column<Customer>] = &[
    Column("customer_id", Text(|row| text(&row.customer_id))),
    Column("is_known", Flag(is_known)),
    Column("touchpoint_count", Integer(|row| Some(row.touchpoint_count))),
    Column("first_touchpoint_at", Time(|row| time(row.first_touchpoint_at.as_ref()))),
    Column("last_touchpoint_at", Time(|row| time(row.last_touchpoint_at.as_ref()))),
    Column("identifier_count", Integer(|row| i64::try_from(row.identifiers.len()).ok())),
    Column("refused_link_count", Integer(|row| i64::try_from(row.refused_links.len()).ok())),
    Column("traits", Made(|row| object(row.traits.as_ref()))),
];

const IDENTIFIERS: &[Column<IdentifierRow>] = &[
    Column("customer_id", Text(|row| text(&row.customer_id))),
    Column("namespace", Text(|row| row.shown.identifier.as_ref().and_then(|held| text(&held.namespace)))),
    Column("value", Text(|row| row.shown.identifier.as_ref().and_then(|held| text(&held.value)))),
    Column("identifier_id", Text(|row| text(&row.shown.identifier_id))),
    Column("first_seen_at", Time(|row| time(row.shown.first_seen_at.as_ref()))),
];

const CONSENTS: &[Column<ConsentRow>] = &[
    Column("customer_id", Text(|row| text(&row.customer_id))),
    Column("purpose", Text(|row| text(&row.shown.purpose))),
    Column("status", Text(|row| Some(value::decision(row.shown.status())))),
    Column("decided_at", Time(|row| time(row.shown.decided_at.as_ref()))),
];

const METRICS: &[Column<MetricRow>] = &[
    Column("customer_id", Text(|row| text(&row.customer_id))),
    Column("metric", Text(|row| text(&row.metric))),
    Column("key", Text(|row| row.key.as_deref())),
    Column("form", Text(|row| Some(row.figure.form))),
    Column("currency_code", Text(|row| row.figure.currency.as_deref())),
    Column("value", Sum(|row| row.figure.value)),
    Column("instant", Time(|row| row.figure.instant)),
    Column("text", Text(|row| row.figure.text.as_deref())),
];

struct IdentifierRow {
    customer_id: String,
    shown: CustomerIdentifier,
}

struct ConsentRow {
    customer_id: String,
    shown: CustomerConsent,
}

/// One figure of a metric: several where it has several currencies, or is broken down.
struct MetricRow {
    customer_id: String,
    metric: String,
    /// What it is broken down by, e.g. the store.
    key: Option<String>,
    figure: Figure,
}

#[derive(Default)]
struct Figure {
    form: &'static str,
    currency: Option<String>,
    /// Count, decimal, amount or seconds.
    value: Option<i128>,
    instant: Option<Micros>,
    text: Option<String>,
}

/// The tables of unified views.
pub(in crate::export) struct Customers {
    customers: Table<Customer>,
    identifiers: Table<IdentifierRow>,
    consents: Table<ConsentRow>,
    metrics: Table<MetricRow>,
}

impl Customers {
    /// No file yet.
    pub(in crate::export) fn new(dir: &Dir, file_bytes_max: u64) -> Self {
        Self {
            customers: Table::new(dir, "customers", CUSTOMERS, file_bytes_max),
            identifiers: Table::new(dir, "identifiers", IDENTIFIERS, file_bytes_max),
            consents: Table::new(dir, "consents", CONSENTS, file_bytes_max),
            metrics: Table::new(dir, "metrics", METRICS, file_bytes_max),
        }
    }
}

impl CustomerTables for Customers {
    fn add(&mut self, mut customer: Customer) -> Result<(), ExportError> {
        self.customers.push(&customer)?;
        let id = || customer.customer_id.clone();
        for shown in std::mem::take(&mut customer.identifiers) {
            self.identifiers.push(&IdentifierRow { customer_id: id(), shown })?;
        }
        for shown in std::mem::take(&mut customer.consents) {
            self.consents.push(&ConsentRow { customer_id: id(), shown })?;
        }
        for (metric, value) in &customer.metrics {
            for (key, figure) in figures(value) {
                let metric = metric.clone();
                self.metrics.push(&MetricRow { customer_id: id(), metric, key, figure })?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<ExportedFile>, ExportError> {
        let (customers, identifiers) = (self.customers.finish()?, self.identifiers.finish()?);
        Ok([customers, identifiers, self.consents.finish()?, self.metrics.finish()?].concat())
    }
}

fn is_known(customer: &Customer) -> bool {
    let mut held = customer.identifiers.iter().filter_map(|shown| shown.identifier.as_ref());
    held.any(|identifier| identifier.namespace != RECEIPT)
}

/// The figures of a metric, with the key where it is broken down; keys of a breakdown in a breakdown are joined by `/`.
fn figures(value: &MetricValue) -> Vec<(Option<String>, Figure)> {
    let Some(value) = &value.value else { return Vec::new() };
    let Value::Breakdown(breakdown) = value else {
        return plain(value).into_iter().map(|figure| (None, figure)).collect();
    };
    let below = breakdown.entries.iter().flat_map(|(key, value)| {
        let joined = move |inner: Option<String>| inner.map_or_else(|| key.clone(), |inner| format!("{key}/{inner}"));
        figures(value).into_iter().map(move |(inner, figure)| (Some(joined(inner)), figure))
    });
    below.collect()
}

/// The figures of a metric that is not broken down.
fn plain(value: &Value) -> Vec<Figure> {
    let form = |form| Figure { form, ..Figure::default() };
    let figure = match value {
        Value::Count(count) => Figure { value: sum(&count.to_string()), ..form("count") },
        Value::Decimal(text) => Figure { value: sum(text), ..form("decimal") },
        Value::Duration(length) => {
            let nanos = i128::from(length.seconds) * 1_000_000_000 + i128::from(length.nanos);
            Figure { value: Some(nanos), ..form("duration") }
        }
        Value::Instant(instant) => Figure { instant: time(Some(instant)), ..form("instant") },
        Value::Text(text) => Figure { text: Some(text.clone()), ..form("text") },
        Value::Money(money) => {
            let amount = |money: &types::record::Money| Figure {
                value: sum(&money.amount),
                currency: Some(money.currency_code.clone()),
                ..form("money")
            };
            return money.amounts.iter().map(amount).collect();
        }
        Value::Breakdown(_) => return Vec::new(),
    };
    vec![figure]
}
