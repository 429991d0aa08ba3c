//! `patron import`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use types::limits::BATCH_TOUCHPOINTS_MAX;

use super::{OutputArgs, ServerArgs, exit::FAILED};
use crate::{
    import::{Mapping, Options, Summary, import},
    output::{Format, Output},
};

#[derive(Debug, Args)]
#[command(after_help = "Importing the same file again, or one that overlaps with it, counts every row once.\n\n\
    Examples:\n  \
    patron import touchpoints.ndjson\n  \
    patron import --mapping online-retail.toml sales-2009.csv.gz sales-2010.csv.gz\n  \
    zcat big.ndjson.gz | patron import - --batch 5000\n  \
    patron import --mapping till.toml day.csv --rejects rejected.ndjson --allow-rejects")]
pub(super) struct ImportArgs {
    /// Files in order, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How rows become touchpoints (TOML); without it, each line is a touchpoint in protobuf's JSON
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Rows sent together
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = batch_rows)]
    batch: usize,
    /// Write the rows that are not taken to this file, as NDJSON of file, line, reason, detail, raw
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// End with 0 even where rows were rejected
    #[arg(long)]
    allow_rejects: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ImportArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        // A mapping is looked at before the server: its errors are the operator's own.
        let mapping = self.mapping.as_deref().map(Mapping::open).transpose()?;
        let server = self.server.connect().await?;
        let options = Options { mapping, files: self.files, batch_rows: self.batch, rejects: self.rejects };
        let summary = import(&server, options).await?;
        print(&mut self.output.stdout(), &summary)?;
        let failed = summary.tally.rejected_count() > 0 && !self.allow_rejects;
        Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
    }
}

fn print(output: &mut Output, summary: &Summary) -> anyhow::Result<()> {
    let text = match output.format() {
        Format::Table => summary.text(),
        Format::Json => serde_json::to_string_pretty(summary)? + "\n",
        Format::Ndjson => serde_json::to_string(summary)? + "\n",
    };
    Ok(output.text(&text)?)
}

fn batch_rows(text: &str) -> Result<usize, String> {
    let rows: usize = text.parse().map_err(|_| format!("`{text}` is no whole number"))?;
    let allowed = (1..=BATCH_TOUCHPOINTS_MAX).contains(&rows);
    allowed.then_some(rows).ok_or_else(|| format!("must be 1 to {BATCH_TOUCHPOINTS_MAX}"))
}
