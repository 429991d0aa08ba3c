//! `patron segment history`: what was told of one customer.

use std::process::ExitCode;

use clap::Args;
use proto::{
    customer::{CustomerRef, TimelineOrder, customer_ref::Ref},
    segment::GetMembershipHistoryRequest,
};

use super::Ends;
use crate::{cli::customer::customer_ref, output::segment};

/// Most changes that are asked for at once.
const PAGE_SIZE: u64 = 1_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct HistoryArgs {
    /// Any identifier of the customer, as NAMESPACE:VALUE, or any customer id
    #[arg(value_name = "CUSTOMER", value_parser = customer_ref)]
    customer: Ref,
    /// Only these segments; all unless given
    #[arg(value_name = "SEGMENT")]
    segments: Vec<String>,
    /// The oldest first
    #[arg(long)]
    oldest_first: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
    #[command(flatten)]
    ends: Ends,
}

impl HistoryArgs {
    /// Follows the pages until the end or the limit.
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let (mut output, mut left, mut begun) = (self.ends.output.stdout(), self.limit, false);
        let mut request = self.request();
        let mut forgotten = 0;
        while left > 0 {
            request.page_size = i32::try_from(left.min(PAGE_SIZE))?;
            let answer = server.segments().get_membership_history(request.clone()).await;
            let page = answer.map_err(|status| server.error(&status))?.into_inner();
            // Nothing is printed for a customer who is not there.
            if !std::mem::replace(&mut begun, true) {
                output.begin_list(segment::HISTORY_HEAD)?;
            }
            for change in &page.changes {
                output.item(change, segment::told)?;
            }
            output.flush()?;
            left = left.saturating_sub(page.changes.len() as u64);
            (request.page_token, forgotten) = (page.next_page_token, page.forgotten);
            if request.page_token.is_empty() {
                break;
            }
        }
        let bound = format!("changes up to {forgotten} of the feed are no longer kept");
        output.end_list(if forgotten > 0 { &bound } else { "" })?;
        Ok(ExitCode::SUCCESS)
    }

    fn request(&self) -> GetMembershipHistoryRequest {
        let order = if self.oldest_first { TimelineOrder::OldestFirst } else { TimelineOrder::NewestFirst };
        GetMembershipHistoryRequest {
            customer: Some(CustomerRef { r#ref: Some(self.customer.clone()) }),
            segments: self.segments.clone(),
            order: order.into(),
            ..GetMembershipHistoryRequest::default()
        }
    }
}
