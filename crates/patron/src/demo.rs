//! The demonstration: everything in one process, a month of a small retail chain sent in, and what came out.
//!
//! Owns what a newcomer sees first. Ends by itself; everything it does goes through the public services.

use std::{path::PathBuf, time::Instant};

use anyhow::Context as _;
use proto::{
    admin::{GetDigestRequest, GetStatusRequest},
    customer::{
        Customer, CustomerRef, GetCustomerRequest, ListCustomersRequest, ListTouchpointsRequest, TimelineOrder,
        customer_ref,
    },
};
use types::{Micros, record::Position};

use crate::{
    client,
    config::Config,
    generate::Settings,
    output::{self, Output, progress::per_second},
    server::{Role, Server},
};

mod send;

use send::Sent;

/// What is demonstrated.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// Where journal and state are kept; a folder that is removed afterwards if absent.
    pub data_dir: Option<PathBuf>,
    /// Seed of the month.
    pub seed: u64,
    /// Customers of the chain.
    pub customers: u64,
    /// Touchpoints of the month.
    pub touchpoints: u64,
}

/// Longest wait for folding, on a machine however slow.
const FOLDED_MAX: std::time::Duration = std::time::Duration::from_secs(600);

/// Touchpoints of the timeline that are shown.
const TIMELINE_SHOWN: i32 = 15;

/// Runs the demonstration and prints what came out.
///
/// # Errors
/// Whatever could not be started, sent or asked.
pub async fn run(settings: &DemoSettings, out: &mut Output) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir().context("no folder for the demonstration can be made")?;
    let data_dir = settings.data_dir.clone().unwrap_or_else(|| scratch.path().to_owned());
    let free = |mut config: Config| {
        config.grpc.addr.set_port(0);
        config.http.addr.set_port(0);
        config
    };
    let running = Server::start(&free(Config { data_dir, ..Config::default() }), Role::All).await?;
    out.text(&format!(
        "Patron runs: gRPC on {}, metrics on http://{}/metrics\n",
        running.grpc_addr(),
        running.http_addr()
    ))?;
    let shown = show(settings, &format!("http://{}", running.grpc_addr()), out).await;
    running.stop().await?;
    shown
}

async fn show(settings: &DemoSettings, url: &str, out: &mut Output) -> anyhow::Result<()> {
    let server = client::Server::connect(url).await?;
    out.text(&format!(
        "Sending March 2026: {} touchpoints of {} customers …\n",
        settings.touchpoints, settings.customers
    ))?;
    let sent = send::all(&server, month(settings)?).await?;
    let folded = folded_after(&server, &sent).await?;
    show_speed(&sent, folded, out)?;
    let someone = most_telling(&server).await?;
    show_customer(&server, &someone, out).await?;
    show_state(&server, out).await?;
    out.text(GO_ON)?;
    Ok(())
}

fn month(settings: &DemoSettings) -> anyhow::Result<Settings> {
    let start = Micros::parse_rfc3339("2026-03-01T00:00:00Z").map_err(anyhow::Error::msg)?;
    let DemoSettings { seed, customers, touchpoints, .. } = *settings;
    Ok(Settings { seed, customers, touchpoints, start, days: 31, uniform: false })
}

/// Seconds from the first touchpoint sent until all of them can be read.
async fn folded_after(server: &client::Server, sent: &Sent) -> anyhow::Result<f64> {
    let position = |(partition, offset): (&u32, &u64)| Position { partition: *partition, offset: *offset };
    let min_position = sent.tally.positions.iter().map(position).collect();
    let mut request = tonic::Request::new(GetDigestRequest { min_position });
    request.set_timeout(FOLDED_MAX);
    server.admin().get_digest(request).await.map_err(|status| server.error(&status))?;
    Ok(sent.begun.elapsed().as_secs_f64())
}

fn show_speed(sent: &Sent, folded: f64, out: &mut Output) -> anyhow::Result<()> {
    let (count, accepted) = (sent.tally.accepted, sent.seconds);
    out.text(&format!(
        "Accepted and durable after {accepted:.1} s ({}/s); folded, and its digest taken, after {folded:.1} s ({}/s).\n",
        per_second(count, accepted),
        per_second(count, folded),
    ))?;
    Ok(())
}

/// Touchpoints of a customer whose timeline a person would still read.
const READABLE: i64 = 300;

/// The customer whose view tells most in few touchpoints: identifiers first, then metrics, then touchpoints.
async fn most_telling(server: &client::Server) -> anyhow::Result<Customer> {
    let mut stream = server
        .customers()
        .list_customers(ListCustomersRequest::default())
        .await
        .map_err(|status| server.error(&status))?
        .into_inner();
    let (mut best, mut count) = (None::<(usize, usize, i64, Customer)>, 0_u64);
    let begun = Instant::now();
    while let Some(response) = stream.message().await.map_err(|status| server.error(&status))? {
        let Some(customer) = response.customer else { continue };
        count += 1;
        if customer.touchpoint_count > READABLE {
            continue;
        }
        let rank = (customer.identifiers.len().min(5), customer.metrics.len(), customer.touchpoint_count);
        if best
            .as_ref()
            .is_none_or(|(identifiers, metrics, touchpoints, _)| (*identifiers, *metrics, *touchpoints) < rank)
        {
            best = Some((rank.0, rank.1, rank.2, customer));
        }
    }
    tracing::debug!(count, seconds = begun.elapsed().as_secs_f64(), "listed all customers");
    best.map(|(.., customer)| customer).context("nobody came out")
}

async fn show_customer(server: &client::Server, someone: &Customer, out: &mut Output) -> anyhow::Result<()> {
    let who = || Some(CustomerRef { r#ref: Some(customer_ref::Ref::CustomerId(someone.customer_id.clone())) });
    let request = GetCustomerRequest { customer: who(), ..GetCustomerRequest::default() };
    let view = server.customers().get_customer(request).await.map_err(|status| server.error(&status))?.into_inner();
    out.text("\nOne customer, unified from all that carries one of the identifiers:\n\n")?;
    out.answer(&view, output::customer::sections)?;
    let request = ListTouchpointsRequest {
        customer: who(),
        page_size: TIMELINE_SHOWN,
        order: TimelineOrder::NewestFirst.into(),
        ..ListTouchpointsRequest::default()
    };
    let page = server.customers().list_touchpoints(request).await.map_err(|status| server.error(&status))?.into_inner();
    out.text("\nThe newest of the timeline:\n\n")?;
    for entry in &page.entries {
        out.item(entry, output::timeline::line)?;
    }
    Ok(())
}

async fn show_state(server: &client::Server, out: &mut Output) -> anyhow::Result<()> {
    out.text("\nThe shards:\n\n")?;
    let status = server.admin().get_status(GetStatusRequest {}).await.map_err(|status| server.error(&status))?;
    out.answer(&status.into_inner(), output::admin::status)?;
    let digest =
        server.admin().get_digest(GetDigestRequest::default()).await.map_err(|status| server.error(&status))?;
    out.text(&format!(
        "\nDigest of the state: {}\n(the same touchpoints give it again, in any order)\n",
        digest.into_inner().state
    ))?;
    Ok(())
}

const GO_ON: &str = "
Go on:
  patron up                                        keep it running (data in ./patron-data)
  patron generate --seed 1 --customers 1000 --touchpoints 100000 --server http://127.0.0.1:7700
  patron import --mapping MAPPING.toml FILE…       bring your own history (docs/import.md)
  patron customer list                             everybody
  patron customer get NAMESPACE:VALUE              one unified view
";
