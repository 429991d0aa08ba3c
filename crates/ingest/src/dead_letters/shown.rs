//! Letters as the messages that callers see.

use std::collections::BTreeMap;

use proto::ingest::{DeadLetter as Shown, DeadLetterGroup, DeadLetterHeader};
use types::Micros;
use types::dead_letter::DeadLetter;

/// A letter; `value_bytes` is the length of the original value.
pub(super) fn letter(letter: DeadLetter, value_bytes: usize) -> Shown {
    Shown {
        id: letter.origin.id(),
        reason: letter.cause.reason,
        description: letter.cause.description,
        stage: letter.cause.stage.name().to_owned(),
        refused_by: letter.cause.by,
        topic: letter.origin.topic,
        partition: letter.origin.partition,
        offset: letter.origin.offset,
        received_at: Some(letter.received_at.to_proto()),
        value_bytes: whole(value_bytes),
        value_is_null: letter.value.is_none() && !letter.value_left_out,
        value_left_out: letter.value_left_out,
        value: letter.value.unwrap_or_default(),
        key: letter.key,
        headers: letter.headers.into_iter().map(|(name, value)| DeadLetterHeader { name, value }).collect(),
    }
}

/// The groups of letters, the largest first.
pub(super) fn groups(letters: impl Iterator<Item = (DeadLetter, usize)>) -> Vec<DeadLetterGroup> {
    let mut groups: BTreeMap<(String, String), DeadLetterGroup> = BTreeMap::new();
    for (letter, bytes) in letters {
        let key = (letter.cause.reason.clone(), letter.origin.topic.clone());
        add(groups.entry(key).or_insert_with(|| begun(&letter)), &letter, bytes);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

fn begun(letter: &DeadLetter) -> DeadLetterGroup {
    DeadLetterGroup {
        reason: letter.cause.reason.clone(),
        topic: letter.origin.topic.clone(),
        first_received_at: Some(letter.received_at.to_proto()),
        last_received_at: Some(letter.received_at.to_proto()),
        example_id: letter.origin.id(),
        example_description: letter.cause.description.clone(),
        ..DeadLetterGroup::default()
    }
}

fn add(group: &mut DeadLetterGroup, letter: &DeadLetter, bytes: usize) {
    let at = letter.received_at;
    let known = |time: Option<&prost_types::Timestamp>| time.map_or(at, Micros::from_proto);
    let (first, last) = (known(group.first_received_at.as_ref()), known(group.last_received_at.as_ref()));
    group.count += 1;
    group.bytes += whole(bytes);
    group.first_received_at = Some(first.min(at).to_proto());
    group.last_received_at = Some(last.max(at).to_proto());
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
