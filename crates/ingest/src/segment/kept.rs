//! What is kept of a message among the properties: what has no field of its own, and a named part of the context.
//!
//! Owns that part, and how JSON becomes a struct. Never loses digits: a number that a double cannot hold stays a text.

use prost_types::value::Kind as ValueKind;
use prost_types::{ListValue, Struct, Value};

use super::fields::Fields;
use super::json::{Json, Object};
use super::message::{Call, Message};
use super::number;

/// The name that the kept part of the context has among the properties.
const CONTEXT: &str = "context";

/// Entries of the context itself that are kept.
const OF_CONTEXT: &[&str] = &["locale", "timezone", "groupId", "sessionId"];
const OF_PAGE: &[&str] = &["url", "referrer", "title"];
const OF_CAMPAIGN: &[&str] = &["id", "term", "content"];
const OF_DEVICE: &[&str] = &["manufacturer", "model"];
const ADVERTISING_ID: &str = "advertisingId";

/// Puts the kept part of the context among the properties, unless they have that name themselves.
pub(super) fn keep<'m>(message: &mut Message<'m>, mut campaign: Fields<'m>, mut page: Fields<'m>) {
    let mut kept = pick(&mut message.context, OF_CONTEXT);
    let mut device = pick(&mut message.device, OF_DEVICE);
    if message.device.take("adTrackingEnabled") != Some(Json::Bool(false)) {
        device.append(&mut pick(&mut message.device, &[ADVERTISING_ID]));
    }
    // The properties of a page call are the page's.
    let page = if message.call == Call::Page { Object::new() } else { pick(&mut page, OF_PAGE) };
    for (name, part) in [("page", page), ("campaign", pick(&mut campaign, OF_CAMPAIGN)), ("device", device)] {
        put(&mut kept, name, part);
    }
    if !kept.is_empty() {
        message.properties.keep(CONTEXT, Json::Object(kept));
    }
}

/// The properties of a touchpoint, of what is left of the message's. A null says nothing.
pub(super) fn properties(rest: Fields<'_>) -> Option<Struct> {
    let mut rest = rest.into_rest();
    rest.retain(|_, value| *value != Json::Null);
    (!rest.is_empty()).then(|| structure(rest))
}

/// An object as a struct, nulls included.
pub(super) fn structure(object: Object<'_>) -> Struct {
    Struct { fields: object.into_iter().map(|(name, json)| (name, value(json))).collect() }
}

/// Texts, numbers and truths of these names that are not empty.
fn pick<'m>(fields: &mut Fields<'m>, names: &[&str]) -> Object<'m> {
    let says = |value: &Json<'_>| match value {
        Json::Text(text) => !text.trim().is_empty(),
        Json::Number(_) | Json::Bool(_) => true,
        Json::Null | Json::List(_) | Json::Object(_) => false,
    };
    let take = |name: &&str| fields.take(name).filter(says).map(|value| ((*name).to_owned(), value));
    names.iter().filter_map(take).collect()
}

fn put<'m>(kept: &mut Object<'m>, name: &str, part: Object<'m>) {
    if !part.is_empty() {
        kept.insert(name.to_owned(), Json::Object(part));
    }
}

fn value(json: Json<'_>) -> Value {
    let kind = match json {
        Json::Null => ValueKind::NullValue(0),
        Json::Bool(truth) => ValueKind::BoolValue(truth),
        Json::Number(text) => {
            number::double(text).map_or_else(|| ValueKind::StringValue(text.to_owned()), ValueKind::NumberValue)
        }
        Json::Text(text) => ValueKind::StringValue(text),
        Json::List(list) => ValueKind::ListValue(ListValue { values: list.into_iter().map(value).collect() }),
        Json::Object(object) => ValueKind::StructValue(structure(object)),
    };
    Value { kind: Some(kind) }
}
