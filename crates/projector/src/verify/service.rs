//! `patron.admin.v1.VerifyService`: one verify at a time, on a thread where it may block, no faster than its caller reads.

use std::{pin::Pin, sync::Arc, sync::LazyLock, time::Duration};

use proto::admin::{
    VerifyRequest, VerifyResponse,
    verify_response::Step,
    verify_service_server::{VerifyService, VerifyServiceServer},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{Verifier, VerifyError, full, sample};
use crate::replay::ReplayError;

/// Steps that may wait for the caller.
const QUEUE_MAX: usize = 64;
/// Longest wait for a caller to read on.
const READ_ON_MAX: Duration = Duration::from_secs(30);

/// A full verify takes as much disk as the state, so there is one.
static VERIFIES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));

type Sender = mpsc::Sender<Result<VerifyResponse, Status>>;

impl Verifier {
    /// The tonic server.
    pub fn into_server(self) -> VerifyServiceServer<Self> {
        VerifyServiceServer::new(self)
    }
}

#[tonic::async_trait]
impl VerifyService for Verifier {
    type VerifyStream = Pin<Box<dyn Stream<Item = Result<VerifyResponse, Status>> + Send>>;

    async fn verify(&self, request: Request<VerifyRequest>) -> Result<Response<Self::VerifyStream>, Status> {
        let request = request.into_inner();
        if request.sample > sample::CUSTOMERS_MAX {
            let most = sample::CUSTOMERS_MAX;
            return Err(Status::invalid_argument(format!(
                "sample: {} given; give at most {most}, or 0 to verify everything",
                request.sample
            )));
        }
        let permit = Arc::clone(&VERIFIES).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted("another verify is under way; wait for its end, or end it, and try again")
        })?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let (verifier, handle) = (self.clone(), Handle::current());
        tokio::task::spawn_blocking(move || run(&verifier, &request, &sender, &handle, permit));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

fn run(verifier: &Verifier, request: &VerifyRequest, sender: &Sender, handle: &Handle, _permit: OwnedSemaphorePermit) {
    let send = |answer| handle.block_on(sender.send_timeout(answer, READ_ON_MAX)).is_ok();
    let mut told = |step: Step| send(Ok(VerifyResponse { step: Some(step) }));
    let call = verifier.call();
    let ended = match request.sample {
        0 => full::verify(&call, &mut told),
        customers => sample::verify(&call, customers, request.seed, &mut told),
    };
    match ended {
        Ok(()) => {}
        Err(VerifyError::Left | VerifyError::Replay(ReplayError::Left)) => {
            tracing::debug!("a caller left before the end of a verify");
        }
        Err(error) => {
            tracing::error!(%error, "a verify broke off");
            send(Err(Status::internal(error.to_string())));
        }
    }
}
