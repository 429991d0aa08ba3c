//! Runs whole servers in this process and prints Markdown tables: what live segments cost, how fast counts are, and how soon deadlines are told.

use anyhow::Result;
use benches::{
    machine,
    segments::{self, Plan},
};
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
    let plan = Plan::parse().sized();
    let dir = machine::scratch("segments-", plan.dir.as_deref())?;
    segments::measure(&plan, dir.path()).await?;
    println!("Load of the machine at the end: {}", machine::load());
    Ok(())
}
