//! `patron customer`: one customer, all customers, a timeline.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use prost_types::{FieldMask, Timestamp};
use proto::customer::{
    CustomerRef, ExplainCustomerRequest, GetCustomerRequest, ListCustomersRequest, ListTouchpointsRequest,
    TimelineOrder, customer_ref::Ref,
};
use types::{Identifier, IdentifierId, Micros};

use super::{OutputArgs, ServerArgs};
use crate::output::{customer, explanation, timeline};

/// Touchpoints asked for at a time.
const PAGE_SIZE: u64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Show one customer with all that is known
    #[command(after_help = "Examples:\n  \
        patron customer get loyalty_card:4711\n  \
        patron customer get 0f8b2c5e-6d1a-8c3f-9b7e-2a4d6c8e0f12 --output json\n  \
        patron customer get email:anna@shop.example --fields traits,metrics.net\n  \
        patron customer get loyalty_card:4711 --as-of 2026-03-01T00:00:00Z\n  \
        patron customer get loyalty_card:4711 --contact")]
    Get(GetArgs),
    /// List all customers, each once, in the order of their ids
    #[command(after_help = "Examples:\n  \
        patron customer list --limit 20\n  \
        patron customer list --output ndjson --fields customer_id,metrics.net > customers.ndjson\n  \
        patron customer list --include-receipts | head")]
    List(ListArgs),
    /// Show the touchpoints of a customer, the newest first
    #[command(after_help = "Examples:\n  \
        patron customer timeline loyalty_card:4711 --limit 50\n  \
        patron customer timeline user_id:u42 --kind order_completed --kind order_returned --oldest-first\n  \
        patron customer timeline user_id:u42 --from 2026-03-01T00:00:00Z --before 2026-04-01T00:00:00Z --output ndjson")]
    Timeline(TimelineArgs),
    /// Say why: the links behind a customer's identity, the touchpoints behind a field
    #[command(after_help = "Examples:\n  \
        patron customer explain loyalty_card:4711\n  \
        patron customer explain loyalty_card:4711 metrics.net\n  \
        patron customer explain email:anna@shop.example traits.city --known-at 2026-03-01T00:00:00Z --output json")]
    Explain(ExplainArgs),
}

/// Of which moment a customer is shown.
#[derive(Clone, Copy, Debug, Args)]
struct MomentArgs {
    /// As of this time: only what occurred then or before counts, e.g. 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    as_of: Option<Micros>,
    /// As known at this time: only what was received then or before counts
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    known_at: Option<Micros>,
}

impl MomentArgs {
    fn as_of(self) -> Option<Timestamp> {
        self.as_of.map(Micros::to_proto)
    }

    fn known_at(self) -> Option<Timestamp> {
        self.known_at.map(Micros::to_proto)
    }
}

impl CustomerCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Get(args) => args.run().await,
            Self::List(args) => args.run().await,
            Self::Timeline(args) => args.run().await,
            Self::Explain(args) => args.run().await,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// Any identifier of the customer, as NAMESPACE:VALUE, or any customer id
    #[arg(value_name = "CUSTOMER", value_parser = customer_ref)]
    customer: Ref,
    /// Fields of Customer to show, e.g. traits,metrics.net; all unless given
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    fields: Vec<String>,
    /// Also over which channels the customer may be contacted, by consent and contact caps
    #[arg(long)]
    contact: bool,
    #[command(flatten)]
    moment: MomentArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl GetArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let customer = Some(CustomerRef { r#ref: Some(self.customer) });
        let (as_of, known_at) = (self.moment.as_of(), self.moment.known_at());
        let read_mask = mask(with_contact(self.fields, self.contact));
        let request = GetCustomerRequest { customer, read_mask, as_of, known_at, min_position: Vec::new() };
        let answer = server.customers().get_customer(request).await.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), customer::sections)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Fields of Customer to show, e.g. customer_id,metrics.net; all unless given
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    fields: Vec<String>,
    /// Also those known by nothing but a receipt or a visit
    #[arg(long)]
    include_receipts: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ListArgs {
    /// Prints as it arrives; holds one customer at a time.
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = ListCustomersRequest {
            read_mask: mask(self.fields),
            include_receipts: self.include_receipts,
            ..ListCustomersRequest::default()
        };
        let answer = server.customers().list_customers(request).await.map_err(|status| server.error(&status))?;
        let (mut customers, mut output) = (answer.into_inner(), self.output.stdout());
        output.begin_list(customer::LIST_HEAD)?;
        for _ in 0..self.limit {
            let Some(next) = customers.message().await.map_err(|status| server.error(&status))? else { break };
            if let Some(one) = &next.customer {
                output.item(one, customer::line)?;
            }
        }
        output.end_list("")?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct TimelineArgs {
    /// Any identifier of the customer, as NAMESPACE:VALUE, or any customer id
    #[arg(value_name = "CUSTOMER", value_parser = customer_ref)]
    customer: Ref,
    /// Only touchpoints of this kind; may be given several times
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// Only touchpoints that occurred at this time or later, e.g. 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    from: Option<Micros>,
    /// Only touchpoints that occurred before this time
    #[arg(long, value_name = "TIME", value_parser = Micros::parse_rfc3339)]
    before: Option<Micros>,
    /// The oldest first
    #[arg(long)]
    oldest_first: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
    #[command(flatten)]
    moment: MomentArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl TimelineArgs {
    /// Follows the pages until the end or the limit.
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let (mut request, mut output, mut left) = (self.request(), self.output.stdout(), self.limit);
        let mut begun = false;
        while left > 0 {
            request.page_size = i32::try_from(left.min(PAGE_SIZE))?;
            let answer =
                server.customers().list_touchpoints(request.clone()).await.map_err(|status| server.error(&status))?;
            let page = answer.into_inner();
            // Nothing is printed for a customer who is not there.
            if !std::mem::replace(&mut begun, true) {
                output.begin_list(timeline::HEAD)?;
            }
            for entry in page.entries.iter().take(usize::try_from(left)?) {
                output.item(entry, timeline::line)?;
            }
            output.flush()?;
            left = left.saturating_sub(page.entries.len() as u64);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        output.end_list("")?;
        Ok(ExitCode::SUCCESS)
    }

    fn request(&self) -> ListTouchpointsRequest {
        let order = if self.oldest_first { TimelineOrder::OldestFirst } else { TimelineOrder::NewestFirst };
        let timestamp = |at: Option<Micros>| -> Option<Timestamp> { at.map(Micros::to_proto) };
        ListTouchpointsRequest {
            customer: Some(CustomerRef { r#ref: Some(self.customer.clone()) }),
            order: order.into(),
            kinds: self.kinds.clone(),
            occurred_from: timestamp(self.from),
            occurred_before: timestamp(self.before),
            as_of: self.moment.as_of(),
            known_at: self.moment.known_at(),
            ..ListTouchpointsRequest::default()
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Any identifier of the customer, as NAMESPACE:VALUE, or any customer id
    #[arg(value_name = "CUSTOMER", value_parser = customer_ref)]
    customer: Ref,
    /// Field of Customer, e.g. metrics.net, traits.city; the identity alone unless given
    #[arg(value_name = "FIELD", default_value = "", hide_default_value = true)]
    field: String,
    /// At most this many touchpoints, the newest first
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i32).range(1..=1_000))]
    limit: i32,
    #[command(flatten)]
    moment: MomentArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ExplainArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = ExplainCustomerRequest {
            customer: Some(CustomerRef { r#ref: Some(self.customer) }),
            field: self.field,
            contributions_max: self.limit,
            as_of: self.moment.as_of(),
            known_at: self.moment.known_at(),
            min_position: Vec::new(),
        };
        let answer = server.customers().explain_customer(request).await.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), explanation::sections)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `NAMESPACE:VALUE`, or a UUID.
pub(super) fn customer_ref(text: &str) -> Result<Ref, String> {
    if let Ok(id) = IdentifierId::parse(text) {
        return Ok(Ref::CustomerId(id.to_string()));
    }
    let identifier = Identifier::parse(text).map_err(|error| format!("{error}; or give a customer id"))?;
    Ok(Ref::Identifier((&identifier).into()))
}

/// Contact is shown only where it is named, so all the rest has to be named with it.
fn with_contact(mut fields: Vec<String>, contact: bool) -> Vec<String> {
    if contact && fields.is_empty() {
        fields.push("*".to_owned());
    }
    fields.extend(contact.then(|| "contact".to_owned()));
    fields
}

/// A field mask; none where no field is named.
pub(super) fn mask(paths: Vec<String>) -> Option<FieldMask> {
    (!paths.is_empty()).then_some(FieldMask { paths })
}
