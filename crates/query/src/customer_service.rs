//! `patron.customer.v1.CustomerService`.

use std::{fmt::Display, pin::Pin};

use bytes::Bytes;
use prost::Message as _;
use proto::{
    customer::{
        AppliedOffset, Customer, CustomerRef, ExplainCustomerRequest, ExplainCustomerResponse, ListCustomersRequest,
        ListCustomersResponse, ListTouchpointsRequest, ListTouchpointsResponse, TimelineEntry, customer_ref,
    },
    encoded::{
        BatchGetCustomersRequest, BatchGetCustomersResponse, CustomerService, CustomerServiceServer,
        GetCustomerRequest, GetCustomerResponse,
    },
    mask::ReadMask,
};
use store::{CustomerRows, Snapshot, StoreError};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use types::{Identifier, IdentifierId, Micros};

use crate::{
    contact,
    context::{Context, Contexts, applied},
    explain,
    hot::Answer,
    past::{Moment, PastRows},
    references, status,
    timeline::{self, PageQuery},
    view,
};

mod asked;
mod list;
mod lookup;
mod now;
mod pages;
mod sought;

pub(crate) use sought::Sought;

use asked::{Asked, asked};
use lookup::{Found, Lookup};

/// Serves unified customer views and timelines.
#[derive(Clone, Debug)]
pub struct Customers {
    contexts: Contexts,
}

impl Customers {
    /// The service over what is served.
    pub fn server(contexts: Contexts) -> CustomerServiceServer<Self> {
        CustomerServiceServer::new(Self { contexts })
    }
}

#[tonic::async_trait]
impl CustomerService for Customers {
    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        let mask = self.contexts.hot.masks().read(&request.get_ref().read_mask)?;
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let one = sought_id(&context, request.customer.as_ref(), "customer")?;
        let response = match Moment::of(request.as_of.as_ref(), request.known_at.as_ref()) {
            None => {
                let Found { answers, applied } = Lookup { sought: vec![one], mask }.answer(&context).await?;
                let customer = answers.first().and_then(Answer::customer).map(Bytes::copy_from_slice);
                GetCustomerResponse { customer, applied }
            }
            Some(moment) => context.read(move |context| found_at(context, one, moment, &mask.read)).await?,
        };
        match response.customer {
            Some(_) => Ok(Response::new(response)),
            None => {
                let (_, who) = sought(&context, request.customer.as_ref(), "customer")?;
                Err(status::customer_not_found(&who))
            }
        }
    }

    async fn batch_get_customers(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<Response<BatchGetCustomersResponse>, Status> {
        let mask = self.contexts.hot.masks().read(&request.get_ref().read_mask)?;
        let asked = asked(&request.get_ref().customers)?;
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let mut sought = Vec::with_capacity(asked.len());
        for (at, who) in asked.iter().enumerate() {
            sought.push(match who {
                Asked::Identifier(namespace, value) => Sought::identifier(&context, namespace, value),
                Asked::Any(who) => sought_id(&context, Some(who), format_args!("customers[{at}]"))?,
            });
        }
        let Found { answers, applied } = Lookup { sought, mask }.answer(&context).await?;
        let bytes = answers.iter().filter_map(Answer::customer).map(<[u8]>::len).sum();
        let mut response = BatchGetCustomersResponse::with_room(answers.len(), bytes, applied);
        answers.iter().for_each(|answer| response.push(answer.customer()));
        Ok(Response::new(response))
    }

    type ListCustomersStream = Pin<Box<dyn Stream<Item = Result<ListCustomersResponse, Status>> + Send>>;

    async fn list_customers(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<Response<Self::ListCustomersStream>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let mask = customer_mask(request.read_mask.as_ref())?;
        if mask.names("contact") {
            return Err(status::invalid("read_mask", contact::ONE_BY_ONE));
        }
        let receiver = list::start(context, mask, request.include_receipts)?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn list_touchpoints(
        &self,
        request: Request<ListTouchpointsRequest>,
    ) -> Result<Response<ListTouchpointsResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let (sought, who) = sought(&context, request.customer.as_ref(), "customer")?;
        let mask = ReadMask::new::<TimelineEntry>(request.read_mask.as_ref())
            .map_err(|description| status::invalid("read_mask", description))?;
        let (query, name) = pages::query(&request)?;
        let moment = Moment::of(request.as_of.as_ref(), request.known_at.as_ref());
        let read = move |context: &Context| {
            let snapshot = context.store.snapshot();
            let id = sought.held(context, &snapshot)?;
            let page = match moment {
                None => page(context, &snapshot, id, &query),
                Some(moment) => page_at(context, &snapshot, id, moment, &query),
            };
            let page = page.map_err(|error| status::store_failed(&error))?;
            let (mut entries, more) = page.ok_or_else(|| status::customer_not_found(&who))?;
            references::fill(&snapshot, &mut entries).map_err(|error| status::store_failed(&error))?;
            Ok(ListTouchpointsResponse {
                entries: entries.into_iter().map(|entry| mask.apply(entry)).collect(),
                next_page_token: more.map_or_else(String::new, |after| pages::token(name, after)),
                applied: covered(&snapshot)?,
            })
        };
        context.read(read).await.map(Response::new)
    }

    async fn explain_customer(
        &self,
        request: Request<ExplainCustomerRequest>,
    ) -> Result<Response<ExplainCustomerResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let (sought, who) = sought(&context, request.customer.as_ref(), "customer")?;
        let question = explain::question(&request)?;
        let read = move |context: &Context| {
            let snapshot = context.store.snapshot();
            let id = sought.held(context, &snapshot)?;
            let rows = PastRows::new(&snapshot, &context.rules, &context.hash_key, question.moment);
            let answer = explain::explain(&rows, &context.hash_key, id, &question);
            let answer = answer.map_err(|error| status::store_failed(&error))?;
            let answer = answer.ok_or_else(|| status::customer_not_found(&who))?;
            Ok(ExplainCustomerResponse { applied: covered(&snapshot)?, ..answer })
        };
        context.read(read).await.map(Response::new)
    }
}

fn customer_mask(mask: Option<&prost_types::FieldMask>) -> Result<ReadMask, Status> {
    ReadMask::new::<Customer>(mask).map_err(|description| status::invalid("read_mask", description))
}

/// Who is looked up, and the name for error messages.
pub(crate) fn sought(context: &Context, who: Option<&CustomerRef>, field: &str) -> Result<(Sought, String), Status> {
    let found = sought_id(context, who, field)?;
    let name = match who.and_then(|who| who.r#ref.as_ref()) {
        Some(customer_ref::Ref::Identifier(message)) => {
            Identifier::from(message).normalised(&context.normaliser).to_string()
        }
        Some(customer_ref::Ref::CustomerId(text)) => text.clone(),
        None => String::new(),
    };
    Ok((found, name))
}

/// Who is looked up.
fn sought_id(context: &Context, who: Option<&CustomerRef>, field: impl Display) -> Result<Sought, Status> {
    match who.and_then(|who| who.r#ref.as_ref()) {
        Some(customer_ref::Ref::Identifier(message)) if !message.namespace.is_empty() && !message.value.is_empty() => {
            Ok(Sought::identifier(context, &message.namespace, &message.value))
        }
        Some(customer_ref::Ref::Identifier(_)) => {
            Err(status::invalid(&format!("{field}.identifier"), "namespace and value must both be given"))
        }
        Some(customer_ref::Ref::CustomerId(text)) => {
            let id = IdentifierId::parse(text).map_err(|why| status::invalid(&format!("{field}.customer_id"), why))?;
            Ok(Sought::id(id))
        }
        None => Err(status::invalid(&field.to_string(), "nobody is named; give an identifier or a customer_id")),
    }
}

/// A page of the timeline as it is now; `None` if nobody holds the id.
fn page(
    context: &Context,
    snapshot: &Snapshot<'_>,
    id: IdentifierId,
    query: &PageQuery,
) -> Result<Option<timeline::Page>, StoreError> {
    let rows = CustomerRows::new(snapshot, &context.rules, &context.hash_key);
    let found = rows.find(id)?;
    found.map(|resolved| timeline::page(snapshot, &context.hash_key, &resolved, query)).transpose()
}

/// A page of the timeline at a moment.
fn page_at(
    context: &Context,
    snapshot: &Snapshot<'_>,
    id: IdentifierId,
    moment: Moment,
    query: &PageQuery,
) -> Result<Option<timeline::Page>, StoreError> {
    let rows = PastRows::new(snapshot, &context.rules, &context.hash_key, moment);
    let Some(resolved) = rows.find(id)? else { return Ok(None) };
    Ok(Some(timeline::page_of(&rows.touchpoints(&resolved.identity)?, &resolved, query)))
}

/// The customer at a moment, encoded.
fn found_at(context: &Context, one: Sought, moment: Moment, mask: &ReadMask) -> Result<GetCustomerResponse, Status> {
    let snapshot = context.store.snapshot();
    let id = one.held(context, &snapshot)?;
    let customer = get_at(context, &snapshot, id, moment, mask)?;
    let customer = customer.map(|customer| customer.encode_to_vec().into());
    Ok(GetCustomerResponse { customer, applied: covered(&snapshot)? })
}

/// The customer at a moment.
fn get_at(
    context: &Context,
    snapshot: &Snapshot<'_>,
    id: IdentifierId,
    moment: Moment,
    mask: &ReadMask,
) -> Result<Option<Customer>, Status> {
    let rows = PastRows::new(snapshot, &context.rules, &context.hash_key, moment);
    let found = rows.find(id).and_then(|found| {
        let Some(resolved) = found else { return Ok(None) };
        let touchpoints = rows.touchpoints(&resolved.identity)?;
        let state = rows.state(&touchpoints);
        let mut customer = view::customer(&resolved, &state, mask);
        if mask.names("contact") {
            let now = if moment.as_of < Micros(i64::MAX) { moment.as_of } else { context.instant(snapshot)? };
            customer.contact = contact::at(context, &resolved, &state, &touchpoints, now);
        }
        Ok(Some(customer))
    });
    found.map_err(|error| status::store_failed(&error))
}

fn covered(snapshot: &Snapshot<'_>) -> Result<Vec<AppliedOffset>, Status> {
    applied(snapshot).map_err(|error| status::store_failed(&error))
}
