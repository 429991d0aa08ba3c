//! Trying letters again, and settling them.
//!
//! A touchpoint is appended before its letter is settled: a crash between the two leaves the letter, and redriving it again
//! counts once. Never gives up a letter that is refused again.

use std::collections::BTreeSet;

use journal::{AppendError, NewRecord, Position, ReadError};
use prost::Message as _;
use proto::ingest::{DeadLetterFilter, RedriveDeadLettersResponse};
use types::dead_letter::{DeadLetter, DeadLetterRecord, Settlement};
use types::record::{Envelope, FORMAT_VERSION, PayloadType, Touchpoint};

use super::{Shared, scan};
use crate::raw;

/// Most letters, and most of their bytes, that are held between two appends.
const BATCH: (usize, usize) = (500, 16 << 20);

/// Why letters could not be settled.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettleError {
    #[error("dead-letters cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("the journal did not take the letters: {0}")]
    Append(#[from] AppendError),
}

/// Accepted touchpoints and the letters that they came from.
#[derive(Default)]
struct Batch {
    records: Vec<NewRecord>,
    ids: Vec<String>,
    bytes: usize,
}

/// Tries all unsettled letters that fit the filter.
pub(super) fn redrive(shared: &Shared, filter: &DeadLetterFilter) -> Result<RedriveDeadLettersResponse, SettleError> {
    let chosen: BTreeSet<Position> = scan::unsettled(shared.letters.as_ref(), filter)?.into_keys().collect();
    let (mut response, mut batch) = (RedriveDeadLettersResponse::default(), Batch::default());
    let mut failed = None;
    scan::each_record(shared.letters.as_ref(), |position, record| {
        let DeadLetterRecord::Letter(letter) = record else { return };
        if failed.is_some() || !chosen.contains(&position) {
            return;
        }
        try_again(shared, *letter, &mut batch, &mut response);
        if batch.ids.len() >= BATCH.0 || batch.bytes >= BATCH.1 {
            failed = settle_batch(shared, std::mem::take(&mut batch), &mut response).err();
        }
    })?;
    failed.map_or(Ok(()), Err)?;
    settle_batch(shared, batch, &mut response)?;
    Ok(response)
}

/// Gives up all unsettled letters that fit the filter, and says how many.
pub(super) fn drop_letters(shared: &Shared, filter: &DeadLetterFilter) -> Result<usize, SettleError> {
    let letters = scan::unsettled(shared.letters.as_ref(), filter)?;
    let ids: Vec<String> = letters.into_values().map(|(letter, _)| letter.origin.id()).collect();
    for some in ids.chunks(BATCH.0) {
        settle(shared, some.to_vec(), Settlement::Dropped)?;
    }
    Ok(ids.len())
}

fn try_again(shared: &Shared, letter: DeadLetter, batch: &mut Batch, response: &mut RedriveDeadLettersResponse) {
    let id = letter.origin.id();
    if letter.value.is_none() {
        response.without_value += 1;
        return;
    }
    match retake(shared, letter) {
        Ok(record) => {
            batch.bytes += record.bytes();
            batch.records.push(record);
            batch.ids.push(id);
        }
        Err(reason) => *response.refused.entry(reason).or_default() += 1,
    }
}

fn retake(shared: &Shared, letter: DeadLetter) -> Result<NewRecord, String> {
    let partitions = shared.touchpoints.topology().partitions;
    if letter.origin.topic_id == shared.touchpoints.topology().topic_id {
        return journal_record(letter, partitions);
    }
    let topic = shared.topics.get(&letter.origin.topic).ok_or("unknown_topic")?;
    let value = letter.value.as_deref();
    raw::read(value, letter.received_at, &letter.origin, topic, &shared.settings, partitions)
        .map_err(|refused| refused.reason)
}

/// A record of the journal itself that its projector could not read, but this version can.
fn journal_record(letter: DeadLetter, partitions: u32) -> Result<NewRecord, String> {
    let unreadable = |_| letter.cause.reason.clone();
    let value = letter.value.clone().unwrap_or_default();
    let envelope = Envelope::decode(value.as_slice()).map_err(unreadable)?;
    let known = envelope.format_version <= FORMAT_VERSION && envelope.payload_type() == PayloadType::Touchpoint;
    let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).map_err(unreadable)?;
    if !known || touchpoint.identifiers.is_empty() {
        return Err(letter.cause.reason);
    }
    Ok(NewRecord::placed((envelope.partition_key, value, Vec::new()), partitions))
}

fn settle_batch(shared: &Shared, batch: Batch, response: &mut RedriveDeadLettersResponse) -> Result<(), SettleError> {
    journal::wait(shared.touchpoints.append(batch.records))?;
    let count = batch.ids.len();
    settle(shared, batch.ids, Settlement::Redriven)?;
    response.redriven += i64::try_from(count).unwrap_or(i64::MAX);
    Ok(())
}

fn settle(shared: &Shared, ids: Vec<String>, how: Settlement) -> Result<(), SettleError> {
    let partitions = shared.letters.topology().partitions;
    // The settlement first: a crash between the two leaves bytes, and never an unsettled letter.
    let settled = ids.iter().map(|id| DeadLetterRecord::Settled(id.clone(), how).encode());
    let emptied = ids.iter().map(|id| DeadLetterRecord::in_place_of(id.clone(), how));
    let records: Vec<_> = settled.chain(emptied).map(|parts| NewRecord::placed(parts, partitions)).collect();
    journal::wait(shared.letters.append(records))?;
    Ok(())
}
