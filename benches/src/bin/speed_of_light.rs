//! Measures, in one thread, each primitive under the projector's fold path, and prints a Markdown table.

use anyhow::{Context, Result};
use benches::{
    machine,
    measure::Figure,
    plan::Plan,
    speed::{self, GROUPS},
    table::{self, Section},
};
use clap::Parser;

fn main() -> Result<()> {
    let plan = Plan::parse();
    let dir = machine::scratch("speed-of-light-", plan.dir.as_deref())?;
    let (mut unit, mut measured) = (None, Vec::new());
    for (name, measure) in GROUPS.into_iter().filter(|(name, _)| plan.wants(name)) {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder)?;
        let section = measure(&plan, &folder).with_context(|| format!("measure {name}"))?;
        table::print(&section, unit.get_or_insert_with(|| unit_of(name, &section, &plan)));
        std::fs::remove_dir_all(&folder)?;
        measured.push((name, section));
    }
    speed::least::print(&plan, &measured);
    println!("Load of the machine at the end: {}", machine::load());
    Ok(())
}

/// What ratios are given against: the first figure of all, measured for itself where its group is not wanted.
fn unit_of(name: &str, section: &Section, plan: &Plan) -> Figure {
    let first = section.figures.first().filter(|_| name == GROUPS[0].0);
    first.cloned().unwrap_or_else(|| speed::codec::unit(plan))
}
