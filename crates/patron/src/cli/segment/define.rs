//! `patron segment create`, `edit`, `delete`: one segment at a time; files of them are applied by `patron segment apply`.

use std::process::ExitCode;

use clap::Args;
use proto::segment::{CreateSegmentRequest, DeleteSegmentRequest, Edit, Segment, UpdateSegmentRequest};

use super::Ends;
use crate::{
    cli::{customer::mask, definitions::Said},
    output::segment as shown,
};

/// Which segment is changed, by whom, and whether only to see what would come of it.
#[derive(Debug, Args)]
struct ChangeArgs {
    /// Name of the segment
    #[arg(value_name = "SEGMENT")]
    segment: String,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    ends: Ends,
}

/// Only to see who would be in.
#[derive(Debug, Args)]
struct TrialArgs {
    /// Change nothing; show how many would be in, a sample, and how far they are in other segments
    #[arg(long)]
    dry_run: bool,
    /// Customer ids to show as a sample
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(i32).range(0..=1_000))]
    sample: i32,
    /// Segments to compare with
    #[arg(long = "overlap", value_name = "SEGMENT", requires = "dry_run")]
    overlap: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CreateArgs {
    /// The condition
    #[arg(long, value_name = "EXPRESSION")]
    expression: String,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    #[command(flatten)]
    trial: TrialArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EditArgs {
    /// The condition; as it is unless given
    #[arg(long, value_name = "EXPRESSION", required_unless_present = "description")]
    expression: Option<String>,
    /// What it is for; as it is unless given
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Refuse where the segment has another etag than this
    #[arg(long, value_name = "ETAG", default_value = "", hide_default_value = true)]
    etag: String,
    #[command(flatten)]
    trial: TrialArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeleteArgs {
    /// Refuse where the segment has another etag than this
    #[arg(long, value_name = "ETAG", default_value = "", hide_default_value = true)]
    etag: String,
    #[command(flatten)]
    change: ChangeArgs,
}

impl CreateArgs {
    /// Refused where a segment of this name is defined.
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { expression, description, trial, change } = self;
        let server = change.ends.server.connect().await?;
        let segment = Segment { name: change.segment.clone(), expression, description, ..Segment::default() };
        let request = CreateSegmentRequest { segment: Some(segment), edit: Some(change.edit(Some(trial))) };
        let answer = server.segments().create_segment(request).await.map_err(|status| server.error(&status))?;
        change.ends.output.stdout().answer(answer.get_ref(), shown::created)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl EditArgs {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { expression, description, etag, trial, change } = self;
        let server = change.ends.server.connect().await?;
        let given = [("expression", expression.is_some()), ("description", description.is_some())];
        let paths = given.into_iter().filter(|(_, given)| *given).map(|(path, _)| path.to_owned()).collect();
        let segment = Segment {
            name: change.segment.clone(),
            expression: expression.unwrap_or_default(),
            description: description.unwrap_or_default(),
            etag,
            ..Segment::default()
        };
        let request = UpdateSegmentRequest {
            segment: Some(segment),
            update_mask: mask(paths),
            allow_missing: false,
            edit: Some(change.edit(Some(trial))),
        };
        let answer = server.segments().update_segment(request).await.map_err(|status| server.error(&status))?;
        change.ends.output.stdout().answer(answer.get_ref(), shown::updated)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl DeleteArgs {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { etag, change } = self;
        let server = change.ends.server.connect().await?;
        let (name, edit) = (change.segment.clone(), Some(change.edit(None)));
        let request = DeleteSegmentRequest { name: name.clone(), etag, allow_missing: false, edit };
        let answer = server.segments().delete_segment(request).await.map_err(|status| server.error(&status))?;
        change.ends.output.stdout().answer(answer.get_ref(), |_| format!("segment {name} is deleted\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ChangeArgs {
    fn edit(&self, trial: Option<TrialArgs>) -> Edit {
        let (author, reason) = (self.said.author.clone(), self.said.reason.clone());
        let edit = Edit { author, reason, ..Edit::default() };
        match trial {
            Some(TrialArgs { dry_run: true, sample, overlap }) => {
                Edit { validate_only: true, sample_size: sample, overlap_with: overlap, ..edit }
            }
            _ => edit,
        }
    }
}
