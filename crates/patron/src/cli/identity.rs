//! `patron identity`: what operators decide about who is one person, and what became of customer ids.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::ingest::DecideIdentityRequest;
use types::{Identifier, Micros, record::IdentityAction};

use super::{OutputArgs, ServerArgs};
use crate::output::explanation;

mod changes;

use changes::ChangesArgs;

#[derive(Debug, Subcommand)]
pub(super) enum IdentityCommand {
    /// Say that two identifiers are one person's, whatever touchpoints say
    #[command(
        after_help = "Example:\n  patron identity link loyalty_card:4711 user_id:u42 --reason \"card shown in the shop\""
    )]
    Link(DecisionArgs),
    /// Take touchpoints that carry both for no evidence; other links may still join them
    #[command(
        after_help = "Example:\n  patron identity unlink loyalty_card:7 user_id:ann --reason \"the card is Bob's\""
    )]
    Unlink(DecisionArgs),
    /// Keep two identifiers apart: every link that would join them is refused, directly or over others
    #[command(after_help = "Example:\n  patron identity separate user_id:ann user_id:bob --reason \"shared a tablet\"")]
    Separate(DecisionArgs),
    /// Let whatever was decided about two identifiers no longer stand
    #[command(
        after_help = "Example:\n  patron identity withdraw user_id:ann user_id:bob --reason \"one person after all\""
    )]
    Withdraw(DecisionArgs),
    /// Show merges, separations and changed ids of customers, in the order in which they were noticed
    #[command(after_help = "Examples:\n  \
        patron identity changes\n  \
        patron identity changes --follow --output ndjson\n  \
        patron identity changes --from 0102… --output ndjson")]
    Changes(ChangesArgs),
}

impl IdentityCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Link(args) => args.run(IdentityAction::Link).await,
            Self::Unlink(args) => args.run(IdentityAction::Unlink).await,
            Self::Separate(args) => args.run(IdentityAction::Separate).await,
            Self::Withdraw(args) => args.run(IdentityAction::Withdraw).await,
            Self::Changes(args) => args.run().await,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct DecisionArgs {
    /// One identifier, as NAMESPACE:VALUE
    #[arg(value_name = "A", value_parser = Identifier::parse)]
    left: Identifier,
    /// The other one
    #[arg(value_name = "B", value_parser = Identifier::parse)]
    right: Identifier,
    /// Why, for those who look at the customer later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decides
    #[arg(long, value_name = "NAME", env = "PATRON_OPERATOR", default_value = "cli")]
    operator: String,
    /// Name of the decision, the same when it is sent again; drawn unless given
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    decision_id: String,
    /// When it was decided; now unless given
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    decided_at: Option<Micros>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl DecisionArgs {
    async fn run(self, action: IdentityAction) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = DecideIdentityRequest {
            action: action.into(),
            left: Some((&self.left).into()),
            right: Some((&self.right).into()),
            reason: self.reason,
            operator: self.operator,
            decision_id: self.decision_id,
            decided_at: self.decided_at.map(Micros::to_proto),
        };
        let answer = server.identity().decide_identity(request).await.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), explanation::accepted)?;
        Ok(ExitCode::SUCCESS)
    }
}
