//! `patron segment create`, `edit`, `delete`: one segment at a time; files of them are applied by `patron segment apply`.

use std::process::ExitCode;

use clap::Args;
use proto::{
    definition::ApplyDefinitionsRequest,
    segment::{GetSegmentRequest, Segment},
};
use types::record::{Definition, DefinitionKind, SegmentDefinition, definition::Body};

use super::Ends;
use crate::{cli::definitions::settle, client::Server, output::definitions as shown};

/// Who changes a segment, and why.
#[derive(Debug, Args)]
struct ChangeArgs {
    /// Name of the segment
    #[arg(value_name = "SEGMENT")]
    segment: String,
    /// Why, for those who look at the history later
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Who changes it
    #[arg(long, value_name = "NAME", env = "PATRON_OPERATOR", default_value = "cli")]
    author: String,
    #[command(flatten)]
    ends: Ends,
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
    change: ChangeArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EditArgs {
    /// The condition; as it is unless given
    #[arg(long, value_name = "EXPRESSION")]
    expression: Option<String>,
    /// What it is for; as it is unless given
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeleteArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

impl CreateArgs {
    /// Refused where a segment of this name is or was defined.
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.change.ends.server.connect().await?;
        let Self { expression, description, change } = self;
        let body = SegmentDefinition { expression, description, ..SegmentDefinition::default() };
        change.apply(&server, Some(body), 0).await
    }
}

impl EditArgs {
    /// Refused where somebody else changed it since it was read.
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.change.ends.server.connect().await?;
        let held = self.change.held(&server).await?;
        let body = SegmentDefinition {
            expression: self.expression.unwrap_or(held.expression),
            description: self.description.unwrap_or(held.description),
            ..SegmentDefinition::default()
        };
        self.change.apply(&server, Some(body), held.version).await
    }
}

impl DeleteArgs {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.change.ends.server.connect().await?;
        let held = self.change.held(&server).await?;
        self.change.apply(&server, None, held.version).await
    }
}

impl ChangeArgs {
    async fn held(&self, server: &Server) -> anyhow::Result<Segment> {
        let request = GetSegmentRequest { name: self.segment.clone() };
        let answer = server.segments().get_segment(request).await.map_err(|status| server.error(&status))?;
        Ok(answer.into_inner().segment.unwrap_or_default())
    }

    async fn apply(self, server: &Server, body: Option<SegmentDefinition>, expected: u32) -> anyhow::Result<ExitCode> {
        let definition = Definition {
            kind: DefinitionKind::Segment.into(),
            name: self.segment,
            expected_version: Some(expected),
            deleted: body.is_none(),
            body: body.map(Body::Segment),
        };
        let request = ApplyDefinitionsRequest {
            definitions: vec![definition],
            author: self.author,
            reason: self.reason,
            ..ApplyDefinitionsRequest::default()
        };
        let answer = server.apply().apply_definitions(request).await.map_err(|status| server.error(&status))?;
        let answer = answer.into_inner();
        if let Some(finding) = answer.findings.first() {
            anyhow::bail!("{}: {}", finding.field, finding.description);
        }
        settle(server, answer.offset).await;
        self.ends.output.stdout().answer(&answer, shown::changes)?;
        Ok(ExitCode::SUCCESS)
    }
}
