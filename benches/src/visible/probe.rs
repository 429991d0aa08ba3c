//! One caller: publish one touchpoint, read the customer with the position just given, and again.

use std::time::Instant;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use patron::client::Server;
use proto::{
    customer::GetCustomerRequest,
    ingest::{PublishRequest, PublishResult, publish_result::Outcome},
};
use types::record::Position;

use super::crowd::{self, Crowd};
use crate::series::Series;

/// Rounds before the first that counts.
const WARM_UP: u64 = 50;

/// Publishes and looks, so many times.
pub(super) async fn probe(server: &Server, crowd: &Crowd, rounds: u64, when: &str, series: &mut Series) -> Result<()> {
    let (mut accepted, mut visible) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
    for round in 0..WARM_UP + rounds {
        let times = once(server, crowd).await?;
        if round >= WARM_UP {
            accepted.record(times.0)?;
            visible.record(times.1)?;
        }
    }
    note(series, &format!("{when}: accepted"), &accepted);
    note(series, &format!("{when}: visible"), &visible);
    Ok(())
}

/// Microseconds until accepted and until seen, both from the beginning.
async fn once(server: &Server, crowd: &Crowd) -> Result<(u64, u64)> {
    let touchpoints = crowd.take(1);
    let customer = Some(crowd::who(&touchpoints[0])?);
    let start = Instant::now();
    let answer = server.ingest().publish(PublishRequest { touchpoints }).await?.into_inner();
    let accepted = micros(start);
    let position = answer.results.iter().find_map(position).context("accepted")?;
    let request = GetCustomerRequest { customer, min_position: vec![position], ..GetCustomerRequest::default() };
    server.customers().get_customer(request).await?;
    Ok((accepted, micros(start)))
}

/// Where an accepted touchpoint lies.
pub(super) fn position(result: &PublishResult) -> Option<Position> {
    match &result.outcome {
        Some(Outcome::Accepted(accepted)) => accepted.position,
        _ => None,
    }
}

/// Notes the usual quantiles of microseconds, in milliseconds.
pub(super) fn note(series: &mut Series, name: &str, micros: &Histogram<u64>) {
    for (label, quantile) in [("p50", 0.50), ("p90", 0.90), ("p99", 0.99)] {
        series.note(format!("{name}, {label}, ms"), micros.value_at_quantile(quantile) as f64 / 1e3);
    }
}

/// Microseconds since then.
pub(super) fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}
