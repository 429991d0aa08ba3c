//! `patron verify`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use proto::admin::{VerifyProgress, VerifyRequest, VerifyResponse, verify_response::Step};

use super::{OutputArgs, ServerArgs, exit::FAILED};
use crate::output::{self, verify};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron verify\n  \
    patron verify --sample 100 --seed 7\n  \
    patron verify --output ndjson | jq .difference\n\n\
    Ends with 0 if nothing differs, with 1 if something does. A full verify folds the whole journal again and takes, for\n\
    as long as it runs, as much disk as the state.")]
pub(super) struct VerifyArgs {
    /// Look at this many customers instead of everything
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sample: Option<u32>,
    /// From which the customers of a sample are chosen
    #[arg(long, value_name = "S", default_value_t = 0, requires = "sample")]
    seed: u64,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl VerifyArgs {
    /// Progress goes to standard error, what differs and the summary to standard output.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = VerifyRequest { sample: self.sample.unwrap_or_default(), seed: self.seed };
        let answer = server.verify().verify(request).await.map_err(|status| server.error(&status))?;
        let (mut steps, mut output, mut summary, mut phase) =
            (answer.into_inner(), self.output.stdout(), None, String::new());
        output.begin_list("")?;
        while let Some(step) = steps.message().await.map_err(|status| server.error(&status))? {
            match &step.step {
                Some(Step::Progress(progress)) => tell(progress, &mut phase),
                Some(Step::Summary(told)) => {
                    summary = Some(told.clone());
                    output.item(&step, verify::step)?;
                }
                _ => output.item::<VerifyResponse>(&step, verify::step)?,
            }
        }
        output.end_list("")?;
        let summary = summary.context("the server ended before it said what the verify came to; its log says more")?;
        Ok(if summary.differences == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    }
}

/// A line for each phase as it begins.
fn tell(progress: &VerifyProgress, phase: &mut String) {
    if *phase != progress.phase {
        phase.clone_from(&progress.phase);
        output::to_stderr(&format!("{phase} …"));
    }
}
