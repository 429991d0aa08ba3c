//! What a differing row means: which fragment it belongs to, and which of its fields differ.

use profile::fields::{self, Fields};
use store::{
    Snapshot, StoreError,
    compare::RowDifference,
    decision::HeldDecision,
    family::{
        Conflicts, Copies, Decisions, Definitions, Family, Fragments, Incidence, Losers, Months, Orders, Shards,
        Timeline,
        definitions::{VersionKey, VersionRow},
        fragments::FragmentRow,
        timeline::{TimelineKey, TimelineRow},
    },
};
use types::{CopyKey, FragmentId, HashKey, Micros};

use crate::{
    difference::{self, Difference},
    scrub::check,
};

/// The fragment that a row belongs to; `None` where it belongs to none, or where its family is not known here.
pub(super) fn fragment_of(row: &RowDifference, hash_key: &HashKey) -> Option<FragmentId> {
    let part = |from: usize| row.key.get(from..from + 16)?.try_into().ok().map(FragmentId);
    match row.family {
        Fragments::NAME | Months::NAME | Orders::NAME | Timeline::NAME | Losers::NAME => part(0),
        Incidence::NAME => part(16),
        Copies::NAME => values::<Copies>(row).into_iter().flatten().map(|copy| copy.fragment).next(),
        Conflicts::NAME => {
            let kept = values::<Conflicts>(row).into_iter().flatten().next()?;
            let (_, touchpoint) = difference::touchpoint(&kept)?;
            let ids: Vec<_> = check::identifiers(&touchpoint, hash_key).into_iter().map(|(id, _)| id).collect();
            Some(hash_key.fragment_id(&ids))
        }
        _ => None,
    }
}

/// What the differing rows of one fragment mean: its state in the words of the view, then the other rows.
pub(super) fn explain_fragment(
    (live, folded): (&Snapshot<'_>, &Snapshot<'_>),
    hash_key: &HashKey,
    fragment: FragmentId,
    rows: &[RowDifference],
) -> Result<Vec<Difference>, StoreError> {
    let of_state = |row: &&RowDifference| [Fragments::NAME, Months::NAME, Orders::NAME].contains(&row.family);
    let mut found = Vec::new();
    if rows.iter().any(|row| of_state(&row)) {
        match of_states((live, folded), hash_key, fragment) {
            // A row of it cannot be read: the rows themselves say as much.
            Err(StoreError::Damaged { .. }) => {
                found.extend(rows.iter().filter(of_state).map(|row| whole(row, hash_key)));
            }
            differences => found.extend(differences?),
        }
    }
    found.extend(rows.iter().filter(|row| !of_state(row)).flat_map(|row| explain(row, hash_key)));
    Ok(found)
}

fn of_states(
    (live, folded): (&Snapshot<'_>, &Snapshot<'_>),
    hash_key: &HashKey,
    fragment: FragmentId,
) -> Result<Vec<Difference>, StoreError> {
    let (held_row, held) = difference::state_of(live, fragment)?;
    let (row, expected) = difference::state_of(folded, fragment)?;
    let mut found = difference::of_states(folded, hash_key, fragment, &held, &expected)?;
    let (held, expected) = (row_fields(held_row), row_fields(row));
    found.extend(Difference::of(Fragments::NAME, fields::differing(&held, &expected)));
    Ok(found)
}

/// What a fragment's row holds beside its state.
fn row_fields(row: Option<FragmentRow>) -> Fields {
    let Some(row) = row else { return Fields::new() };
    let names = row.identifiers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let lost = row.lost.as_ref().map(|place| ("lost".to_owned(), check::lost_text(place)));
    Fields::from([("identifiers".to_owned(), names)]).into_iter().chain(lost).collect()
}

/// What a differing row means by itself.
pub(super) fn explain(row: &RowDifference, hash_key: &HashKey) -> Vec<Difference> {
    let found = match row.family {
        Timeline::NAME => of_touchpoints::<Timeline>(row),
        Conflicts::NAME => of_touchpoints::<Conflicts>(row),
        Incidence::NAME => vec![of_incidence(row)],
        Losers::NAME => vec![of_loser(row)],
        Decisions::NAME => of_decision(row, hash_key),
        Definitions::NAME => vec![of_definition(row)],
        Copies::NAME => {
            let [held, expected] = values::<Copies>(row).map(|copy| copy.as_ref().map(check::copy_text));
            vec![Difference::of_row(row.family, held, expected)]
        }
        Shards::NAME => {
            let text = |shard: Option<store::family::shards::ShardRow>| shard.map(|shard| format!("{shard:?}"));
            let [held, expected] = values::<Shards>(row).map(text);
            vec![Difference::of_row(row.family, held, expected)]
        }
        _ => Vec::new(),
    };
    if found.is_empty() { vec![whole(row, hash_key)] } else { found }
}

/// Both values of a row; one that cannot be read counts as absent.
fn values<F: Family>(row: &RowDifference) -> [Option<F::Value>; 2] {
    [&row.left, &row.right].map(|value| F::decode_value(value.as_deref()?).ok())
}

fn of_touchpoints<F: Family<Value = TimelineRow>>(row: &RowDifference) -> Vec<Difference> {
    let [held, expected] = values::<F>(row);
    let fields = |row: &Option<TimelineRow>| row.as_ref().map(difference::touchpoint_fields).unwrap_or_default();
    let mut found = Difference::of(row.family, fields::differing(&fields(&held), &fields(&expected)));
    let key = TimelineKey { fragment: FragmentId([0; 16]), occurred_at: Micros(0), copy: CopyKey([0; 16]) };
    let key = Timeline::decode_key(&row.key).unwrap_or(key);
    if let Some(named) = expected.or(held) {
        found.iter_mut().for_each(|difference| difference.touchpoints.push((key, named.clone())));
    }
    found
}

fn of_incidence(row: &RowDifference) -> Difference {
    let text = |value: &Option<Box<[u8]>>| value.is_some().then(|| "leads to the fragment".to_owned());
    let mut difference = Difference::of_row(row.family, text(&row.left), text(&row.right));
    if let Some((identifier, _)) = Incidence::decode_key(&row.key) {
        difference.field = format!("identifier {identifier}");
    }
    difference
}

fn of_loser(row: &RowDifference) -> Difference {
    let text = |value: &Option<Box<[u8]>>| value.is_some().then(|| "lost against another of its name".to_owned());
    let mut difference = Difference::of_row(row.family, text(&row.left), text(&row.right));
    if let Some((_, copy, content)) = Losers::decode_key(&row.key) {
        difference.field = format!("touchpoint of copy {copy}, content {content}");
    }
    difference
}

fn of_decision(row: &RowDifference, hash_key: &HashKey) -> Vec<Difference> {
    let fields = |row: &Option<TimelineRow>| row.as_ref().map(|row| decision_fields(row, hash_key)).unwrap_or_default();
    let [held, expected] = values::<Decisions>(row);
    Difference::of(row.family, fields::differing(&fields(&held), &fields(&expected)))
}

fn of_definition(row: &RowDifference) -> Difference {
    let text = |version: Option<VersionRow>| version.map(|version| format!("{:?}", version.body));
    let [held, expected] = values::<Definitions>(row).map(text);
    let mut difference = Difference::of_row(row.family, held, expected);
    if let Some(VersionKey { kind, name, number }) = Definitions::decode_key(&row.key) {
        difference.field = format!("version {number} of {kind}/{name}");
    }
    difference
}

/// The fields of an operator's decision: its place in the journal, its receipt and what it says.
fn decision_fields(row: &TimelineRow, hash_key: &HashKey) -> Fields {
    let position = ("position".to_owned(), format!("{}:{}", row.partition, row.offset));
    let Ok(held) = HeldDecision::of(row, hash_key) else {
        let unreadable = ("decision".to_owned(), format!("{} bytes that cannot be read", row.envelope.len()));
        return Fields::from([position, unreadable]);
    };
    let [(_, left), (_, right)] = &held.decision.ends;
    let said = [
        ("received_at", held.received_at.to_string()),
        ("decision.action", format!("{:?}", held.decision.action)),
        ("decision.ends", format!("{left} {right}")),
        ("decision.decision_id", held.decision.place.message_id.clone()),
        ("decision.decided_at", held.decision.place.occurred_at.to_string()),
        ("decision.reason", held.decision.reason.clone()),
        ("decision.operator", held.decision.operator.clone()),
    ];
    said.into_iter().map(|(name, text)| (name.to_owned(), text)).chain([position]).collect()
}

/// A row of which nothing is known but its bytes.
fn whole(row: &RowDifference, hash_key: &HashKey) -> Difference {
    let text = |value: &Option<Box<[u8]>>| {
        value.as_ref().map(|bytes| format!("{} bytes with hash {}", bytes.len(), hash_key.content_hash(bytes)))
    };
    let mut difference = Difference::of_row(row.family, text(&row.left), text(&row.right));
    let key: String = row.key.iter().map(|byte| format!("{byte:02x}")).collect();
    difference.field = format!("row {key}");
    difference
}
