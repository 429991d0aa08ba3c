//! Patron's journal: appends of whole calls, polls of whole batches.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, Result, ensure};
use journal::{Journal, NewRecord, PollLimits, Position};

use super::{CALL_RECORDS, PARTITIONS, Plan, Topic, ends};
use crate::{series::Series, threads};

/// Calls under way at once, as ingest's streams have.
const CALLS: usize = 16;

/// Appends everything and waits for the last answer.
pub(super) async fn produce(plan: &Plan, topic: &Topic, records: Vec<NewRecord>, series: &mut Series) -> Result<()> {
    let calls: Vec<Vec<NewRecord>> = records.chunks(CALL_RECORDS).map(<[NewRecord]>::to_vec).collect();
    let (process, began) = (threads::process_nanos(), std::time::Instant::now());
    let (mut under_way, mut accepted) = (VecDeque::new(), 0);
    for call in calls {
        if under_way.len() == CALLS {
            let answer: tokio::task::JoinHandle<_> = under_way.pop_front().context("one is under way")?;
            accepted += answer.await??;
        }
        let journal = topic.journal.clone();
        under_way.push_back(tokio::spawn(async move { journal.append(call).await.map(|positions| positions.len()) }));
    }
    for answer in under_way {
        accepted += answer.await??;
    }
    let (wall, process) = (began.elapsed().as_secs_f64(), threads::process_nanos() - process);
    ensure!(accepted as u64 == plan.records, "{accepted} were accepted");
    series.note("Patron: produced, records/s", plan.records as f64 / wall);
    series.note("Patron: produced, processor, µs a record", process / plan.records as f64 / 1e3);
    ends(topic, plan.records)
}

/// Polls everything, as the projector does.
pub(super) fn consume(plan: &Plan, topic: &Topic, series: &mut Series) -> Result<()> {
    let from = (0..PARTITIONS).map(|partition| Position { partition, offset: 0 }).collect();
    let mut reader = topic.journal.reader(from)?;
    let limits = PollLimits { records_max: 4_096, bytes_max: 16 << 20 };
    let (mut count, mut bytes) = (0, 0);
    super::note(series, "Patron", "consumed", plan.records, || {
        while count < plan.records {
            let records = reader.poll(limits, Duration::from_secs(10))?;
            count += records.len() as u64;
            bytes += records.iter().map(|record| record.value.len()).sum::<usize>();
        }
        Ok(())
    })?;
    ensure!(bytes as u64 == plan.records * plan.bytes as u64, "{bytes} bytes came");
    Ok(())
}
