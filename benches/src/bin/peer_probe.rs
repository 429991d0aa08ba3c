//! The quick client of the side-by-side benchmark, which `./dev bench peers` calls; prints JSON.

use anyhow::Result;
use benches::peers::Probe;
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
    Probe::parse().run().await
}
