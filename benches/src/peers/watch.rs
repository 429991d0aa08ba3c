//! How far a projector is, by its own durable offsets.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use patron::client::Server;
use proto::admin::GetStatusRequest;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
const START_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Address of its gRPC
    #[arg(long)]
    server: String,
}

impl Watch {
    /// Says `at N` at each advance and `caught-up` at the end, as the peer on Kafka Streams does.
    pub(super) async fn run(self) -> Result<()> {
        let (server, mut told) = (reach(&self.server).await?, 0);
        loop {
            let status = server.admin().get_status(GetStatusRequest::default()).await?.into_inner();
            ensure!(status.shards.iter().all(|shard| shard.halted.is_empty()), "a shard stands still");
            let applied: u64 = status.shards.iter().map(|shard| shard.applied_offset).sum();
            if applied != told {
                println!("at {applied}");
                told = applied;
            }
            if !status.shards.is_empty() && status.shards.iter().all(|shard| shard.lag == 0 && !shard.end_unknown) {
                println!("caught-up");
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A server that may still be starting.
async fn reach(url: &str) -> Result<Server> {
    let began = Instant::now();
    loop {
        match Server::connect(url).await {
            Ok(server) => return Ok(server),
            Err(error) if began.elapsed() > START_MAX => return Err(error.into()),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}
