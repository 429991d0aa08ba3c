//! `patron segment`: defining segments; who is in one, until when, and why.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::{
    customer::CustomerRef,
    segment::{
        BacktestRequest, CheckMembershipRequest, CountExpressionRequest, CountSegmentRequest, ExplainMembershipRequest,
        GetSchemaRequest, GetSegmentRequest, ListMembersRequest, ListSegmentsRequest,
    },
};
use types::Micros;

use super::{
    OutputArgs, ServerArgs,
    customer::{customer_ref, mask},
    definitions,
};
use crate::output::segment;

mod define;
mod history;
mod watch;

#[derive(Debug, Subcommand)]
pub(super) enum SegmentCommand {
    /// Define a segment
    #[command(after_help = "Example:\n  \
        patron segment create loyal --expression 'orders().within(\"365d\").count() >= 5' --description 'Buys often'\n  \
        patron segment create loyal --expression 'metrics.orders >= 5' --dry-run --overlap lapsing_regulars")]
    Create(define::CreateArgs),
    /// Define segments, products and stores from files, as patron config apply does
    Apply(definitions::ApplyArgs),
    /// Change a segment: a new version
    #[command(
        after_help = "Example:\n  patron segment edit loyal --expression 'orders().within(\"365d\").count() >= 6'"
    )]
    Edit(define::EditArgs),
    /// Delete a segment
    #[command(after_help = "Example:\n  patron segment delete loyal --reason 'no campaign uses it'")]
    Delete(define::DeleteArgs),
    /// List all segments
    #[command(after_help = "Example:\n  patron segment list")]
    List(ListArgs),
    /// Show one segment with its expression
    #[command(after_help = "Example:\n  patron segment show lapsing_regulars")]
    Show(ShowArgs),
    /// Count the members of a segment, or those who satisfy an expression
    #[command(after_help = "Examples:\n  \
        patron segment count lapsing_regulars\n  \
        patron segment count --expression 'metrics.orders >= 3' --sample 5 --overlap lapsing_regulars\n  \
        patron segment count lapsing_regulars --as-of 2026-03-01T00:00:00Z")]
    Count(CountArgs),
    /// List the members of a segment, in the order of their ids
    #[command(after_help = "Examples:\n  \
        patron segment members in_store_now\n  \
        patron segment members lapsing_regulars --for-channel email --fields customer_id,traits,identifiers --output ndjson")]
    Members(MembersArgs),
    /// Say in which segments customers are, and until when
    #[command(after_help = "Examples:\n  \
        patron segment check loyalty_card:4711\n  \
        patron segment check loyalty_card:4711 email:anna@shop.example --segment in_store_now")]
    Check(CheckArgs),
    /// Prove why a customer is in a segment, or is not
    #[command(after_help = "Examples:\n  \
        patron segment explain loyalty_card:4711 lapsing_regulars\n  \
        patron segment explain loyalty_card:4711 --expression 'metrics.orders >= 3'")]
    Explain(ExplainArgs),
    /// Count who would have been in at instants of the past
    #[command(after_help = "Example:\n  \
        patron segment backtest lapsing_regulars --from 2026-01-01T00:00:00Z --to 2026-03-01T00:00:00Z --step 7d")]
    Backtest(BacktestArgs),
    /// Follow who enters and leaves
    #[command(after_help = "Examples:\n  \
        patron segment watch --follow\n  \
        patron segment watch in_store_now --from-now --follow --output ndjson")]
    Watch(watch::FollowArgs),
    /// Show which segments a customer entered and left, and when
    #[command(after_help = "Examples:\n  \
        patron segment history loyalty_card:4711\n  \
        patron segment history loyalty_card:4711 lapsing_regulars --oldest-first --output ndjson")]
    History(history::HistoryArgs),
    /// Show all that an expression can read
    #[command(after_help = "Example:\n  patron segment schema")]
    Schema(SchemaArgs),
}

impl SegmentCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(args) => args.run().await,
            Self::Apply(args) => args.run().await,
            Self::Edit(args) => args.run().await,
            Self::Delete(args) => args.run().await,
            Self::List(args) => args.run().await,
            Self::Show(args) => args.run().await,
            Self::Count(args) => args.run().await,
            Self::Members(args) => args.run().await,
            Self::Check(args) => args.run().await,
            Self::Explain(args) => args.run().await,
            Self::Backtest(args) => args.run().await,
            Self::Watch(args) => args.run().await,
            Self::History(args) => args.run().await,
            Self::Schema(args) => args.run().await,
        }
    }
}

/// Where to ask and how to print.
#[derive(Debug, Args)]
struct Ends {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// The instant of an answer.
#[derive(Clone, Copy, Debug, Args)]
struct InstantArgs {
    /// At this time, by all that is known now, e.g. 2026-03-01T00:00:00Z; by the server's clock unless given
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    as_of: Option<Micros>,
}

impl InstantArgs {
    fn as_of(self) -> Option<prost_types::Timestamp> {
        self.as_of.map(Micros::to_proto)
    }
}

/// A segment, or an expression in place of one.
#[derive(Debug, Args)]
struct AskedArgs {
    /// Name of the segment
    #[arg(value_name = "SEGMENT", required_unless_present = "expression", conflicts_with = "expression")]
    segment: Option<String>,
    /// An expression in place of a segment
    #[arg(long, value_name = "EXPRESSION")]
    expression: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    ends: Ends,
}

impl ListArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let answer = server.segments().list_segments(ListSegmentsRequest {}).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::list)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Name of the segment
    #[arg(value_name = "SEGMENT")]
    segment: String,
    #[command(flatten)]
    ends: Ends,
}

impl ShowArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let answer = server.segments().get_segment(GetSegmentRequest { name: self.segment }).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::one)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct CountArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// Customer ids to show as a sample of those who satisfy an expression
    #[arg(long, value_name = "N", default_value_t = 0, requires = "expression", value_parser = clap::value_parser!(i32).range(0..=1_000))]
    sample: i32,
    /// Segments to compare an expression with
    #[arg(long = "overlap", value_name = "SEGMENT", requires = "expression")]
    overlap: Vec<String>,
    /// Also those known by nothing but a receipt or a visit
    #[arg(long)]
    include_receipts: bool,
    #[command(flatten)]
    instant: InstantArgs,
    #[command(flatten)]
    ends: Ends,
}

impl CountArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        match self.asked.expression.clone() {
            Some(expression) => self.count_expression(expression).await,
            None => self.count_segment().await,
        }
    }

    async fn count_segment(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let request = CountSegmentRequest {
            segment: self.asked.segment.unwrap_or_default(),
            as_of: self.instant.as_of(),
            include_receipts: self.include_receipts,
            min_position: Vec::new(),
        };
        let answer = server.segments().count_segment(request).await.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::count)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn count_expression(self, expression: String) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let request = CountExpressionRequest {
            expression,
            as_of: self.instant.as_of(),
            sample_size: self.sample,
            overlap_with: self.overlap,
            include_receipts: self.include_receipts,
            min_position: Vec::new(),
        };
        let answer = server.segments().count_expression(request).await.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::expression_count)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct MembersArgs {
    /// Name of the segment
    #[arg(value_name = "SEGMENT")]
    segment: String,
    /// Fields of Customer to show; customer_id,identifiers unless given
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    fields: Vec<String>,
    /// Only those who may be contacted over this channel, by consent and contact caps, e.g. email
    #[arg(long, value_name = "PURPOSE", default_value = "", hide_default_value = true)]
    for_channel: String,
    /// Go on after this customer id
    #[arg(long, value_name = "CUSTOMER_ID", default_value = "", hide_default_value = true)]
    after: String,
    /// Also those known by nothing but a receipt or a visit
    #[arg(long)]
    include_receipts: bool,
    #[command(flatten)]
    instant: InstantArgs,
    #[command(flatten)]
    ends: Ends,
}

impl MembersArgs {
    /// Prints as it arrives.
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let request = ListMembersRequest {
            segment: self.segment,
            read_mask: mask(self.fields),
            as_of: self.instant.as_of(),
            channel: self.for_channel,
            after_customer_id: self.after,
            include_receipts: self.include_receipts,
            min_position: Vec::new(),
        };
        let answer = server.segments().list_members(request).await.map_err(|status| server.error(&status))?;
        let (mut members, mut output) = (answer.into_inner(), self.ends.output.stdout());
        output.begin_list(segment::MEMBERS_HEAD)?;
        while let Some(member) = members.message().await.map_err(|status| server.error(&status))? {
            output.item(&member, segment::member)?;
        }
        output.end_list("")?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Any identifiers of customers, as NAMESPACE:VALUE, or customer ids
    #[arg(value_name = "CUSTOMER", required = true, value_parser = customer_ref)]
    customers: Vec<proto::customer::customer_ref::Ref>,
    /// Only this segment; may be given several times
    #[arg(long = "segment", value_name = "SEGMENT")]
    segments: Vec<String>,
    #[command(flatten)]
    instant: InstantArgs,
    #[command(flatten)]
    ends: Ends,
}

impl CheckArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let request = CheckMembershipRequest {
            customers: self.customers.into_iter().map(|one| CustomerRef { r#ref: Some(one) }).collect(),
            segments: self.segments,
            as_of: self.instant.as_of(),
            min_position: Vec::new(),
        };
        let answer = server.segments().check_membership(request).await.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::memberships)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Any identifier of the customer, as NAMESPACE:VALUE, or any customer id
    #[arg(value_name = "CUSTOMER", value_parser = customer_ref)]
    customer: proto::customer::customer_ref::Ref,
    #[command(flatten)]
    asked: AskedArgs,
    #[command(flatten)]
    instant: InstantArgs,
    #[command(flatten)]
    ends: Ends,
}

impl ExplainArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let request = ExplainMembershipRequest {
            customer: Some(CustomerRef { r#ref: Some(self.customer) }),
            segment: self.asked.segment.unwrap_or_default(),
            expression: self.asked.expression.unwrap_or_default(),
            as_of: self.instant.as_of(),
            min_position: Vec::new(),
        };
        let answer = server.segments().explain_membership(request).await.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::proof)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// The first instant
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    from: Micros,
    /// The last instant is at or before this time
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    to: Micros,
    /// From one instant to the next, e.g. 1d
    #[arg(long, value_name = "SPAN", value_parser = expr::span::parse)]
    step: i64,
    /// Also those known by nothing but a receipt or a visit
    #[arg(long)]
    include_receipts: bool,
    #[command(flatten)]
    ends: Ends,
}

impl BacktestArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let nanos = i32::try_from(self.step % 1_000_000 * 1_000)?;
        let request = BacktestRequest {
            segment: self.asked.segment.unwrap_or_default(),
            expression: self.asked.expression.unwrap_or_default(),
            from: Some(self.from.to_proto()),
            to: Some(self.to.to_proto()),
            step: Some(prost_types::Duration { seconds: self.step / 1_000_000, nanos }),
            include_receipts: self.include_receipts,
        };
        let answer = server.segments().backtest(request).await.map_err(|status| server.error(&status))?;
        let (mut instants, mut output) = (answer.into_inner(), self.ends.output.stdout());
        output.begin_list(segment::BACKTEST_HEAD)?;
        while let Some(instant) = instants.message().await.map_err(|status| server.error(&status))? {
            output.item(&instant, segment::instant)?;
        }
        output.end_list("")?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[command(flatten)]
    ends: Ends,
}

impl SchemaArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let answer = server.segments().get_schema(GetSchemaRequest {}).await.map_err(|status| server.error(&status))?;
        self.ends.output.stdout().answer(answer.get_ref(), segment::schema)?;
        Ok(ExitCode::SUCCESS)
    }
}
