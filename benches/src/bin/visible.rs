//! Runs a whole server in this process and prints Markdown tables: how soon a touchpoint is accepted and seen, and how much is
//! taken and answered in a second.

use anyhow::Result;
use benches::{
    machine,
    visible::{self, Plan},
};
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
    let plan = Plan::parse();
    let dir = machine::scratch("visible-", plan.dir.as_deref())?;
    visible::measure(&plan, dir.path()).await?;
    println!("Load of the machine at the end: {}", machine::load());
    Ok(())
}
