//! A customer as sections of tables, and as one line of a list.

use proto::customer::{Customer, GetCustomerResponse, MetricValue, metric_value::Value};

use super::{
    table::{cut, section, table},
    value,
};

/// Line above a list of customers.
pub const LIST_HEAD: &str =
    "CUSTOMER                              ORDERS             NET  LAST TOUCHPOINT   IDENTIFIERS";

const LISTED_IDENTIFIERS_MAX: usize = 2;

/// One customer with all that is known.
pub fn sections(answer: &GetCustomerResponse) -> String {
    let nobody = Customer::default();
    let customer = answer.customer.as_ref().unwrap_or(&nobody);
    let parts = [head, identifiers, traits, consents, contact, metrics, refused];
    parts.map(|part| part(customer)).concat()
}

/// One line of a list, under `LIST_HEAD`.
pub fn line(customer: &Customer) -> String {
    let metric = |name: &str| customer.metrics.get(name).map_or_else(|| "-".to_owned(), value::metric);
    let strongest = customer.identifiers.iter().take(LISTED_IDENTIFIERS_MAX);
    let names: Vec<String> = strongest.map(|held| value::identifier(held.identifier.as_ref())).collect();
    let more = customer.identifiers.len().saturating_sub(LISTED_IDENTIFIERS_MAX);
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    format!(
        "{:<36}  {:>6}  {:>14}  {:<16}  {}{more}",
        customer.customer_id,
        metric("orders"),
        metric("net"),
        value::minute(customer.last_touchpoint_at.as_ref()),
        cut(&names.join(" "), 48)
    )
}

fn head(customer: &Customer) -> String {
    let Customer { customer_id, touchpoint_count, .. } = customer;
    let (first, last) =
        (value::time(customer.first_touchpoint_at.as_ref()), value::time(customer.last_touchpoint_at.as_ref()));
    let span = if *touchpoint_count > 0 {
        format!("{touchpoint_count} touchpoints, {first} to {last}\n")
    } else {
        String::new()
    };
    format!("Customer {customer_id}\n{span}")
}

fn identifiers(customer: &Customer) -> String {
    let mut rows = table(&["namespace", "value", "first seen"]);
    for held in &customer.identifiers {
        let (namespace, text) = held
            .identifier
            .as_ref()
            .map_or(("-", "-"), |identifier| (identifier.namespace.as_str(), identifier.value.as_str()));
        rows.add_row([namespace, text, &value::time(held.first_seen_at.as_ref())]);
    }
    section("Identifiers", &rows)
}

fn traits(customer: &Customer) -> String {
    let mut rows = table(&["trait", "value"]);
    for (name, held) in customer.traits.iter().flat_map(|traits| &traits.fields) {
        rows.add_row([name.as_str(), &value::json(held)]);
    }
    section("Traits", &rows)
}

fn consents(customer: &Customer) -> String {
    let mut rows = table(&["purpose", "decision", "decided"]);
    for consent in &customer.consents {
        let decision = value::decision(consent.status());
        rows.add_row([consent.purpose.as_str(), decision, &value::time(consent.decided_at.as_ref())]);
    }
    section("Consents", &rows)
}

/// One row for each channel, and under it one for each cap.
fn contact(customer: &Customer) -> String {
    let mut rows = table(&["channel", "consent", "contacts", "may be contacted", "changes"]);
    for channel in &customer.contact {
        let consent = value::decision(channel.consent());
        let allowed = if channel.allowed { "yes" } else { "no" };
        let changes = match &channel.next_not_before {
            Some(bound) => format!("not before {}", value::time(Some(bound))),
            None => value::time(channel.changes_at.as_ref()),
        };
        rows.add_row([channel.channel.as_str(), consent, "", allowed, &changes]);
        for count in &channel.counts {
            let over = if count.channel.is_empty() { "  any" } else { "  own" };
            let span = count.span.as_ref().map_or_else(|| "-".to_owned(), |span| value::span(*span));
            rows.add_row([over, "", &format!("{} of {} in {span}", count.contacts, count.max), "", ""]);
        }
    }
    section("Contact", &rows)
}

fn metrics(customer: &Customer) -> String {
    let mut rows = table(&["metric", "value"]);
    for (name, held) in &customer.metrics {
        add_metric(&mut rows, name, held, 0);
    }
    section("Metrics", &rows)
}

/// A breakdown's entries stand under it, further in.
fn add_metric(rows: &mut comfy_table::Table, name: &str, held: &MetricValue, depth: usize) {
    let breakdown = if let Some(Value::Breakdown(breakdown)) = &held.value { Some(breakdown) } else { None };
    let shown = if breakdown.is_some() { String::new() } else { value::metric(held) };
    rows.add_row([format!("{}{name}", "  ".repeat(depth)), shown]);
    for (key, entry) in breakdown.iter().flat_map(|breakdown| &breakdown.entries) {
        add_metric(rows, key, entry, depth + 1);
    }
}

/// Links that a rule refused.
pub(super) fn refused(customer: &Customer) -> String {
    let mut rows = table(&["identifier", "not linked to", "why", "since"]);
    for link in &customer.refused_links {
        let (one, other) = (value::identifier(link.identifier.as_ref()), value::identifier(link.other.as_ref()));
        rows.add_row([one, other, link.rule.clone(), value::time(link.first_evidence_at.as_ref())]);
    }
    section("Refused links", &rows)
}
