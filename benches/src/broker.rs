//! The journal on Kafka beside its floor: bare rdkafka producing and consuming the same records with the same settings.

mod bare;
mod ours;
mod plan;

pub use plan::Plan;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use journal::{
    Journal, NewRecord,
    kafka::{Cleanup, Cluster, KafkaJournal, KafkaSettings, TopicSpec},
};

use crate::{series::Series, threads};

/// Partitions of the topics that are measured.
pub(crate) const PARTITIONS: u32 = 8;
/// Records of a call, as ingest's larger batches have.
const CALL_RECORDS: usize = 1_000;

/// Measures and prints.
///
/// # Errors
/// The broker's.
pub async fn measure(plan: &Plan) -> Result<()> {
    let settings = KafkaSettings::new(plan.brokers.clone());
    let (mut series, run) = (Series::default(), std::process::id());
    for number in 0..plan.runs {
        let records: Vec<NewRecord> = (0..plan.records).map(|n| record(n, plan.bytes)).collect();
        // Now the one is first, now the other: what came before warms the broker.
        let order = if number % 2 == 0 { ["bare", "ours"] } else { ["ours", "bare"] };
        for name in order {
            let (settings, records) = (settings.clone(), records.clone());
            let topic = format!("bench-{run}-{number}-{name}");
            let journal = tokio::task::spawn_blocking(move || open(settings, &topic)).await??;
            if name == "bare" {
                bare::produce(plan, &journal, &records, &mut series)?;
                bare::consume(plan, &journal, &mut series)?;
            } else {
                ours::produce(plan, &journal, records, &mut series).await?;
                ours::consume(plan, &journal, &mut series)?;
            }
        }
    }
    ratio(&mut series, "produced, records/s");
    ratio(&mut series, "consumed, records/s");
    let note = format!(
        "{} runs, {} records of {} B over {PARTITIONS} partitions; producers idempotent, acks=all, zstd; processor time is of \
         this process alone.",
        plan.runs, plan.records, plan.bytes
    );
    series.print("Kafka: Patron's journal and bare rdkafka", &note);
    Ok(())
}

/// A new topic that holds records, for what measures reading alone.
///
/// # Errors
/// The broker's.
pub(crate) fn filled(plan: &Plan, name: &str) -> Result<Topic> {
    let topic = open(KafkaSettings::new(plan.brokers.clone()), name)?;
    let records: Vec<NewRecord> = (0..plan.records).map(|n| record(n, plan.bytes)).collect();
    bare::produce(plan, &topic, &records, &mut Series::default())?;
    Ok(topic)
}

/// A topic that is new.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) settings: KafkaSettings,
    journal: Arc<KafkaJournal>,
}

fn open(settings: KafkaSettings, name: &str) -> Result<Topic> {
    let cluster = Cluster::connect(settings.clone(), Duration::from_secs(10))?;
    let spec = TopicSpec {
        name: name.to_owned(),
        partitions: PARTITIONS,
        replication: 0,
        cleanup: Cleanup::Keep,
        record_bytes_max: 4 << 20,
    };
    let journal = Arc::new(KafkaJournal::open(cluster, &spec)?);
    Ok(Topic { name: name.to_owned(), settings, journal })
}

/// Half of it repeats, as names and kinds do, and half of it does not, as ids do.
fn record(n: u64, bytes: usize) -> NewRecord {
    let mut hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let noise = std::iter::repeat_with(move || {
        hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (hash >> 56) as u8
    });
    let value: Vec<u8> =
        noise.take(bytes / 2).chain(b"order_completed".iter().copied().cycle().take(bytes - bytes / 2)).collect();
    NewRecord {
        partition: (n % u64::from(PARTITIONS)) as u32,
        key: n.to_be_bytes().to_vec(),
        value,
        headers: Vec::new(),
    }
}

/// Notes what a pass came to.
fn note(series: &mut Series, who: &str, what: &str, records: u64, pass: impl FnOnce() -> Result<()>) -> Result<()> {
    let (process, began) = (threads::process_nanos(), std::time::Instant::now());
    pass()?;
    let (wall, process) = (began.elapsed().as_secs_f64(), threads::process_nanos() - process);
    series.note(format!("{who}: {what}, records/s"), records as f64 / wall);
    series.note(format!("{who}: {what}, processor, µs a record"), process / records as f64 / 1e3);
    Ok(())
}

fn ratio(series: &mut Series, what: &str) {
    let [ours, bare] = ["Patron", "bare rdkafka"].map(|who| series.spread(&format!("{who}: {what}")).median);
    series.note(format!("Patron ÷ bare: {what}"), ours / bare);
}

/// All of the topic, checked to be there.
fn ends(topic: &Topic, wanted: u64) -> Result<()> {
    let held: u64 = topic.journal.ends()?.iter().sum();
    anyhow::ensure!(held == wanted, "{held} of {wanted} records lie in {}", topic.name);
    Ok(())
}
