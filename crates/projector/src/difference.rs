//! What can be wrong with a state: a part, a field of it, what it holds and what the touchpoints say.
//!
//! Owns how a fragment's rows are compared with others. Never reads the journal, never mends anything.

use profile::{
    State,
    fields::{self, FieldDifference, Fields},
};
use prost::Message as _;
use store::{
    Snapshot, StoreError,
    family::{
        Family as _, Fragments, Months, Orders, Timeline, fragments::FragmentRow, timeline::TimelineKey,
        timeline::TimelineRow,
    },
};
use types::{
    FragmentId, HashKey,
    record::{Envelope, Touchpoint},
};

/// Most touchpoints named beside a difference.
pub(crate) const EXAMPLES_MAX: usize = 5;
/// Longest value shown, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// One field that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// Column family.
    pub(crate) part: &'static str,
    /// Field of the view, or of the row.
    pub(crate) field: String,
    /// What the state holds; `None` for nothing.
    pub(crate) held: Option<String>,
    /// What the touchpoints say.
    pub(crate) expected: Option<String>,
    /// Some of the touchpoints concerned.
    pub(crate) touchpoints: Vec<(TimelineKey, TimelineRow)>,
}

impl Difference {
    /// Of fields of one part.
    pub(crate) fn of(part: &'static str, fields: Vec<FieldDifference>) -> Vec<Self> {
        let cut = |text: String| text.chars().take(TEXT_CHARS_MAX).collect();
        let one = |FieldDifference { field, left, right }| Self {
            part,
            field,
            held: left.map(cut),
            expected: right.map(cut),
            touchpoints: Vec::new(),
        };
        fields.into_iter().map(one).collect()
    }

    /// Of a row as a whole, where no field says more.
    pub(crate) fn of_row(part: &'static str, held: Option<String>, expected: Option<String>) -> Self {
        Self { part, field: "row".to_owned(), held, expected, touchpoints: Vec::new() }
    }
}

/// The row and the whole state of a fragment.
pub(crate) fn state_of(
    snapshot: &Snapshot<'_>,
    fragment: FragmentId,
) -> Result<(Option<FragmentRow>, State), StoreError> {
    let row = snapshot.get::<Fragments>(&fragment)?;
    let mut state = State { core: row.as_ref().map(|row| row.core.clone()).unwrap_or_default(), ..State::default() };
    for row in snapshot.scan_prefix::<Months>(&fragment.0) {
        let ((_, month), activity) = row?;
        state.months.insert(month, activity);
    }
    for row in snapshot.scan_prefix::<Orders>(&fragment.0) {
        let ((_, order), facts) = row?;
        state.orders.insert(order, facts);
    }
    Ok((row, state))
}

/// The fields in which a fragment's state is not what it should be, each with the family of rows to which it is owed, and some
/// of the touchpoints that the family's differing rows are made of.
pub(crate) fn of_states(
    timeline: &Snapshot<'_>,
    hash_key: &HashKey,
    fragment: FragmentId,
    held: &State,
    expected: &State,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    for part in [Fragments::NAME, Months::NAME, Orders::NAME] {
        let Some(mixed) = with_part_of(part, held, expected) else { continue };
        let fields = fields::differing(&fields::of(&mixed), &fields::of(expected));
        let mut found = Difference::of(part, fields);
        if found.is_empty() {
            let text = |state: &State| Some(hidden(part, state, hash_key));
            found.push(Difference::of_row(part, text(held), text(expected)));
        }
        let examples = examples(timeline, hash_key, fragment, part, held, expected)?;
        found.iter_mut().for_each(|difference| difference.touchpoints.clone_from(&examples));
        differences.extend(found);
    }
    Ok(differences)
}

/// The expected state with one kind of row as held, so that what differs is owed to these rows; `None` if they are alike.
fn with_part_of(part: &str, held: &State, expected: &State) -> Option<State> {
    let mut mixed = expected.clone();
    match part {
        Fragments::NAME => mixed.core = held.core.clone(),
        Months::NAME => mixed.months.clone_from(&held.months),
        _ => mixed.orders.clone_from(&held.orders),
    }
    (mixed != *expected).then_some(mixed)
}

/// A fingerprint of what no view shows.
fn hidden(part: &str, state: &State, hash_key: &HashKey) -> String {
    let text = match part {
        Fragments::NAME => format!("{:?}", state.core),
        Months::NAME => format!("{:?}", state.months),
        _ => format!("{:?}", state.orders),
    };
    format!("rows with hash {}", hash_key.content_hash(text.as_bytes()))
}

/// Touchpoints of the fragment's timeline that the differing rows are made of.
fn examples(
    timeline: &Snapshot<'_>,
    hash_key: &HashKey,
    fragment: FragmentId,
    part: &str,
    held: &State,
    expected: &State,
) -> Result<Vec<(TimelineKey, TimelineRow)>, StoreError> {
    let mut examples = Vec::new();
    for row in timeline.scan_prefix::<Timeline>(&fragment.0) {
        let (key, row) = row?;
        if concerns(part, hash_key, &key, &row, held, expected) {
            examples.push((key, row));
        }
        if examples.len() == EXAMPLES_MAX {
            break;
        }
    }
    Ok(examples)
}

fn concerns(
    part: &str,
    hash_key: &HashKey,
    key: &TimelineKey,
    row: &TimelineRow,
    held: &State,
    expected: &State,
) -> bool {
    match part {
        Months::NAME => {
            let month = key.occurred_at.month();
            held.months.get(&month) != expected.months.get(&month)
        }
        Orders::NAME => touchpoint(row).is_some_and(|(_, touchpoint)| {
            let order = hash_key.order_key(touchpoint.order_id());
            held.orders.get(&order) != expected.orders.get(&order)
        }),
        _ => true,
    }
}

/// What a timeline row holds; `None` if it cannot be read.
pub(crate) fn touchpoint(row: &TimelineRow) -> Option<(Envelope, Touchpoint)> {
    let envelope = Envelope::decode(row.envelope.as_slice()).ok()?;
    let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).ok()?;
    Some((envelope, touchpoint))
}

/// The fields of a touchpoint as it lies in a timeline: its place in the journal, its receipt and all that it says.
pub(crate) fn touchpoint_fields(row: &TimelineRow) -> Fields {
    let mut fields = Fields::from([("position".to_owned(), format!("{}:{}", row.partition, row.offset))]);
    let Some((envelope, touchpoint)) = touchpoint(row) else {
        fields.insert("envelope".to_owned(), format!("{} bytes that cannot be read", row.envelope.len()));
        return fields;
    };
    fields.insert("received_at".to_owned(), envelope.received().to_string());
    let sealed = format!("{} {} {}", envelope.format_version, envelope.source, envelope.credential_id);
    fields.insert("envelope".to_owned(), sealed);
    if let serde_json::Value::Object(values) = proto::json::to_value(&touchpoint) {
        fields.extend(values.into_iter().map(|(name, value)| (format!("touchpoint.{name}"), value.to_string())));
    }
    fields
}
