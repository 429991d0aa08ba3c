//! `patron.admin.v1.CheckpointService`: checkpoints of the state that this process serves, for operators.
//!
//! Owns that one is made at a time, and its name where none is given. Never takes one back: that is done while nothing is served.

use std::sync::Arc;

use proto::admin::{
    Checkpoint, CreateCheckpointRequest, CreateCheckpointResponse, ListCheckpointsRequest, ListCheckpointsResponse,
    checkpoint_service_server::{CheckpointService, CheckpointServiceServer},
};
use store::{
    CheckpointError,
    checkpoint::{self, Checkpoints},
};
use tokio::sync::{Semaphore, watch};
use tonic::{Request, Response, Status};
use types::{HashKey, Micros};

use crate::generations::Served;

/// Serves checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointCalls {
    served: watch::Receiver<Served>,
    checkpoints: Checkpoints,
    hash_key: HashKey,
    clock: fn() -> Micros,
    /// Taken while one is made.
    turn: Arc<Semaphore>,
}

impl CheckpointCalls {
    /// Over what is served, and the checkpoints of its data directory. Removes what a creation left that was broken off. Blocks.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(
        served: watch::Receiver<Served>,
        checkpoints: Checkpoints,
        hash_key: HashKey,
        clock: fn() -> Micros,
    ) -> Result<Self, CheckpointError> {
        checkpoints.clean()?;
        Ok(Self { served, checkpoints, hash_key, clock, turn: Arc::new(Semaphore::new(1)) })
    }

    /// The tonic server.
    pub fn into_server(self) -> CheckpointServiceServer<Self> {
        CheckpointServiceServer::new(self)
    }

    /// Runs what blocks on a thread where it may.
    async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, CheckpointError> + Send + 'static,
    ) -> Result<T, Status> {
        let calls = self.clone();
        let task = tokio::task::spawn_blocking(move || act(&calls));
        let done = task.await.map_err(|error| Status::internal(format!("a checkpoint call broke off: {error}")))?;
        done.map_err(|error| status(&error))
    }

    fn create(&self, name: &str) -> Result<checkpoint::Checkpoint, CheckpointError> {
        let created_at = Micros((self.clock)().0 / 1_000_000 * 1_000_000).to_string();
        let name = if name.is_empty() {
            created_at.chars().filter(char::is_ascii_alphanumeric).collect()
        } else {
            name.to_owned()
        };
        // No longer borrowed: a promotion does not wait for the copy.
        let Served { store, rules, .. } = self.served.borrow().clone();
        let made = self.checkpoints.create(&store, &name, &created_at, &rules, &self.hash_key)?;
        tracing::info!(name, digest = made.digest, "a checkpoint was made");
        Ok(made)
    }
}

#[tonic::async_trait]
impl CheckpointService for CheckpointCalls {
    async fn create_checkpoint(
        &self,
        request: Request<CreateCheckpointRequest>,
    ) -> Result<Response<CreateCheckpointResponse>, Status> {
        let turn = Arc::clone(&self.turn)
            .try_acquire_owned()
            .map_err(|_| Status::resource_exhausted("a checkpoint is being made already; try again when it is done"))?;
        let name = request.into_inner().name;
        let create = move |calls: &Self| {
            let made = calls.create(&name);
            // Only now: it goes on when the caller leaves.
            drop(turn);
            made
        };
        let checkpoint = Some(shown(self.run(create).await?));
        Ok(Response::new(CreateCheckpointResponse { checkpoint }))
    }

    async fn list_checkpoints(
        &self,
        _: Request<ListCheckpointsRequest>,
    ) -> Result<Response<ListCheckpointsResponse>, Status> {
        let listed = self.run(|calls| calls.checkpoints.list()).await?;
        let checkpoints = listed.into_iter().map(|(name, read)| match read {
            Ok(checkpoint) => shown(checkpoint),
            Err(error) => Checkpoint { name, problem: error.to_string(), ..Checkpoint::default() },
        });
        Ok(Response::new(ListCheckpointsResponse { checkpoints: checkpoints.collect() }))
    }
}

fn shown(checkpoint: checkpoint::Checkpoint) -> Checkpoint {
    let applied = checkpoint.applied.iter().filter_map(|(partition, next)| Some((partition.parse().ok()?, *next)));
    Checkpoint {
        created_at: Micros::parse_rfc3339(&checkpoint.created_at).ok().map(Micros::to_proto),
        applied: applied.collect(),
        bytes: checkpoint.bytes(),
        name: checkpoint.name,
        digest: checkpoint.digest,
        rules: checkpoint.state.rules,
        problem: String::new(),
    }
}

fn status(error: &CheckpointError) -> Status {
    match error {
        CheckpointError::Name { .. } => Status::invalid_argument(error.to_string()),
        CheckpointError::Exists { .. } => Status::already_exists(error.to_string()),
        CheckpointError::NotFound { .. } => Status::not_found(error.to_string()),
        _ => {
            tracing::error!(%error, "a checkpoint call failed");
            Status::internal(error.to_string())
        }
    }
}
