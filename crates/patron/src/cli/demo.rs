//! `patron demo`: the whole of Patron at work, ended by itself.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    config::{LogConfig, LogFormat},
    demo::{self, DemoSettings},
    output::{Format, Output},
    telemetry,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  patron demo\n  patron demo --touchpoints 1000000 --customers 50000")]
pub(super) struct DemoArgs {
    /// Keep journal and state in this folder; without it they are removed at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Equal seeds give equal months
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Customers of the chain
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    customers: u64,
    /// Touchpoints of the month
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    touchpoints: u64,
}

impl DemoArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start_logging(&LogConfig { format: LogFormat::Human, filter: "warn".to_owned() })?;
        let Self { data_dir, seed, customers, touchpoints } = self;
        let settings = DemoSettings { data_dir, seed, customers, touchpoints };
        demo::run(&settings, &mut Output::stdout(Format::Table)).await?;
        Ok(ExitCode::SUCCESS)
    }
}
