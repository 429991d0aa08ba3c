//! Deadlines: very many within one second, and a steady stream of them, while touchpoints come in.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use proto::segment::{MembershipChangeCause, WatchMembershipsRequest};
use tokio::task::JoinHandle;
use types::Micros;

use super::{
    plan::Plan,
    world::{World, touchpoint, wall},
};
use crate::{series::Series, threads};

const SECOND: i64 = 1_000_000;
/// How often touchpoints come in beside.
const TICK: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_millis(5);

/// A crowd whose memberships end between two instants.
struct Crowd {
    count: usize,
    first: Micros,
    last: Micros,
}

impl Crowd {
    /// Publishes them, and then the segment whose window makes them leave when they are to.
    async fn come(
        world: &World,
        plan: &Plan,
        count: usize,
        span: i64,
        series: &mut Series,
        what: &str,
    ) -> Result<Self> {
        let began = wall();
        let seen = |number: usize| {
            let at = Micros(began.0 - 2 * SECOND * 60 + offset(number, count, span));
            touchpoint("page_viewed", &format!("d{number}"), format!("d{number}"), at)
        };
        world.publish((0..count).map(seen)).await?;
        world.folded().await?;
        let lead = 10 * SECOND + i64::try_from(plan.lead * count as u64)?;
        // To the millisecond, as windows are written.
        let window = (wall().0 + lead - (began.0 - 2 * SECOND * 60)) / 1_000;
        let first = Micros(began.0 - 2 * SECOND * 60 + window * 1_000);
        let expression = format!(r#"touchpoints("page_viewed").within("{window}ms").count() > 0"#);
        let began = wall();
        world.apply(&[("here".to_owned(), expression)]).await?;
        let applied = wall();
        world.told_until(Micros(applied.0 + 1)).await?;
        series.note(format!("{what}: all told to have entered, s"), (wall().0 - began.0) as f64 / 1e6);
        ensure!(wall() < first, "the crowd was not told in time; give a longer --lead");
        let last = Micros(first.0 + offset(count - 1, count, span));
        Ok(Self { count, first, last })
    }
}

/// Evenly over a span.
fn offset(number: usize, count: usize, span: i64) -> i64 {
    i64::try_from(number as u128 * span.unsigned_abs() as u128 / count as u128).unwrap_or(i64::MAX)
}

/// All within one second.
pub(super) async fn burst(plan: &Plan, data_dir: &Path, series: &mut Series) -> Result<()> {
    let mut world = World::start(data_dir).await?;
    let what = format!("{} within one second", crate::table::group(plan.deadlines as f64));
    let crowd = Crowd::come(&world, plan, plan.deadlines, SECOND, series, &what).await?;
    let (cursor, _) = world.told().await?;
    if plan.restart {
        wait_until(Micros(crowd.first.0 - SECOND)).await;
        world = world.anew().await?;
    }
    let others = beside(&world, plan.beside);
    wait_until(crowd.first).await;
    let (before, process) = (threads::by_name()?, threads::process_nanos());
    world.told_until(crowd.last).await?;
    let told = wall();
    let (after, process) = (threads::by_name()?, threads::process_nanos() - process);
    others.abort();
    series.note(format!("**{what}: from the first until all are told, s**"), (told.0 - crowd.first.0) as f64 / 1e6);
    series.note(format!("**{what}: from the last until all are told, s**"), (told.0 - crowd.last.0) as f64 / 1e6);
    let spent = |of: &std::collections::BTreeMap<String, f64>| of.get("publisher").copied().unwrap_or_default();
    let micros = |nanos: f64| nanos / crowd.count as f64 / 1e3;
    series.note(
        format!("{what}: processor, publisher's first thread alone, µs each"),
        micros(spent(&after) - spent(&before)),
    );
    series.note(format!("**{what}: processor, whole process, µs each**"), micros(process));
    let began = wall();
    let request = WatchMembershipsRequest { cursor, end_when_sent: true, ..Default::default() };
    let heard = listen(&world, request, crowd.count).await?;
    series.note(
        format!("{what}: read behind it by one watcher, changes/s"),
        crowd.count as f64 * 1e6 / (wall().0 - began.0) as f64,
    );
    ensure!(heard.len() == crowd.count as u64, "{} of {} were told", heard.len(), crowd.count);
    world.stop().await
}

/// So many each second, heard by one watcher.
pub(super) async fn steady(plan: &Plan, data_dir: &Path, series: &mut Series) -> Result<()> {
    let world = World::start(data_dir).await?;
    let (count, span) = (plan.rate * plan.seconds, i64::try_from(plan.seconds)? * SECOND);
    let what = format!("{} a second", crate::table::group(plan.rate as f64));
    let crowd = Crowd::come(&world, plan, count, span, series, &what).await?;
    let (cursor, _) = world.told().await?;
    let others = beside(&world, plan.beside);
    wait_until(crowd.first).await;
    let request = WatchMembershipsRequest { cursor, ..Default::default() };
    let (heard, lag) = tokio::try_join!(listen(&world, request, count), lag(&world, crowd.last))?;
    others.abort();
    for (name, lateness) in [("told", &lag), ("heard by a watcher", &heard)] {
        for (label, quantile) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
            let value = lateness.value_at_quantile(quantile) as f64 / 1e3;
            series.note(format!("**{what}: {name}, late by, {label}, ms**"), value);
        }
    }
    world.stop().await
}

/// Reads so many changes that time made; how late each came, in microseconds. None may be early.
async fn listen(world: &World, request: WatchMembershipsRequest, count: usize) -> Result<Histogram<u64>> {
    let mut late = Histogram::<u64>::new(3)?;
    let mut stream = world.client.membership_feed().watch_memberships(request).await?.into_inner();
    while late.len() < count as u64 {
        let Some(message) = stream.message().await? else { break };
        let Some(change) = message.change.filter(|change| change.cause() == MembershipChangeCause::Time) else {
            continue;
        };
        let effective = change.effective_at.as_ref().map(Micros::from_proto).context("an instant")?;
        late.record(u64::try_from(wall().0 - effective.0).context("told early")?)?;
    }
    Ok(late)
}

/// How far telling is behind the clock, looked at again and again until all is told up to an instant; in microseconds.
async fn lag(world: &World, last: Micros) -> Result<Histogram<u64>> {
    let mut lag = Histogram::<u64>::new(3)?;
    loop {
        let (_, until) = world.told().await?;
        if until >= last {
            return Ok(lag);
        }
        lag.record(u64::try_from(wall().0 - until.0).unwrap_or_default())?;
        tokio::time::sleep(LOOK).await;
    }
}

/// Other customers come, so many touchpoints a second.
fn beside(world: &World, rate: usize) -> JoinHandle<()> {
    let client = world.client.clone();
    let each = (rate as f64 * TICK.as_secs_f64()) as usize;
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        for round in 0.. {
            ticks.tick().await;
            let other = |number| {
                let who = format!("b{}", (round * each + number) % 100_000);
                touchpoint("screen_viewed", &who, format!("b{round}x{number}"), wall())
            };
            let request = proto::ingest::PublishRequest { touchpoints: (0..each).map(other).collect() };
            if let Err(status) = client.ingest().publish(request).await {
                println!("nothing more comes in beside: {status}");
                return;
            }
        }
    })
}

async fn wait_until(instant: Micros) {
    let left = u64::try_from(instant.0 - wall().0).unwrap_or_default();
    tokio::time::sleep(Duration::from_micros(left)).await;
}
