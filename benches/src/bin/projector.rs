//! Folds generated touchpoints as the server does, and prints Markdown tables: speed, sizes, and the floor under them.

use anyhow::Result;
use benches::{
    machine,
    projection::{self, Plan},
};
use clap::Parser;

fn main() -> Result<()> {
    let plan = Plan::parse();
    let dir = machine::scratch("projector-", plan.dir.as_deref())?;
    projection::measure(&plan, dir.path())?;
    println!("Load of the machine at the end: {}", machine::load());
    Ok(())
}
