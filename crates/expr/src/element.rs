//! Readable fields of touchpoints and orders: `t.store`, `o.net`. The table is the language's schema of them.

use std::{collections::BTreeMap, sync::Arc};

use types::{Amounts, Decimal, ExactSum, Kind, record::Touchpoint};

use crate::{moving::Moving, number, schema::Type, subject::OrderView, value::Value};

mod amounts;

/// A readable field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// What it tells.
    pub description: &'static str,
    pub(crate) read: Read,
}

/// How a field is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Read {
    Touchpoint(fn(&Touchpoint) -> Value),
    Order(fn(&OrderView) -> Value),
}

/// All fields of touchpoints.
pub fn of_touchpoints() -> Vec<Field> {
    let text = |name, description, read| field(name, Type::Text, description, read);
    let texts = |name, description, read| field(name, Type::List(Box::new(Type::Text)), description, read);
    let number = |name, description, read| field(name, Type::Number, description, read);
    vec![
        text("kind", "What happened.", |t| Value::of_text(&t.kind)),
        text("source", "System that saw it.", |t| Value::of_text(&t.source)),
        text("message_id", "Name within the source.", |t| Value::of_text(&t.message_id)),
        field("occurred_at", Type::Instant, "When it happened.", |t| Value::of_instant(t.occurred())),
        text("store", "Store.", |t| Value::of_text(&t.store_id)),
        text("zone", "Zone of the store.", |t| Value::of_text(&t.zone_id)),
        text("channel", "Channel.", |t| Value::of_text(&t.channel)),
        text("visit", "Visit or session.", |t| Value::of_text(&t.visit_id)),
        text("campaign", "Campaign.", |t| campaign(t, |campaign| &campaign.name)),
        text("campaign_source", "Where the campaign came from.", |t| campaign(t, |campaign| &campaign.source)),
        text("campaign_medium", "How the campaign came.", |t| campaign(t, |campaign| &campaign.medium)),
        text("device", "Type of the device.", |t| {
            t.device.as_ref().map_or(Value::Absent, |device| Value::of_text(&device.r#type))
        }),
        text("order_id", "The order's id.", |t| Value::of_text(t.order_id())),
        number(
            "net",
            "What was paid: the order's total, else the items after discount; given back counts below zero.",
            amounts::net,
        ),
        number("discount", "All discounts.", amounts::discount),
        text("currency", "Currency of its amounts.", amounts::currency),
        number("units", "Units of all items.", amounts::units),
        texts("products", "Products, each once.", |t| items(t, |item| &item.product_id)),
        texts("categories", "Categories, each once.", |t| items(t, |item| &item.category)),
        texts("brands", "Brands, each once.", |t| items(t, |item| &item.brand)),
        text("coupon", "Coupon.", |t| {
            t.coupon.as_ref().map_or(Value::Absent, |coupon| Value::of_text(&coupon.coupon_id))
        }),
        text("offer", "Offer that the coupon belongs to.", |t| {
            t.coupon.as_ref().map_or(Value::Absent, |coupon| Value::of_text(&coupon.offer_id))
        }),
        text("message", "Marketing message.", |t| Value::of_text(&t.marketing_message_id)),
        text("case_id", "Service case.", |t| Value::of_text(&t.case_id)),
        text("scale", "Scale of the answer.", |t| {
            t.score.as_ref().map_or(Value::Absent, |score| Value::of_text(&score.scale))
        }),
        number("score", "Answer on the scale.", |t| {
            t.score.as_ref().and_then(|score| number::of_f64(score.value)).map_or(Value::Absent, Value::Number)
        }),
        field("duration", Type::Span, "How long it lasted.", |t| {
            let micros = |span: &prost_types::Duration| {
                span.seconds.saturating_mul(1_000_000).saturating_add(i64::from(span.nanos) / 1_000)
            };
            t.duration.as_ref().map_or(Value::Absent, |span| Value::Span(Moving::fixed(micros(span))))
        }),
        number("cost", "What the contact cost.", |t| amounts::money(t.cost.as_ref())),
        number("points", "Loyalty points.", |t| {
            if t.points == 0 { Value::Absent } else { Value::Number(number::whole(t.points)) }
        }),
        text("search", "Search words.", |t| Value::of_text(&t.search_query)),
        field("properties", Type::Map(Box::new(Type::Dynamic)), "Anything else that the source kept.", |t| {
            t.properties.as_ref().map_or(Value::Absent, of_struct)
        }),
    ]
}

/// All fields of orders.
pub fn of_orders() -> Vec<Field> {
    vec![
        order_field("occurred_at", Type::Instant, "When it was first reported as bought.", |o| {
            Value::of_instant(o.occurred_at)
        }),
        order_field("total", Type::Number, "What was to pay.", |o| single(&o.total)),
        order_field("net", Type::Number, "Total less all that was given back so far.", |o| single(&o.net)),
        order_field("currency", Type::Text, "Currency; absent if there are several.", |o| {
            let mut codes = o.total.0.keys();
            codes.next().filter(|_| o.total.0.len() == 1).map_or(Value::Absent, |code| Value::of_text(code.code()))
        }),
        order_field("units", Type::Number, "Units bought.", |o| Value::Number(o.units)),
        order_field("store", Type::Text, "Store.", |o| Value::of_text(&o.store)),
        order_field("channel", Type::Text, "Channel.", |o| Value::of_text(&o.channel)),
        order_field("categories", Type::List(Box::new(Type::Text)), "Categories of its items.", |o| {
            Value::of_texts(o.categories.iter().map(String::as_str))
        }),
    ]
}

fn field(name: &'static str, ty: Type, description: &'static str, read: fn(&Touchpoint) -> Value) -> Field {
    Field { name, ty, description, read: Read::Touchpoint(read) }
}

fn order_field(name: &'static str, ty: Type, description: &'static str, read: fn(&OrderView) -> Value) -> Field {
    Field { name, ty, description, read: Read::Order(read) }
}

fn campaign(touchpoint: &Touchpoint, part: fn(&types::record::Campaign) -> &str) -> Value {
    touchpoint.campaign.as_ref().map_or(Value::Absent, |campaign| Value::of_text(part(campaign)))
}

fn items(touchpoint: &Touchpoint, part: fn(&types::record::Item) -> &str) -> Value {
    let mut texts: Vec<&str> = Vec::new();
    for text in touchpoint.items.iter().map(part) {
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() { Value::Absent } else { Value::of_texts(texts) }
}

/// The sum over all currencies' amounts: right where there is one, which `currency` tells.
fn single(amounts: &Amounts) -> Value {
    Value::Number(amounts.0.values().fold(ExactSum(0), |sum, amount| sum.plus(*amount)))
}

/// A `google.protobuf.Struct` as a map.
pub fn of_struct(fields: &prost_types::Struct) -> Value {
    let entries: BTreeMap<String, Value> =
        fields.fields.iter().map(|(name, value)| (name.clone(), of_value(value))).collect();
    Value::Map(Arc::new(entries))
}

/// A `google.protobuf.Value`; null is absent.
pub fn of_value(value: &prost_types::Value) -> Value {
    use prost_types::value::Kind as Form;
    match &value.kind {
        None | Some(Form::NullValue(_)) => Value::Absent,
        Some(Form::BoolValue(truth)) => Value::Bool(*truth),
        Some(Form::NumberValue(number)) => number::of_f64(*number).map_or(Value::Absent, Value::Number),
        Some(Form::StringValue(text)) => Value::Text(text.as_str().into()),
        Some(Form::ListValue(list)) => Value::List(list.values.iter().map(of_value).collect()),
        Some(Form::StructValue(fields)) => of_struct(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        for fields in [of_touchpoints(), of_orders()] {
            assert_eq!(fields.iter().map(|field| field.name).collect::<BTreeSet<_>>().len(), fields.len());
        }
    }
}
