//! What becomes of messages: by the specification, as the SDKs send them, and of such as nobody should send.

use std::sync::LazyLock;

use prost_types::value::Kind as ValueKind;
use proto::ingest::{Finding, Reason};
use types::record::{Item, Money, Touchpoint};
use types::{Catalogue, Micros, Normaliser};

use super::read;
use crate::fixtures::{identifier, money};
use crate::{BlockedValues, admit};

mod calls;
mod context;
mod events;
mod laws;
mod numbers;
mod orders;
mod refusals;
mod sdks;

/// Later than all that the messages speak of: 2026-12-01T00:00:00Z.
const RECEIVED: Micros = Micros(1_796_083_200_000_000);

const DOCS: &str = include_str!("../../../../docs/segment.md");

/// The kinds that the documentation says are to be configured.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let custom = block("toml", 0).split('"').skip(1).step_by(2);
    Catalogue::with_custom(custom.map(str::to_owned)).unwrap()
});

/// Compiled once: the patterns take a while.
static BLOCKED: LazyLock<BlockedValues> = LazyLock::new(BlockedValues::standard);

/// A block of code of the documentation, by its language and its place among those of that language.
fn block(language: &str, index: usize) -> &'static str {
    let begin = format!("```{language}\n");
    DOCS.split(&begin).nth(index + 1).and_then(|rest| rest.split("```").next()).unwrap()
}

fn read_ok(message: &str) -> Touchpoint {
    read(message.as_bytes(), "web").unwrap_or_else(|findings| panic!("{message}: {findings:?}"))
}

fn findings_of(message: &str) -> Vec<Finding> {
    read(message.as_bytes(), "web").expect_err(message)
}

/// Through the door, as a caller sends it: what a message does not say is filled in.
fn admitted(message: &str) -> Touchpoint {
    let mut touchpoint = read_ok(message);
    touchpoint.occurred_at.get_or_insert(Micros(RECEIVED.0 - 1_000_000).to_proto());
    if touchpoint.message_id.is_empty() {
        touchpoint.message_id = "filled-in".to_owned();
    }
    let admitted = admit(touchpoint, RECEIVED, &CATALOGUE, &BLOCKED, &Normaliser::default());
    admitted.unwrap_or_else(|findings| panic!("{message}: {findings:?}")).touchpoint
}

fn track(event: &str, properties: &str) -> String {
    let head = r#""type": "track", "userId": "u-1001", "messageId": "m-1", "timestamp": "2026-03-01T10:15:00.250Z""#;
    format!(r#"{{{head}, "event": "{event}", "properties": {properties}}}"#)
}

fn tracked(event: &str, properties: &str) -> Touchpoint {
    admitted(&track(event, properties))
}

/// The names and values of the properties, nested ones with their path, lists by index; texts in quotes.
fn kept(touchpoint: &Touchpoint) -> Vec<String> {
    let mut lines = Vec::new();
    let kind = touchpoint.properties.clone().map(ValueKind::StructValue);
    show("", kind.as_ref(), &mut lines);
    lines
}

fn show(path: &str, value: Option<&ValueKind>, lines: &mut Vec<String>) {
    match value {
        Some(ValueKind::StructValue(values)) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            values.fields.iter().for_each(|(name, value)| show(&below(name), value.kind.as_ref(), lines));
        }
        Some(ValueKind::ListValue(list)) => {
            let entries = list.values.iter().enumerate();
            entries.for_each(|(index, value)| show(&format!("{path}[{index}]"), value.kind.as_ref(), lines));
        }
        Some(ValueKind::StringValue(text)) => lines.push(format!("{path} \"{text}\"")),
        Some(ValueKind::NumberValue(number)) => lines.push(format!("{path} {number}")),
        Some(ValueKind::BoolValue(truth)) => lines.push(format!("{path} {truth}")),
        Some(ValueKind::NullValue(_)) => lines.push(format!("{path} null")),
        None => {}
    }
}

/// Identifiers as `namespace:value`, strongest first.
fn who(touchpoint: &Touchpoint) -> Vec<String> {
    touchpoint.identifiers.iter().map(|one| format!("{}:{}", one.namespace, one.value)).collect()
}
