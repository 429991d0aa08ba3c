//! `patron doctor`: is everything fit for Patron?

use std::process::ExitCode;

use clap::Args;

use super::{OutputArgs, exit, up::ConfigArgs};
use crate::{
    doctor::{self, Verdict},
    output::{Format, doctor as shown},
    telemetry,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron doctor\n  \
    patron doctor --kafka broker-1:9092\n  \
    patron doctor --config /etc/patron.toml --output json\n\n\
    Ends with 1 where something is bad; warnings alone end with 0.")]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl DoctorArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        telemetry::start_logging(&crate::config::LogConfig { filter: "error".to_owned(), ..config.log.clone() })?;
        let findings = tokio::task::spawn_blocking(move || doctor::examine(&config)).await?;
        let mut out = self.output.stdout();
        match out.format() {
            Format::Table => out.text(&shown::findings(&findings))?,
            Format::Json => out.text(&format!("{}\n", serde_json::to_string_pretty(&findings)?))?,
            Format::Ndjson => {
                for finding in &findings {
                    out.text(&format!("{}\n", serde_json::to_string(finding)?))?;
                }
            }
        }
        let bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
        Ok(if bad { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS })
    }
}
