//! Holds Patron's journal on Kafka against bare rdkafka with the same settings, then a whole server through the broker, and prints
//! Markdown tables.

use anyhow::Result;
use benches::{
    broker::{self, Plan},
    machine, visible,
};
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
    let plan = Plan::parse();
    broker::measure(&plan).await?;
    let dir = machine::scratch("kafka-", None)?;
    visible::measure(&plan.visible(), dir.path()).await?;
    println!("Load of the machine at the end: {}", machine::load());
    Ok(())
}
