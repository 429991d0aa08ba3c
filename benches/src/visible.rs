//! A whole server in this process, asked over the loopback: how soon a touchpoint is seen, and how much goes through.

mod crowd;
mod plan;
mod probe;
mod reads;
mod stream;

pub use plan::Plan;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use patron::{
    client,
    config::{Config, Listener},
    server::{Role, Server},
};

use self::crowd::Crowd;
use crate::series::Series;

/// Measures and prints everything; data go into the folder.
///
/// # Errors
/// What any part of it says.
pub async fn measure(plan: &Plan, dir: &Path) -> Result<()> {
    let crowd = Arc::new(Crowd::new(plan)?);
    let mut series = Series::default();
    for number in 0..plan.runs {
        run(plan, &dir.join(format!("data-{number}")), &crowd, &mut series).await?;
    }
    series.print("Runs", &format!("{} runs, each of a new server; {plan}.", plan.runs));
    Ok(())
}

/// One server from its start to its end.
async fn run(plan: &Plan, data_dir: &Path, crowd: &Arc<Crowd>, series: &mut Series) -> Result<()> {
    let any_port = Listener { addr: SocketAddr::from(([127, 0, 0, 1], 0)) };
    let mut config =
        Config { data_dir: data_dir.to_owned(), grpc: any_port.clone(), http: any_port, ..Config::default() };
    if let Some(brokers) = &plan.kafka {
        let run = data_dir.file_name().unwrap_or_default().to_string_lossy();
        config.kafka.brokers.clone_from(brokers);
        config.kafka.topic_prefix = format!("bench-{}-{run}-", std::process::id());
        config.journal.partitions = 8;
    }
    let server = Server::start(&config, Role::All).await?;
    let client = client::Server::connect(&server.grpc_addr().to_string()).await?;
    crowd.start_over();
    let span = Duration::from_secs(plan.seconds);
    let sustained = stream::sustained(&client, crowd, span, series).await?;
    probe::probe(&client, crowd, plan.rounds, "idle", series).await?;
    let background = stream::Background::start(&client, crowd, sustained / 2.0);
    probe::probe(&client, crowd, plan.rounds, "half load", series).await?;
    background.stop("half load", series).await?;
    reads::measure(&client, crowd, span, "", series).await?;
    let background = stream::Background::start(&client, crowd, sustained / 2.0);
    reads::measure(&client, crowd, span, " beside half load", series).await?;
    background.stop("half load under reads", series).await?;
    drop(client);
    server.stop().await?;
    Ok(std::fs::remove_dir_all(data_dir)?)
}
