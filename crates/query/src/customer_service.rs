//! `patron.customer.v1.CustomerService`.

use std::pin::Pin;

use identity::CustomerIdentity;
use proto::{
    customer::{
        AppliedOffset, BatchGetCustomersRequest, BatchGetCustomersResponse, Customer, CustomerRef, CustomerResult,
        GetCustomerRequest, GetCustomerResponse, ListCustomersRequest, ListCustomersResponse, ListTouchpointsRequest,
        ListTouchpointsResponse, TimelineEntry, customer_ref,
        customer_service_server::{CustomerService, CustomerServiceServer},
    },
    mask::ReadMask,
};
use store::{CustomerRows, Resolved, Snapshot};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use types::{Identifier, IdentifierId};

use crate::{
    context::{Context, applied},
    status, timeline, view,
};

mod list;
mod pages;
mod sought;

use sought::Sought;

/// Most customers of one batch request.
const BATCH_MAX: usize = 1_000;

/// Serves unified customer views and timelines.
#[derive(Clone, Debug)]
pub struct Customers {
    context: Context,
}

impl Customers {
    /// The service over a context.
    pub fn server(context: Context) -> CustomerServiceServer<Self> {
        CustomerServiceServer::new(Self { context })
    }
}

#[tonic::async_trait]
impl CustomerService for Customers {
    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        self.context.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let mask = customer_mask(request.read_mask.as_ref())?;
        let (sought, who) = sought(&self.context, request.customer.as_ref(), "customer")?;
        let read = move |context: &Context| {
            let snapshot = context.store.snapshot();
            let id = sought.held(context, &snapshot)?;
            let customer = get(context, &snapshot, id, &mask)?.ok_or_else(|| status::customer_not_found(&who))?;
            Ok(GetCustomerResponse { customer: Some(customer), applied: covered(&snapshot)? })
        };
        self.context.read(read).await.map(Response::new)
    }

    async fn batch_get_customers(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<Response<BatchGetCustomersResponse>, Status> {
        self.context.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        if request.customers.is_empty() || request.customers.len() > BATCH_MAX {
            return Err(status::invalid(
                "customers",
                format!("{} given; send 1 to {BATCH_MAX}", request.customers.len()),
            ));
        }
        let mask = customer_mask(request.read_mask.as_ref())?;
        let id = |(at, who): (usize, &CustomerRef)| {
            sought(&self.context, Some(who), &format!("customers[{at}]")).map(|(sought, _)| sought)
        };
        let sought: Vec<Sought> = request.customers.iter().enumerate().map(id).collect::<Result<_, _>>()?;
        let read = move |context: &Context| {
            let snapshot = context.store.snapshot();
            let result = |sought: &Sought| {
                let id = sought.held(context, &snapshot)?;
                get(context, &snapshot, id, &mask).map(|customer| CustomerResult { customer })
            };
            let results = sought.iter().map(result).collect::<Result<_, _>>()?;
            Ok(BatchGetCustomersResponse { results, applied: covered(&snapshot)? })
        };
        self.context.read(read).await.map(Response::new)
    }

    type ListCustomersStream = Pin<Box<dyn Stream<Item = Result<ListCustomersResponse, Status>> + Send>>;

    async fn list_customers(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<Response<Self::ListCustomersStream>, Status> {
        self.context.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let mask = customer_mask(request.read_mask.as_ref())?;
        let receiver = list::start(self.context.clone(), mask, request.include_receipts)?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn list_touchpoints(
        &self,
        request: Request<ListTouchpointsRequest>,
    ) -> Result<Response<ListTouchpointsResponse>, Status> {
        self.context.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        let (sought, who) = sought(&self.context, request.customer.as_ref(), "customer")?;
        let mask = ReadMask::new::<TimelineEntry>(request.read_mask.as_ref())
            .map_err(|description| status::invalid("read_mask", description))?;
        let (query, name) = pages::query(&request)?;
        let read = move |context: &Context| {
            let snapshot = context.store.snapshot();
            let id = sought.held(context, &snapshot)?;
            let customer = find(context, &snapshot, id)?.ok_or_else(|| status::customer_not_found(&who))?;
            let page = timeline::page(&snapshot, &context.hash_key, &customer.fragments, &query);
            let (entries, more) = page.map_err(|error| status::store_failed(&error))?;
            Ok(ListTouchpointsResponse {
                entries: entries.into_iter().map(|entry| mask.apply(entry)).collect(),
                next_page_token: more.map_or_else(String::new, |after| pages::token(name, after)),
                applied: covered(&snapshot)?,
            })
        };
        self.context.read(read).await.map(Response::new)
    }
}

fn customer_mask(mask: Option<&prost_types::FieldMask>) -> Result<ReadMask, Status> {
    ReadMask::new::<Customer>(mask).map_err(|description| status::invalid("read_mask", description))
}

/// Who is looked up, and the name for error messages.
fn sought(context: &Context, who: Option<&CustomerRef>, field: &str) -> Result<(Sought, String), Status> {
    match who.and_then(|who| who.r#ref.as_ref()) {
        Some(customer_ref::Ref::Identifier(message)) if !message.namespace.is_empty() && !message.value.is_empty() => {
            let (sought, identifier) = Sought::identifier(context, &Identifier::from(message));
            Ok((sought, identifier.to_string()))
        }
        Some(customer_ref::Ref::Identifier(_)) => {
            Err(status::invalid(&format!("{field}.identifier"), "namespace and value must both be given"))
        }
        Some(customer_ref::Ref::CustomerId(text)) => {
            let id = IdentifierId::parse(text).map_err(|why| status::invalid(&format!("{field}.customer_id"), why))?;
            Ok((Sought::id(id), text.clone()))
        }
        None => Err(status::invalid(field, "nobody is named; give an identifier or a customer_id")),
    }
}

fn find(context: &Context, snapshot: &Snapshot<'_>, id: IdentifierId) -> Result<Option<CustomerIdentity>, Status> {
    let rows = CustomerRows::new(snapshot, &context.rules, &context.hash_key);
    let found = rows.find(id).map_err(|error| status::store_failed(&error))?;
    Ok(found.map(|resolved| resolved.identity))
}

fn get(
    context: &Context,
    snapshot: &Snapshot<'_>,
    id: IdentifierId,
    mask: &ReadMask,
) -> Result<Option<Customer>, Status> {
    let rows = CustomerRows::new(snapshot, &context.rules, &context.hash_key);
    let found = rows.find(id).map_err(|error| status::store_failed(&error))?;
    found.map(|resolved| shown(&rows, &resolved, mask)).transpose()
}

fn shown(rows: &CustomerRows<'_>, resolved: &Resolved, mask: &ReadMask) -> Result<Customer, Status> {
    let state = rows.state(&resolved.identity).map_err(|error| status::store_failed(&error))?;
    Ok(view::customer(resolved, &state, mask))
}

fn covered(snapshot: &Snapshot<'_>) -> Result<Vec<AppliedOffset>, Status> {
    applied(snapshot).map_err(|error| status::store_failed(&error))
}
