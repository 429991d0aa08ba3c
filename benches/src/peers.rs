//! What the side-by-side benchmark needs of a quick client: how far a projector is, the floor of reading a topic, counts, and
//! look-ups of customers beside Redis. Its driver is `benches/peers`; this prints one line of JSON a figure.

mod consume;
mod count;
mod grpc;
mod lookups;
mod redis;
mod watch;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures one thing for the side-by-side benchmark.
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  peer_probe consume --brokers 127.0.0.1:9092 --topic touchpoints")]
pub struct Probe {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follows a projector until it has folded all that its journal holds
    Watch(watch::Watch),
    /// Polls all of a topic by bare rdkafka, touching no bytes
    Consume(consume::Consume),
    /// Counts those who satisfy an expression
    Count(count::Count),
    /// Looks customers up in Patron, and equal bytes in Redis, over the same number of connections
    Lookups(lookups::Lookups),
}

impl Probe {
    /// Measures and prints.
    ///
    /// # Errors
    /// The server's, the broker's, Redis's.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Command::Watch(watch) => watch.run().await,
            Command::Consume(consume) => tokio::task::spawn_blocking(move || consume.run()).await?,
            Command::Count(count) => count.run().await,
            Command::Lookups(lookups) => lookups.run().await,
        }
    }
}

/// The middle of several figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
