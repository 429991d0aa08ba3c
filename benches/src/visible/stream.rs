//! `PublishStream`: as fast as it goes, and at a steady rate behind other work.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use patron::client::{
    Server,
    publish::{Batch, Observer, PublishError, publish},
};
use proto::{customer::GetCustomerRequest, ingest::PublishResult};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::MissedTickBehavior,
};
use types::record::Position;

use super::{
    crowd::{self, Crowd},
    probe,
};
use crate::{series::Series, threads};

/// Touchpoints of a batch, as the program's own commands send them.
const BATCH_TOUCHPOINTS: usize = 1_000;
/// How often the background sends.
const TICK: Duration = Duration::from_millis(10);
/// Waits for the fold before the measurement is given up.
const WAITS_MAX: u32 = 60;

/// Counts what was accepted, and remembers where the last of each partition lies.
#[derive(Default)]
struct Tally {
    accepted: u64,
    last: BTreeMap<u32, Position>,
}

impl Observer<()> for Tally {
    fn answered(&mut self, _: Batch<()>, results: Vec<PublishResult>) -> std::io::Result<()> {
        for position in results.iter().filter_map(probe::position) {
            self.accepted += 1;
            self.last.insert(position.partition, position);
        }
        Ok(())
    }

    fn waits(&mut self, why: &str, delay: Duration) {
        println!("the server asks to wait {} ms: {why}", delay.as_millis());
    }
}

/// Publishes without a pause and waits until all is folded; touchpoints a second from the first sent to the last folded.
pub(super) async fn sustained(server: &Server, crowd: &Arc<Crowd>, span: Duration, series: &mut Series) -> Result<f64> {
    let (sender, source) = mpsc::channel(1);
    let (start, crowd, process, mut tally) =
        (Instant::now(), Arc::clone(crowd), threads::process_nanos(), Tally::default());
    let made = tokio::spawn({
        let crowd = Arc::clone(&crowd);
        async move {
            while start.elapsed() < span {
                let touchpoints = crowd.take(BATCH_TOUCHPOINTS);
                if sender.send(Batch { touchpoints, tag: () }).await.is_err() {
                    return;
                }
            }
        }
    });
    publish(server, source, &mut tally).await?;
    let accepted_in = start.elapsed();
    made.await?;
    folded(server, &crowd, tally.last.into_values().collect()).await?;
    let (folded_in, process) = (start.elapsed(), threads::process_nanos() - process);
    let rate = |span: Duration| tally.accepted as f64 / span.as_secs_f64();
    series.note("PublishStream: accepted, touchpoints/s", rate(accepted_in));
    series.note("PublishStream: accepted and folded, touchpoints/s", rate(folded_in));
    series
        .note("PublishStream: processor with client and fold, µs a touchpoint", process / tally.accepted as f64 / 1e3);
    Ok(rate(folded_in))
}

/// Waits until these positions are folded.
async fn folded(server: &Server, crowd: &Crowd, min_position: Vec<Position>) -> Result<()> {
    let customer = Some(crowd::who(crowd.first())?);
    let request = GetCustomerRequest { customer, min_position, ..GetCustomerRequest::default() };
    let mut last = None;
    for _ in 0..WAITS_MAX {
        match server.customers().get_customer(request.clone()).await {
            Ok(_) => return Ok(()),
            Err(status) => last = Some(status),
        }
    }
    Err(last.context("asked at least once")?.into())
}

/// A steady stream beside other work.
pub(super) struct Background {
    stop: watch::Sender<bool>,
    sender: JoinHandle<()>,
    stream: JoinHandle<Result<Tally, PublishError>>,
    start: Instant,
    process: f64,
}

impl Background {
    /// Offers so many touchpoints a second until it is stopped.
    pub(super) fn start(server: &Server, crowd: &Arc<Crowd>, rate: f64) -> Self {
        let (batches, source) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let (server, count) = (server.clone(), (rate * TICK.as_secs_f64()).max(1.0) as usize);
        let sender = tokio::spawn(tick(Arc::clone(crowd), count, batches, stopped));
        let stream = tokio::spawn(async move {
            let mut tally = Tally::default();
            publish(&server, source, &mut tally).await.map(|()| tally)
        });
        Self { stop, sender, stream, start: Instant::now(), process: threads::process_nanos() }
    }

    /// Ends it and notes what went through, and what the whole process took meanwhile.
    pub(super) async fn stop(self, when: &str, series: &mut Series) -> Result<()> {
        self.stop.send_replace(true);
        self.sender.await?;
        let tally = self.stream.await??;
        let (process, seconds) = (threads::process_nanos() - self.process, self.start.elapsed().as_secs_f64());
        series.note(format!("{when}: accepted beside, touchpoints/s"), tally.accepted as f64 / seconds);
        series.note(format!("{when}: processor, whole process, of one core"), process / seconds / 1e9);
        Ok(())
    }
}

async fn tick(crowd: Arc<Crowd>, count: usize, batches: mpsc::Sender<Batch<()>>, stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !*stopped.borrow() {
        ticks.tick().await;
        if batches.send(Batch { touchpoints: crowd.take(count), tag: () }).await.is_err() {
            return;
        }
    }
}
