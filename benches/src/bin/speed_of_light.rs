//! Measures, in one thread, each primitive under the projector's fold path, and prints a Markdown table.

use anyhow::{Context, Result};
use benches::{
    measure::Figure,
    plan::Plan,
    speed::{self, GROUPS},
    table::{self, Section},
};
use clap::Parser;

/// Rust's memory; RocksDB's own comes from the system's allocator all the same.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let plan = Plan::parse();
    let dir = scratch(&plan)?;
    let mut unit = None;
    for (name, measure) in GROUPS.into_iter().filter(|(name, _)| plan.wants(name)) {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder)?;
        let section = measure(&plan, &folder).with_context(|| format!("measure {name}"))?;
        table::print(&section, unit.get_or_insert_with(|| unit_of(name, &section, &plan)));
        std::fs::remove_dir_all(&folder)?;
    }
    println!("Load of the machine at the end: {}", load());
    Ok(())
}

/// What ratios are given against: the first figure of all, measured for itself where its group is not wanted.
fn unit_of(name: &str, section: &Section, plan: &Plan) -> Figure {
    let first = section.figures.first().filter(|_| name == GROUPS[0].0);
    first.cloned().unwrap_or_else(|| speed::codec::unit(plan))
}

/// A folder that goes when the run ends.
fn scratch(plan: &Plan) -> Result<tempfile::TempDir> {
    let builder = tempfile::Builder::new().prefix("speed-of-light-").to_owned();
    match &plan.dir {
        Some(dir) => builder.tempdir_in(dir),
        None => builder.tempdir(),
    }
    .context("make a folder for the databases")
}

/// Load averages over 1, 5 and 15 minutes; figures taken beside other work are worth less.
fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned()).trim().to_owned()
}
