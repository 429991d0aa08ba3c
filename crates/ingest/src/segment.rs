//! Messages in the form of Segment's specification, as its SDKs and those of RudderStack send them, read into touchpoints.
//!
//! Owns which field goes where; `docs/segment.md` says it for users. Segment is the event collector here, never a segment of
//! customers. Pure: knows neither the door that a message came through nor a clock, and never checks what `admit` checks.

use prost_types::Timestamp;
use proto::ingest::{Finding, Reason};
use types::Micros;
use types::record::Touchpoint;

use crate::check::{Findings, shown};
use fields::Fields;
use message::{Call, Message};

mod context;
mod event;
mod facts;
mod fields;
mod identifiers;
mod items;
mod json;
mod kept;
mod member;
mod message;
mod number;
mod order;

#[cfg(test)]
mod tests;

/// Reads one message: a JSON object in UTF-8 of at most `TOUCHPOINT_BYTES_MAX` bytes. `source` names the system that sent it
/// and becomes the touchpoint's source.
///
/// What the message does not say is left empty for the caller to fill in before `admit`: `message_id` where there is no
/// `messageId`, `occurred_at` where there is neither `timestamp` nor `originalTimestamp`.
///
/// ```
/// let message = br#"{"type": "track", "event": "Product Added", "userId": "u1", "messageId": "m1",
///     "timestamp": "2026-03-01T10:15:00.250Z", "properties": {"product_id": "green-tea", "price": 12.90, "currency": "EUR"}}"#;
/// let touchpoint = ingest::segment::read(message, "web").unwrap();
/// assert_eq!((touchpoint.kind.as_str(), touchpoint.message_id.as_str()), ("product_added", "m1"));
/// assert_eq!(touchpoint.items[0].price.as_ref().unwrap().amount, "12.90");
/// ```
///
/// # Errors
/// All findings against it; never empty. Their fields are paths in the message, such as `properties.products[2].price`, empty
/// for the message as a whole. No value of an identifier is shown, and of no other more than its start.
pub fn read(bytes: &[u8], source: &str) -> Result<Touchpoint, Vec<Finding>> {
    let mut findings = Findings::default();
    let message = Message::read(bytes, &mut findings);
    let touchpoint = message.map(|message| touchpoint(message, source, &mut findings));
    let findings = findings.into_list();
    touchpoint.filter(|_| findings.is_empty()).ok_or(findings)
}

fn touchpoint(mut message: Message<'_>, source: &str, findings: &mut Findings) -> Touchpoint {
    let mut touchpoint = Touchpoint {
        source: source.to_owned(),
        message_id: message.head.text("messageId", findings),
        occurred_at: occurred_at(&mut message.head, findings),
        ..Touchpoint::default()
    };
    context::read(&mut message, &mut touchpoint, findings);
    touchpoint.identifiers = identifiers::read(&mut message, findings);
    match message.call {
        Call::Identify => member::identify(&mut message, &mut touchpoint),
        Call::Alias => member::link(&mut touchpoint),
        Call::Group => member::group(&mut message, &mut touchpoint, findings),
        Call::Page => viewed("page_viewed", &mut message, &mut touchpoint, findings),
        Call::Screen => viewed("screen_viewed", &mut message, &mut touchpoint, findings),
        Call::Track => track(&mut message, &mut touchpoint, findings),
    }
    touchpoint.properties = kept::properties(message.properties);
    touchpoint
}

/// `timestamp` is what the collector made of the client's clock and its own; `originalTimestamp` is the client's alone.
fn occurred_at(head: &mut Fields<'_>, findings: &mut Findings) -> Option<Timestamp> {
    ["timestamp", "originalTimestamp"].into_iter().find_map(|name| {
        let text = head.text(name, findings);
        let instant = Micros::parse_rfc3339(text.trim());
        if instant.is_err() && !text.is_empty() {
            let what = shown(&text);
            let remedy = "send ISO 8601 with an offset, such as 2026-03-01T09:30:00.250Z";
            findings.add(Reason::Malformed, format_args!("{name}"), format!("{what} is no time; {remedy}"));
        }
        instant.ok().map(Micros::to_proto)
    })
}

/// Pages and screens have a name and a category beside their properties; most SDKs repeat them there.
fn viewed(kind: &str, message: &mut Message<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    kind.clone_into(&mut touchpoint.kind);
    for name in ["name", "category"] {
        let text = message.head.text(name, findings);
        message.properties.keep_text(name, text);
    }
    facts::place(&mut message.properties, touchpoint, findings);
}

fn track(message: &mut Message<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let Some(event) = event::read(&mut message.head, findings) else { return };
    touchpoint.kind = event.kind;
    if !event.channel.is_empty() {
        event.channel.clone_into(&mut touchpoint.channel);
    }
    facts::read(message, touchpoint, findings);
}
