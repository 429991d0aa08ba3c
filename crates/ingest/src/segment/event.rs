//! From the name of an event to the kind of the touchpoint.
//!
//! Owns which events of the specification mean what a kind of the catalogue means. All others become a kind by their name
//! alone; whether that kind is configured is for the checks to say.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proto::ingest::Reason;
use types::Kind;
use types::kind::is_name;

use super::fields::Fields;
use super::json::Json;
use crate::check::{Findings, shown};

/// What an event says happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: String,
    /// The channel that the event's name says, else empty.
    pub(super) channel: &'static str,
}

/// Events under another name than the kind's: those that the specification calls aliases, the other spelling, e-mail, consent.
const OTHER_NAMES: &[(&str, Kind, &str)] = &[
    ("Viewed Product Category", Kind::ProductListViewed, ""),
    ("Viewed Product", Kind::ProductViewed, ""),
    ("Added Product", Kind::ProductAdded, ""),
    ("Removed Product", Kind::ProductRemoved, ""),
    ("Viewed Promotion", Kind::PromotionViewed, ""),
    ("Clicked Promotion", Kind::PromotionClicked, ""),
    ("Started Order", Kind::CheckoutStarted, ""),
    ("Completed Order", Kind::OrderCompleted, ""),
    ("Order Canceled", Kind::OrderCancelled, ""),
    ("Email Sent", Kind::MessageSent, "email"),
    ("Email Delivered", Kind::MessageDelivered, "email"),
    ("Email Opened", Kind::MessageOpened, "email"),
    ("Email Link Clicked", Kind::MessageClicked, "email"),
    ("Segment Consent Preference Updated", Kind::ConsentChanged, ""),
    ("Segment Consent Preference", Kind::ConsentChanged, ""),
];

/// By name, reduced to its letters and digits.
static KNOWN: LazyLock<BTreeMap<String, (Kind, &'static str)>> = LazyLock::new(|| {
    let by_name = Kind::ALL.iter().map(|kind| (letters(kind.name()), (*kind, "")));
    by_name.chain(OTHER_NAMES.iter().map(|(name, kind, channel)| (letters(name), (*kind, *channel)))).collect()
});

/// The event of a track call; `None`, and a finding, where it names none that can be a kind.
pub(super) fn read(head: &mut Fields<'_>, findings: &mut Findings) -> Option<Event> {
    let (reason, what) = match head.take("event") {
        Some(Json::Text(name)) if !name.trim().is_empty() => match of_name(&name) {
            Some(event) => return Some(event),
            None => (Reason::UnknownKind, format!("{} cannot be the name of a kind", shown(&name))),
        },
        None | Some(Json::Text(_)) => (Reason::Required, "it is not given".to_owned()),
        Some(other) => (Reason::Malformed, format!("it is {}", other.what())),
    };
    let remedy = "name what happened in letters a to z, digits and spaces, a letter first, e.g. `Order Completed`";
    findings.add(reason, format_args!("event"), format!("{what}; {remedy}"));
    None
}

fn of_name(name: &str) -> Option<Event> {
    let kind = snake_case(name)?;
    Some(match KNOWN.get(&letters(name)) {
        Some((kind, channel)) => Event { kind: kind.name().to_owned(), channel },
        None => Event { kind, channel: "" },
    })
}

/// The name in lower-case words with `_` between them: `Order Completed`, `orderCompleted` and `order-completed` are
/// `order_completed`. `None` where it has letters beyond a to z, which a name cannot hold, or does not begin with a letter.
pub(super) fn snake_case(name: &str) -> Option<String> {
    let mut snake = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        if character.is_alphanumeric() && !character.is_ascii() {
            return None;
        }
        let before = index.checked_sub(1).and_then(|before| characters.get(before));
        if begins_word(before, *character, characters.get(index + 1)) && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        if character.is_ascii_alphanumeric() {
            snake.push(character.to_ascii_lowercase());
        }
    }
    let snake = snake.trim_end_matches('_');
    let short = snake.get(..snake.len().min(64))?;
    is_name(short).then(|| snake.to_owned())
}

/// At what is no letter or digit, and at a capital that comes after a small letter or before one.
fn begins_word(before: Option<&char>, character: char, after: Option<&char>) -> bool {
    let small = |neighbour: Option<&char>| neighbour.is_some_and(char::is_ascii_lowercase);
    !character.is_ascii_alphanumeric() || (character.is_ascii_uppercase() && (small(before) || small(after)))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
