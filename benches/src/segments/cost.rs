//! What live segments cost beside each touchpoint, and what is kept of them: over customers with a history, from the first touchpoint
//! of now published until all that follows from the last one is told.

use std::{collections::BTreeSet, path::Path, time::Instant};

use anyhow::{Context, Result};
use patron::generate::{Generator, Settings};
use proto::segment::{CountSegmentRequest, WatchMembershipsRequest};
use types::{Micros, record::Touchpoint};

use super::{
    mix,
    plan::Plan,
    world::{World, touchpoint, wall},
};
use crate::{series::Series, table::group, threads};

const DAYS: u32 = 90;
/// Tells that all before it is told: what is touched is told in the order in which it was folded.
const MARK: (&str, &str) = ("mark", r#"touchpoints("complaint_filed").count() > 0"#);
/// The generator's customers have it too, but none is told anew between the last touchpoint and the mark.
const MARK_KIND: &str = "complaint_filed";

/// Prints a table for each number of segments, and their ratios.
pub(super) async fn measure(plan: &Plan, dir: &Path) -> Result<()> {
    let generated = generated(plan)?;
    let mut rates = Vec::new();
    for segments in &plan.segments {
        let mut series = Series::default();
        for number in 0..plan.runs {
            run(
                &of_plan(plan, *segments, &generated),
                &generated,
                &dir.join(format!("cost-{segments}-{number}")),
                &mut series,
            )
            .await?;
        }
        let note = format!(
            "{} runs, each of a new server; {} touchpoints of now by at most {} customers, by Zipf's law, who have {} of the {DAYS} days \
             before. One segment more marks the end.",
            plan.runs, plan.touchpoints, plan.customers, plan.history
        );
        series.print(&format!("{} live segments", group(*segments as f64)), &note);
        rates.push((*segments, series.spread(RATE).median));
    }
    println!("| live segments | touchpoints/s | of the first row |\n|---:|---:|---:|");
    for (segments, rate) in &rates {
        let first = rates.first().map_or(f64::NAN, |first| first.1);
        println!("| {} | {} | {:.2} |", group(*segments as f64), group(*rate), rate / first);
    }
    println!();
    Ok(())
}

const RATE: &str = "**published, folded and told, touchpoints/s**";

/// Touchpoints of before, and those to come.
struct Generated {
    before: Vec<Touchpoint>,
    now: Vec<Touchpoint>,
}

fn generated(plan: &Plan) -> Result<Generated> {
    let start = Micros(wall().0 - i64::from(DAYS) * 86_400_000_000);
    let (customers, touchpoints) = (plan.customers, plan.history + plan.touchpoints);
    let settings = Settings { seed: 1, customers, touchpoints, start, days: DAYS, uniform: false };
    let now = wall();
    let made = Generator::new(settings).map_err(anyhow::Error::msg)?;
    let made = made.filter(|one| !one.identifiers.is_empty() && one.occurred() <= now);
    // Every so many, so that both are alike.
    let every = usize::try_from((plan.history + plan.touchpoints) / plan.touchpoints.max(1))?.max(1);
    let (now, before): (Vec<_>, Vec<_>) = made.enumerate().partition(|(place, _)| place.is_multiple_of(every));
    let [before, now] = [before, now].map(|some| some.into_iter().map(|(_, one)| one).collect());
    Ok(Generated { before, now })
}

/// As if it happened now.
fn of_now(touchpoint: &Touchpoint) -> Touchpoint {
    Touchpoint { occurred_at: Some(wall().to_proto()), ..touchpoint.clone() }
}

/// Names and expressions of so many segments.
fn of_plan(plan: &Plan, segments: usize, generated: &Generated) -> Vec<(String, String)> {
    let touchpoints = generated.before.iter().chain(&generated.now);
    let products = touchpoints.flat_map(|one| one.items.iter().map(|item| item.product_id.clone()));
    let products: Vec<String> = products.collect::<BTreeSet<_>>().into_iter().collect();
    let expression = |number: usize| match number.checked_sub(plan.broad.unwrap_or(usize::MAX)) {
        Some(beyond) => mix::of_one_product(beyond, &products),
        None => mix::expression(number),
    };
    (0..segments).map(|number| (mix::name(number), expression(number))).collect()
}

async fn run(segments: &[(String, String)], generated: &Generated, data_dir: &Path, series: &mut Series) -> Result<()> {
    let resident_before = resident()?;
    let world = World::start(data_dir).await?;
    let mark = (MARK.0.to_owned(), MARK.1.to_owned());
    let all: Vec<_> = segments.iter().cloned().chain([mark]).collect();
    world.publish(generated.before.iter().cloned()).await?;
    world.folded().await?;
    let began = Instant::now();
    world.apply(&all).await?;
    // The publisher has compiled them once it tells the mark.
    let changes = marked(&world, 0).await?;
    series.note("segments applied, compiled and told, s", began.elapsed().as_secs_f64());
    let (began, process, before) = (Instant::now(), threads::process_nanos(), threads::by_name()?);
    world.publish(generated.now.iter().map(of_now)).await?;
    let accepted = began.elapsed();
    let changes = marked(&world, 1).await? - changes;
    let (wall, process) = (began.elapsed(), threads::process_nanos() - process);
    let (after, count) = (threads::by_name()?, generated.now.len() as f64);
    let of = |name: &str| {
        let spent = |of: &std::collections::BTreeMap<String, f64>| of.get(name).copied().unwrap_or_default();
        (spent(&after) - spent(&before)) / count / 1e3
    };
    series.note("accepted, touchpoints/s", count / accepted.as_secs_f64());
    series.note(RATE, count / wall.as_secs_f64());
    series.note("wall, µs a touchpoint", wall.as_secs_f64() * 1e6 / count);
    series.note("**processor, whole process with client, µs a touchpoint**", process / count / 1e3);
    let fold = threads::of_projector(&after) - threads::of_projector(&before);
    series.note("processor, projector's threads, µs a touchpoint", fold / count / 1e3);
    series.note("processor, publisher's first thread alone, µs a touchpoint", of("publisher"));
    series.note("changes told", changes as f64);
    kept(&world, segments.len(), resident_before, series).await?;
    world.stop().await
}

/// What is kept of it.
async fn kept(world: &World, segments: usize, resident_before: f64, series: &mut Series) -> Result<()> {
    let request = CountSegmentRequest { segment: MARK.0.to_owned(), ..Default::default() };
    let customers = world.client.segments().count_segment(request).await?.into_inner().population as f64;
    let published = world.bytes("published")? as f64;
    series.note("customers", customers);
    series.note("`published/` on disk, MB", published / 1e6);
    series.note("`published/` on disk, B a customer", published / customers);
    if segments > 0 {
        series.note("`published/` on disk, B a customer and segment", published / customers / segments as f64);
    }
    series.note("`generations/` on disk, MB", world.bytes("generations")? as f64 / 1e6);
    series.note("resident memory more than before the server, MB", (resident()? - resident_before) / 1e6);
    Ok(())
}

/// Publishes a mark once all before it is folded, and waits until it is told; how many changes were told by then.
async fn marked(world: &World, number: usize) -> Result<u64> {
    let (cursor, _) = world.told().await?;
    world.folded().await?;
    let request = WatchMembershipsRequest { cursor, segments: vec![MARK.0.to_owned()], ..Default::default() };
    let mut stream = world.client.membership_feed().watch_memberships(request).await?.into_inner();
    let (who, message_id) = (format!("mark-{number}"), format!("mark-{number}"));
    world.publish([touchpoint(MARK_KIND, &who, message_id, wall())].into_iter()).await?;
    while let Some(message) = stream.message().await? {
        if let Some(change) = message.change.filter(|change| change.identifiers.iter().any(|one| one.value == who)) {
            return Ok(change.sequence);
        }
    }
    anyhow::bail!("the feed ended before the mark")
}

/// Bytes of this process in memory (Linux).
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1_024.0)
}
