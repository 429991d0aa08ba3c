//! A message taken apart: which call it is, and the objects that its parts stand in.
//!
//! Never knows what the parts mean.

use proto::ingest::Reason;

use super::fields::Fields;
use super::json::{self, Json};
use crate::check::{Findings, shown};

/// The calls of Segment's specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

/// A message; its parts are emptied as they are read.
#[derive(Debug)]
pub(super) struct Message<'m> {
    pub(super) call: Call,
    /// What stands at the top, apart from the objects below.
    pub(super) head: Fields<'m>,
    pub(super) properties: Fields<'m>,
    pub(super) traits: Fields<'m>,
    pub(super) context: Fields<'m>,
    /// `context.traits`: what an earlier identify call said.
    pub(super) known_traits: Fields<'m>,
    /// `context.device`
    pub(super) device: Fields<'m>,
}

impl Call {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "identify" => Self::Identify,
            "track" => Self::Track,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "group" => Self::Group,
            "alias" => Self::Alias,
            _ => return None,
        })
    }
}

impl<'m> Message<'m> {
    /// `None` where it is no message at all; a finding says why.
    pub(super) fn read(bytes: &'m [u8], findings: &mut Findings) -> Option<Self> {
        let mut head = match json::read(bytes, findings)? {
            Json::Object(entries) => Fields::new(String::new(), entries),
            other => {
                no_message("", other.what(), findings);
                return None;
            }
        };
        let call = call(&mut head, findings)?;
        let mut context = head.object("context", findings);
        Some(Self {
            call,
            properties: head.object("properties", findings),
            traits: head.object("traits", findings),
            known_traits: context.object("traits", findings),
            device: context.object("device", findings),
            context,
            head,
        })
    }
}

fn call(head: &mut Fields<'_>, findings: &mut Findings) -> Option<Call> {
    if head.has("batch") && !head.has("type") {
        no_message("batch", "a batch", findings);
        return None;
    }
    let (reason, what) = match head.take("type") {
        None => (Reason::Required, "it is not given".to_owned()),
        Some(Json::Text(name)) => match Call::of_name(name.trim()) {
            Some(call) => return Some(call),
            None => (Reason::UnknownKind, format!("{} is no call", shown(&name))),
        },
        Some(other) => (Reason::UnknownKind, format!("it is {}", other.what())),
    };
    let remedy = "send one of `identify`, `track`, `page`, `screen`, `group`, `alias`";
    findings.add(reason, format_args!("type"), format!("{what}; {remedy}"));
    None
}

fn no_message(field: &str, what: &str, findings: &mut Findings) {
    let remedy = "one record is one message: send each message by itself, as a JSON object";
    findings.add(Reason::Malformed, format_args!("{field}"), format!("it is {what}; {remedy}"));
}
