//! How much is sent, as arguments.

use clap::Parser;

use crate::visible;

/// Measures the journal on Kafka against bare rdkafka, and a whole server through the broker.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Examples:\n  kafka --brokers $(./dev kafka up | tail -n 1)\n  kafka --brokers 127.0.0.1:9092 --records 100000 --runs 1"
)]
pub struct Plan {
    /// The brokers.
    #[arg(long, env = "PATRON_TEST_KAFKA")]
    pub brokers: String,
    /// Records of each pass.
    #[arg(long, default_value_t = 1_000_000)]
    pub records: u64,
    /// Bytes of a record's value.
    #[arg(long, default_value_t = 250)]
    pub bytes: usize,
    /// Runs; each does all passes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Touchpoints published and looked for in each run of the server.
    #[arg(long, default_value_t = 1_000)]
    pub rounds: u64,
}

impl Plan {
    /// One topic of so many records of so many bytes.
    pub(crate) fn topic(brokers: &str, records: usize, bytes: usize) -> Self {
        let sizes = [("--records", records), ("--bytes", bytes)].map(|(name, size)| format!("{name}={size}"));
        Self::parse_from(["topic".to_owned(), format!("--brokers={brokers}")].into_iter().chain(sizes))
    }

    /// The run of the server.
    pub fn visible(&self) -> visible::Plan {
        let arguments =
            ["visible", "--rounds", &self.rounds.to_string(), "--runs", &self.runs.to_string(), "--seconds", "6"];
        visible::Plan { kafka: Some(self.brokers.clone()), ..visible::Plan::parse_from(arguments) }
    }
}
