//! `patron export`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use proto::customer::ExportPart;

use super::{OutputArgs, ServerArgs};
use crate::{
    export::{ExportFormat, FILE_BYTES_DEFAULT, FILE_BYTES_LEAST, Manifest, Options, export},
    output::{Format, Output, export as shown},
};

#[derive(Debug, Args)]
#[command(
    after_help = "All files are of one snapshot; manifest.json, written last, says which offsets of the journal it covers.\n\n\
    Examples:\n  \
    patron export --to export-2026-03-01\n  \
    patron export --format ndjson --to customers --include customers --known-only\n  \
    duckdb -c \"SELECT kind, count(*) FROM 'export-2026-03-01/touchpoints-*.parquet' GROUP BY ALL\""
)]
pub(super) struct ExportArgs {
    /// Directory for the files; created if absent, refused unless empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Form of the files
    #[arg(long, value_enum, value_name = "FORM", default_value = "parquet")]
    format: ExportFormat,
    /// Only these parts; both unless given
    #[arg(long, value_enum, value_name = "PARTS", value_delimiter = ',')]
    include: Vec<Part>,
    /// Leave out customers known by nothing but a receipt or a visit
    #[arg(long)]
    known_only: bool,
    /// Begin another file of a table where one would have more bytes than this
    #[arg(long, value_name = "BYTES", default_value_t = FILE_BYTES_DEFAULT, value_parser = clap::value_parser!(u64).range(FILE_BYTES_LEAST..))]
    file_bytes_max: u64,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A part of what is known of customers.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Part {
    /// The unified views
    Customers,
    /// The timelines
    Timelines,
}

impl ExportArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let part = |part: &Part| match part {
            Part::Customers => ExportPart::Customers,
            Part::Timelines => ExportPart::Timelines,
        };
        let options = Options {
            format: self.format,
            dir: self.to,
            parts: self.include.iter().map(part).collect(),
            known_only: self.known_only,
            file_bytes_max: self.file_bytes_max,
        };
        let manifest = export(&server, options).await?;
        print(&mut self.output.stdout(), &manifest)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn print(output: &mut Output, manifest: &Manifest) -> anyhow::Result<()> {
    let text = match output.format() {
        Format::Table => shown::text(manifest),
        Format::Json => manifest.to_json(),
        Format::Ndjson => serde_json::to_string(manifest)? + "\n",
    };
    Ok(output.text(&text)?)
}
