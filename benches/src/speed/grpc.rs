//! Answers over the loopback that cost nothing to find: what gRPC takes of a read before there is a state behind it.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use prost::Message as _;
use proto::customer::{
    BatchGetCustomersRequest, BatchGetCustomersResponse, CustomerRef, ExplainCustomerRequest, ExplainCustomerResponse,
    GetCustomerRequest, GetCustomerResponse, ListCustomersRequest, ListCustomersResponse, ListTouchpointsRequest,
    ListTouchpointsResponse,
    customer_service_client::CustomerServiceClient,
    customer_service_server::{CustomerService, CustomerServiceServer},
};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{
    Request, Response, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

mod answer;

use crate::{
    measure::{Figure, measure_spread},
    plan::Plan,
    table::Section,
};

/// Calls under way at once.
const CALLS: usize = 64;
/// Connections that they share.
const CONNECTIONS: usize = 4;
/// Customers of a batch.
const BATCH: usize = 64;

type Client = CustomerServiceClient<Channel>;

/// All figures of this group.
///
/// # Errors
/// The network's.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let clients = runtime.block_on(async { connected(serve().await?).await })?;
    let calls = if plan.quick { 5_000 } else { 100_000_usize }.next_multiple_of(CALLS);
    let mut figures = Vec::new();
    for (name, each, calls) in [
        ("GetCustomer, one a call", 1, calls),
        ("BatchGetCustomers of 64, a customer", BATCH, (calls / BATCH).next_multiple_of(CALLS)),
    ] {
        runtime.block_on(check(&clients[0], each))?;
        figures.push(of_calls(plan, name, each, calls, |each, calls| {
            runtime.block_on(ask(&clients, each, calls)).expect("the server answers");
        }));
    }
    let note = format!(
        "Customers of {} B, cloned for each answer and encoded; {CALLS} calls under way on {CONNECTIONS} connections over the loopback. \
         Client and server share this process and its cores: processor time is that of both.",
        answer::customer().encoded_len()
    );
    Ok(Section { title: "gRPC", note, figures })
}

fn of_calls(plan: &Plan, name: &str, each: usize, calls: usize, work: impl Fn(usize, usize)) -> Figure {
    let figure = measure_spread(name, plan.passes(), (calls * each) as u64, || (), |()| work(each, calls));
    let per_second = 1e9 / figure.wall.median / each as f64;
    figure.remark(format!("{per_second:.0} calls/s"))
}

/// A server of the real service on a free port, for as long as the runtime lives.
async fn serve() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = CustomerServiceServer::new(Ready(Arc::new(GetCustomerResponse {
        customer: Some(answer::customer()),
        applied: answer::applied(),
    })));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    Ok(address)
}

async fn connected(address: SocketAddr) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        clients.push(CustomerServiceClient::new(channel));
    }
    Ok(clients)
}

/// So many calls by callers that each wait for their answer.
async fn ask(clients: &[Client], each: usize, calls: usize) -> Result<()> {
    let mut callers = JoinSet::new();
    for client in clients.iter().cycle().take(CALLS) {
        callers.spawn(caller(client.clone(), each, calls / CALLS));
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    Ok(())
}

async fn caller(mut client: Client, each: usize, calls: usize) -> Result<()> {
    for _ in 0..calls {
        let came = customers(&mut client, each).await?;
        ensure!(came == each, "{came} of {each} customers came");
    }
    Ok(())
}

/// How many customers one call brings.
async fn customers(client: &mut Client, each: usize) -> Result<usize> {
    if each == 1 {
        let request = GetCustomerRequest { customer: Some(answer::reference()), ..Default::default() };
        return Ok(client.get_customer(request).await?.into_inner().customer.into_iter().count());
    }
    let request = BatchGetCustomersRequest { customers: vec![answer::reference(); each], ..Default::default() };
    Ok(client.batch_get_customers(request).await?.into_inner().results.len())
}

async fn check(client: &Client, each: usize) -> Result<()> {
    let request = BatchGetCustomersRequest { customers: vec![answer::reference(); each], ..Default::default() };
    let results = client.clone().batch_get_customers(request).await?.into_inner().results;
    let first = results.into_iter().next().context("a result comes")?;
    ensure!(first == answer::result(&answer::customer()), "another customer came");
    Ok(())
}

/// Has one answer ready for whoever is asked for.
struct Ready(Arc<GetCustomerResponse>);

#[tonic::async_trait]
impl CustomerService for Ready {
    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        named(request.get_ref().customer.as_ref())?;
        Ok(Response::new((*self.0).clone()))
    }

    async fn batch_get_customers(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<Response<BatchGetCustomersResponse>, Status> {
        let customer = self.0.customer.as_ref().ok_or_else(|| Status::internal("nobody is ready"))?;
        let result = |asked: &CustomerRef| named(Some(asked)).map(|()| answer::result(customer));
        let results = request.get_ref().customers.iter().map(result).collect::<Result<_, _>>()?;
        Ok(Response::new(BatchGetCustomersResponse { results, applied: self.0.applied.clone() }))
    }

    type ListCustomersStream = tokio_stream::Empty<Result<ListCustomersResponse, Status>>;

    async fn list_customers(
        &self,
        _: Request<ListCustomersRequest>,
    ) -> Result<Response<Self::ListCustomersStream>, Status> {
        Err(Status::unimplemented("this server answers GetCustomer and BatchGetCustomers alone"))
    }

    async fn list_touchpoints(
        &self,
        _: Request<ListTouchpointsRequest>,
    ) -> Result<Response<ListTouchpointsResponse>, Status> {
        Err(Status::unimplemented("this server answers GetCustomer and BatchGetCustomers alone"))
    }

    async fn explain_customer(
        &self,
        _: Request<ExplainCustomerRequest>,
    ) -> Result<Response<ExplainCustomerResponse>, Status> {
        Err(Status::unimplemented("this server answers GetCustomer and BatchGetCustomers alone"))
    }
}

fn named(customer: Option<&CustomerRef>) -> Result<(), Status> {
    let named = customer.is_some_and(|customer| customer.r#ref.is_some());
    if named { Ok(()) } else { Err(Status::invalid_argument("customer: nobody is named; name an identifier")) }
}
