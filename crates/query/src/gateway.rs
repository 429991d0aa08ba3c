//! The stateless front of query: calls are passed on to the projectors, which hold the state.
//!
//! Owns which projector is asked: the last one that answered, the others when it does not. Each holds all customers, so any
//! one answers alike as far as it has folded. Never keeps an answer, never changes one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use proto::{
    admin::admin_service_client::AdminServiceClient, customer::customer_service_client::CustomerServiceClient,
    segment::segment_service_client::SegmentServiceClient,
};
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::status;

mod admin;
mod customers;
mod definitions;
mod export;
mod identity_feed;
mod segments;
mod verify;

/// How long a projector may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A projector that is silent on an open connection for so long, twice, counts as gone: one that was stopped accepts
/// connections but answers nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Largest answer that is passed on: a page of 1,000 touchpoints of 256 KiB.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// The projectors, and which of them answered last.
#[derive(Clone, Debug)]
pub struct Gateway {
    projectors: Arc<[Projector]>,
    preferred: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
struct Projector {
    url: String,
    channel: Channel,
}

impl Gateway {
    /// Over the projectors at these URLs (`http://HOST:PORT`). Connections are made when they are needed.
    ///
    /// # Errors
    /// Names the URL that is none.
    pub fn new(urls: &[String]) -> Result<Self, String> {
        if urls.is_empty() {
            return Err("no projector is named; give at least one, such as http://127.0.0.1:7710".to_owned());
        }
        let projectors = urls.iter().map(|url| Projector::new(url)).collect::<Result<_, _>>()?;
        Ok(Self { projectors, preferred: Arc::default() })
    }

    /// Whether a projector answers; the last error where none does.
    ///
    /// # Errors
    /// The last projector's words.
    pub async fn ready(&self) -> Result<(), Status> {
        let mut request = Request::new(HealthCheckRequest::default());
        request.set_timeout(CONNECT_TIMEOUT);
        let check = async |projector: &Projector, request| {
            let serving = HealthClient::new(projector.channel.clone()).check(request).await;
            let serving = serving.map_err(|status| Status::unavailable(format!("{}: {status}", projector.url)))?;
            match serving.get_ref().status() {
                ServingStatus::Serving => Ok(serving),
                other => Err(Status::unavailable(format!("{} is {other:?}", projector.url))),
            }
        };
        self.ask(request, check).await.map(drop)
    }

    /// Passes a call on, to one projector after the other until one is there.
    async fn ask<Q: Clone, A>(
        &self,
        request: Request<Q>,
        call: impl AsyncFn(&Projector, Request<Q>) -> Result<Response<A>, Status>,
    ) -> Result<Response<A>, Status> {
        let count = self.projectors.len();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = None;
        for index in (0..count).map(|step| (first + step) % count) {
            let Some(projector) = self.projectors.get(index) else { break };
            match call(projector, passed_on(&request)).await {
                Err(status) if is_gone(&status) => {
                    tracing::debug!(projector = projector.url, reason = status.message(), "a projector is not there");
                    last = Some(status);
                }
                answer => {
                    // Silence until the caller's deadline may be the projector's: the next call asks another one first.
                    let silent = answer.as_ref().is_err_and(is_silence);
                    self.preferred.store(if silent { (index + 1) % count } else { index }, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        Err(status::no_projector(last.as_ref().map_or("", |status| status.message())))
    }
}

impl Projector {
    fn new(url: &str) -> Result<Self, String> {
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| format!("`{url}`: {error}"))?;
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(Self { url: url.to_owned(), channel })
    }

    fn segments(&self) -> SegmentServiceClient<Channel> {
        SegmentServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    fn admin(&self) -> AdminServiceClient<Channel> {
        AdminServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}

/// The request with its caller's deadline, and nothing else of its metadata: what came from outside is not ours to repeat.
fn passed_on<Q: Clone>(request: &Request<Q>) -> Request<Q> {
    let mut passed = Request::new(request.get_ref().clone());
    if let Some(timeout) = request.metadata().get("grpc-timeout") {
        passed.metadata_mut().insert("grpc-timeout", timeout.clone());
    }
    passed
}

/// Whether a projector let the caller's deadline pass.
fn is_silence(status: &Status) -> bool {
    matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded)
}

/// Whether another projector may answer: this one is down, going down or unreachable. What a projector itself says of a
/// request, any other would say too.
fn is_gone(status: &Status) -> bool {
    let broken = |status: &Status| std::error::Error::source(status).is_some();
    status.code() == Code::Unavailable || (matches!(status.code(), Code::Unknown | Code::Internal) && broken(status))
}
