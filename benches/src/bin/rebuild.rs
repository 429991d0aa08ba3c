//! Reads, folds and rebuilds a journal of generated touchpoints, resolves identifiers among few and many, and prints Markdown tables.

use anyhow::Result;
use benches::{
    machine,
    rebuild::{self, Plan},
};
use clap::Parser;

fn main() -> Result<()> {
    let plan = Plan::parse();
    let dir = machine::scratch("rebuild-", plan.dir.as_deref())?;
    rebuild::measure(&plan, dir.path())?;
    println!("Load of the machine at the end: {}", machine::load());
    Ok(())
}
