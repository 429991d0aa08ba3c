//! Reads as fast as they go: one customer a call, and many.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use hdrhistogram::Histogram;
use patron::client::Server;
use proto::customer::{BatchGetCustomersRequest, GetCustomerRequest};
use tokio::task::JoinSet;

use super::{crowd::Crowd, probe};
use crate::{sample, series::Series, threads};

/// Callers of one customer a call.
const CALLERS: u64 = 16;
/// Callers of many customers a call.
const BATCH_CALLERS: u64 = 4;
/// Customers of such a call.
const BATCH_CUSTOMERS: usize = 64;

/// Both kinds of read, one after the other; `beside` says beside what.
pub(super) async fn measure(
    server: &Server,
    crowd: &Arc<Crowd>,
    span: Duration,
    beside: &str,
    series: &mut Series,
) -> Result<()> {
    let name = format!("GetCustomer, {CALLERS} callers{beside}");
    callers(server, crowd, span, (&name, CALLERS, 1), series).await?;
    let name = format!("BatchGetCustomers of {BATCH_CUSTOMERS}, {BATCH_CALLERS} callers{beside}");
    callers(server, crowd, span, (&name, BATCH_CALLERS, BATCH_CUSTOMERS), series).await
}

async fn callers(
    server: &Server,
    crowd: &Arc<Crowd>,
    span: Duration,
    (name, count, each): (&str, u64, usize),
    series: &mut Series,
) -> Result<()> {
    let (start, process, mut times, mut callers) =
        (Instant::now(), threads::process_nanos(), Histogram::<u64>::new(3)?, JoinSet::new());
    for number in 0..count {
        callers.spawn(call(server.clone(), Arc::clone(crowd), start + span, number, each));
    }
    while let Some(caller) = callers.join_next().await {
        times.add(caller??)?;
    }
    let customers = times.len() as f64 * each as f64;
    series.note(format!("{name}: customers/s"), customers / start.elapsed().as_secs_f64());
    let process = threads::process_nanos() - process;
    series.note(format!("{name}: processor with client, µs a customer"), process / customers / 1e3);
    probe::note(series, name, &times);
    Ok(())
}

/// One caller, until the time is up; microseconds of each call.
async fn call(server: Server, crowd: Arc<Crowd>, until: Instant, number: u64, each: usize) -> Result<Histogram<u64>> {
    let (mut times, mut random) = (Histogram::new(3)?, sample::random(100 + number));
    while Instant::now() < until {
        let mut customers = (0..each).map(|_| crowd.somebody(&mut random)).collect::<Result<Vec<_>>>()?;
        let (start, mut client) = (Instant::now(), server.customers());
        if each == 1 {
            let customer = customers.pop();
            client.get_customer(GetCustomerRequest { customer, ..Default::default() }).await?;
        } else {
            client.batch_get_customers(BatchGetCustomersRequest { customers, ..Default::default() }).await?;
        }
        times.record(probe::micros(start))?;
    }
    Ok(times)
}
