//! Counts of one expression over everybody: once, and then as often as is timed.

use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use patron::client::Server;
use proto::segment::CountExpressionRequest;
use types::Micros;

use super::median;

#[derive(Debug, Args)]
pub(super) struct Count {
    /// Address of gRPC
    #[arg(long)]
    server: String,
    /// The instant that is counted at
    #[arg(long, value_parser = Micros::parse_rfc3339)]
    as_of: Option<Micros>,
    /// How often each is counted after the first time, which walks; the median of these is shown
    #[arg(long, default_value_t = 0)]
    runs: usize,
    /// The expressions
    #[arg(required = true)]
    expressions: Vec<String>,
}

impl Count {
    pub(super) async fn run(self) -> Result<()> {
        let server = Server::connect(&self.server).await?;
        for expression in &self.expressions {
            let (mut seconds, mut answer) = (Vec::new(), None);
            for run in 0..=self.runs {
                let (expression, as_of) = (expression.clone(), self.as_of.map(Micros::to_proto));
                let began = Instant::now();
                let request = CountExpressionRequest { expression, as_of, ..Default::default() };
                answer = Some(server.segments().count_expression(request).await?.into_inner());
                if run > 0 || self.runs == 0 {
                    seconds.push(began.elapsed().as_secs_f64());
                }
            }
            let (answer, seconds) = (answer.context("at least one run")?, median(seconds));
            let (count, population) = (answer.count, answer.population);
            println!(r#"{{"count": {count}, "population": {population}, "seconds": {seconds}}}"#);
        }
        Ok(())
    }
}
