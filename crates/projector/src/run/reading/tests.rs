//! Records come in order, each once, within the limits of a batch, whatever the journal does meanwhile.

use std::collections::VecDeque;

use journal::{ReadError, Reader};
use prost::Message;
use types::{
    Identifier,
    record::{Envelope, FORMAT_VERSION, PayloadType, Touchpoint},
};

use super::*;

/// Answers polls as it is told to, and then with nothing.
struct Script(VecDeque<Result<Vec<Record>, ReadError>>);

impl Reader for Script {
    fn poll(&mut self, _: PollLimits, wait: Duration) -> Result<Vec<Record>, ReadError> {
        self.0.pop_front().unwrap_or_else(|| {
            thread::park_timeout(wait);
            Ok(Vec::new())
        })
    }
}

fn envelope(format_version: u32, payload: Vec<u8>) -> Vec<u8> {
    let envelope = Envelope {
        format_version,
        partition_key: vec![1; 16],
        source: "till".into(),
        received_at: Some(Default::default()),
        payload_type: PayloadType::Touchpoint.into(),
        payload,
        ..Default::default()
    };
    envelope.encode_to_vec()
}

/// Of three records one cannot be read.
fn record(offset: u64) -> Record {
    let message_id = offset.to_string();
    let identifiers = vec![(&Identifier::new("user_id", &message_id)).into()];
    let touchpoint = Touchpoint { message_id, identifiers, ..Default::default() };
    let value =
        if offset % 3 == 1 { b"rubbish".to_vec() } else { envelope(FORMAT_VERSION, touchpoint.encode_to_vec()) };
    of(offset, value)
}

fn of(offset: u64, value: Vec<u8>) -> Record {
    let position = Position { partition: 0, offset };
    Record { position, timestamp_us: 0, key: Vec::new(), value, headers: Vec::new() }
}

fn failure() -> ReadError {
    ReadError::Server { place: "here".into(), reason: "no".into() }
}

fn reading(script: Vec<Result<Vec<Record>, ReadError>>) -> Reading {
    let limits = PollLimits { records_max: 7, bytes_max: 1 << 20 };
    let next = BTreeMap::from([(0, 2)]);
    Reading::start(Box::new(Script(script.into())), next, limits, HashKey::derive("test")).unwrap()
}

/// Offsets of touchpoints, and of the others.
fn offsets(arrived: &Arrived) -> (Vec<u64>, Vec<u64>) {
    let others = arrived.others.iter().map(|(position, _)| position.offset).collect();
    (arrived.arrivals.all().iter().map(|one| one.offset).collect(), others)
}

/// What is taken until nothing comes any more.
fn all(reading: &Reading) -> Vec<(Vec<u64>, Vec<u64>)> {
    let (mut arrived, mut batches) = (Arrived::default(), Vec::new());
    loop {
        match reading.take(&mut arrived) {
            Taken::Records => {
                assert!(arrived.records <= 7, "{} records in a batch", arrived.records);
                let (touchpoints, others) = offsets(&arrived);
                assert_eq!(touchpoints.len() + others.len(), arrived.records);
                let last = touchpoints.iter().chain(&others).max().copied().unwrap();
                assert_eq!(arrived.next, BTreeMap::from([(0, last + 1)]));
                batches.push((touchpoints, others));
            }
            Taken::Nothing | Taken::Silence if !batches.is_empty() => return batches,
            Taken::Nothing | Taken::Silence => {}
            Taken::Failing(reason) => panic!("{reason}"),
        }
    }
}

#[test]
fn records_come_in_order_and_once_within_the_limits() {
    // Polls that overlap, as after an answer that was lost; what is below the start was folded before.
    let polls = (0..20).map(|poll| Ok((poll * 3_u64..poll * 3 + 5).map(record).collect()));
    let reading = reading(polls.collect());
    let (touchpoints, others): (Vec<_>, Vec<_>) = all(&reading).into_iter().unzip();
    let expected = |skipped: bool| (2..62).filter(|offset| (offset % 3 == 1) == skipped).collect::<Vec<u64>>();
    assert_eq!((touchpoints.concat(), others.concat()), (expected(false), expected(true)));
}

#[test]
fn what_comes_while_the_fold_is_busy_is_one_batch() {
    let reading = reading(vec![Ok(vec![record(2)]), Ok(vec![record(3)]), Ok(vec![record(4)]), Err(failure())]);
    let held = || reading.desk.lies();
    while held().failing.is_none() {
        thread::yield_now();
    }
    let mut arrived = Arrived::default();
    assert!(matches!(reading.take(&mut arrived), Taken::Records));
    assert_eq!(offsets(&arrived), (vec![2, 3], vec![4]));
}

#[test]
fn a_failure_is_told_once_and_nothing_before_the_journal_answers() {
    let reading = reading(vec![Err(failure()), Ok(vec![record(2)])]);
    let (mut arrived, mut silent) = (Arrived::default(), 0);
    let told = loop {
        match reading.take(&mut arrived) {
            Taken::Failing(reason) => break reason,
            Taken::Silence => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(told.contains("cannot read the journal at here"), "{told}");
    loop {
        match reading.take(&mut arrived) {
            Taken::Records => break,
            Taken::Silence => silent += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(silent > 0, "it is asked again after a pause");
    while !matches!(reading.take(&mut arrived), Taken::Nothing) {}
}

#[test]
fn nothing_is_read_behind_what_a_newer_version_wrote() {
    let newer = of(3, envelope(FORMAT_VERSION + 1, Vec::new()));
    let reading = reading(vec![Ok(vec![record(2), newer, record(5)]), Ok(vec![record(6)])]);
    let mut arrived = Arrived::default();
    while !matches!(reading.take(&mut arrived), Taken::Records) {}
    assert_eq!(offsets(&arrived).0, [2]);
    assert_eq!(arrived.newer.map(|(position, version)| (position.offset, version)), Some((3, FORMAT_VERSION + 1)));
    // Its thread has ended, which whoever stands still because of the newer one does not ask about.
    while !matches!(reading.take(&mut arrived), Taken::Failing(_)) {
        assert!(arrived.is_empty());
    }
}
