//! `patron.admin.v1.RebuildService`: the generations of this process, for operators.
//!
//! Owns how long a call waits and what it answers. Never changes a generation by itself.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use identity::Rules;
use proto::admin::{
    AbortRebuildRequest, AbortRebuildResponse, DiffRebuildRequest, DiffRebuildResponse, FinishRebuildRequest,
    FinishRebuildResponse, GetRebuildRequest, GetRebuildResponse, PromoteRebuildRequest, PromoteRebuildResponse,
    RollbackRebuildRequest, RollbackRebuildResponse, StartRebuildRequest, StartRebuildResponse,
    rebuild_service_server::{RebuildService, RebuildServiceServer},
};
use tokio::sync::Semaphore;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::generations::{CAUGHT_UP_LAG_MAX, EXAMPLES_MAX, Generations, Next, RebuildError};

/// The rules of the configuration that the next start would read; an error in words where it cannot be read.
pub type ConfiguredRules = Arc<dyn Fn() -> Result<Rules, String> + Send + Sync>;

/// How long after one look at the lag the next one is taken.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Longest wait for a generation to catch up.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// One comparison at a time: each scans two states.
static COMPARISONS: Semaphore = Semaphore::const_new(1);

/// Serves rebuilds.
#[derive(Clone)]
pub struct Rebuilds {
    generations: Arc<Generations>,
    configured: ConfiguredRules,
}

impl std::fmt::Debug for Rebuilds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Rebuilds of {:?}", self.generations)
    }
}

impl Rebuilds {
    /// Over the generations of this process.
    pub fn new(generations: Arc<Generations>, configured: ConfiguredRules) -> Self {
        Self { generations, configured }
    }

    /// The tonic server.
    pub fn into_server(self) -> RebuildServiceServer<Self> {
        RebuildServiceServer::new(self)
    }

    /// Runs what blocks on a thread where it may.
    async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Generations) -> Result<T, RebuildError> + Send + 'static,
    ) -> Result<T, Status> {
        let generations = Arc::clone(&self.generations);
        let task = tokio::task::spawn_blocking(move || act(&generations));
        let done = task.await.map_err(|error| Status::internal(format!("a rebuild call broke off: {error}")))?;
        done.map_err(|error| status(&error))
    }

    async fn switch(&self, next: Next, wanted: Wanted) -> Result<String, Status> {
        let until = Instant::now() + wanted.wait;
        let lag_max = wanted.lag_max;
        if !wanted.force {
            while self.run(move |generations| generations.lag(next)).await? > lag_max && Instant::now() < until {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        self.run(move |generations| generations.switch(next, (!wanted.force).then_some(lag_max))).await?;
        Ok(self.configuration_note())
    }

    /// What to do before the next start, if the configuration at hand has other rules than what is served.
    fn configuration_note(&self) -> String {
        let served = store::rules::to_text(&self.generations.served().borrow().rules);
        let configured = match (self.configured)() {
            Ok(rules) => store::rules::to_text(&rules),
            Err(problem) => {
                return format!("the configuration cannot be read, so the next start would fail: {problem}");
            }
        };
        let said = |(key, configured, served)| format!("{key} is {configured} there and must be {served}");
        let differences: Vec<String> = store::rules::difference(&configured, &served).into_iter().map(said).collect();
        if differences.is_empty() {
            return String::new();
        }
        format!(
            "before the next start, change the configuration that this server was started with, or it will refuse the state: {}",
            differences.join(", ")
        )
    }
}

/// How far behind the next generation may be.
struct Wanted {
    lag_max: u64,
    wait: Duration,
    force: bool,
}

impl Wanted {
    fn new(lag_max: u64, wait: Option<prost_types::Duration>, force: bool) -> Result<Self, Status> {
        let lag_max = if lag_max == 0 { CAUGHT_UP_LAG_MAX } else { lag_max };
        let wait = wait.map(Duration::try_from).transpose();
        let wait = wait.map_err(|_| Status::invalid_argument("wait: it is negative; give 0 s or more"))?;
        Ok(Self { lag_max, wait: wait.unwrap_or_default().min(WAIT_MAX), force })
    }
}

#[tonic::async_trait]
impl RebuildService for Rebuilds {
    async fn start_rebuild(
        &self,
        request: Request<StartRebuildRequest>,
    ) -> Result<Response<StartRebuildResponse>, Status> {
        let text = request.into_inner().rules;
        let rules = if text.is_empty() { None } else { Some(store::rules::from_text(&text)) };
        let rules = rules.transpose().map_err(|problem| {
            Status::invalid_argument(format!("rules: {problem}; send the keys of section `identity` as TOML"))
        })?;
        let started = move |generations: &Generations| {
            let differences = generations.start(rules.as_ref())?;
            let said = |(key, live, new)| format!("{key}: {live} → {new}");
            let differences = differences.into_iter().map(said).collect();
            Ok(StartRebuildResponse { rebuild: Some(generations.overview()), differences })
        };
        self.run(started).await.map(Response::new)
    }

    async fn get_rebuild(&self, _: Request<GetRebuildRequest>) -> Result<Response<GetRebuildResponse>, Status> {
        let rebuild = self.run(|generations| Ok(generations.overview())).await?;
        Ok(Response::new(GetRebuildResponse { rebuild: Some(rebuild) }))
    }

    async fn diff_rebuild(
        &self,
        request: Request<DiffRebuildRequest>,
    ) -> Result<Response<DiffRebuildResponse>, Status> {
        let _permit = COMPARISONS.try_acquire().map_err(|_| {
            Status::resource_exhausted("a comparison is under way already; try again when it has ended")
        })?;
        let examples_max = usize::try_from(request.get_ref().examples_max).unwrap_or(EXAMPLES_MAX).min(EXAMPLES_MAX);
        let given_up = GivenUp::default();
        let heard = Arc::clone(&given_up.0);
        self.run(move |generations| generations.compare(examples_max, &heard)).await.map(Response::new)
    }

    async fn promote_rebuild(
        &self,
        request: Request<PromoteRebuildRequest>,
    ) -> Result<Response<PromoteRebuildResponse>, Status> {
        let PromoteRebuildRequest { lag_max, wait, force } = request.into_inner();
        let configuration_note = self.switch(Next::Building, Wanted::new(lag_max, wait, force)?).await?;
        let rebuild = Some(self.run(|generations| Ok(generations.overview())).await?);
        Ok(Response::new(PromoteRebuildResponse { rebuild, configuration_note }))
    }

    async fn rollback_rebuild(
        &self,
        request: Request<RollbackRebuildRequest>,
    ) -> Result<Response<RollbackRebuildResponse>, Status> {
        let RollbackRebuildRequest { lag_max, wait, force } = request.into_inner();
        let configuration_note = self.switch(Next::Previous, Wanted::new(lag_max, wait, force)?).await?;
        let rebuild = Some(self.run(|generations| Ok(generations.overview())).await?);
        Ok(Response::new(RollbackRebuildResponse { rebuild, configuration_note }))
    }

    async fn abort_rebuild(&self, _: Request<AbortRebuildRequest>) -> Result<Response<AbortRebuildResponse>, Status> {
        let rebuild = self.run(|generations| generations.abort().map(|()| generations.overview())).await?;
        Ok(Response::new(AbortRebuildResponse { rebuild: Some(rebuild) }))
    }

    async fn finish_rebuild(
        &self,
        _: Request<FinishRebuildRequest>,
    ) -> Result<Response<FinishRebuildResponse>, Status> {
        let rebuild = self.run(|generations| generations.finish().map(|()| generations.overview())).await?;
        Ok(Response::new(FinishRebuildResponse { rebuild: Some(rebuild) }))
    }
}

/// Set when the caller leaves, so that a long comparison ends with it.
#[derive(Default)]
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn status(error: &RebuildError) -> Status {
    match error.reason() {
        Some(reason) => {
            let details = ErrorDetails::with_error_info(reason, "patron", HashMap::new());
            Status::with_error_details(Code::FailedPrecondition, error.to_string(), details)
        }
        None => {
            tracing::error!(%error, "a rebuild call failed");
            Status::internal(error.to_string())
        }
    }
}
