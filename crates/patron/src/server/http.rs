//! The HTTP server: `/metrics` for Prometheus, `/livez` and `/readyz` for whoever watches the process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics::gauge;
use projector::Served;
use query::Gateway;
use store::Store;
use tokio::{net::TcpListener, sync::watch};

use crate::telemetry;

/// What health is judged by.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) shards: Option<watch::Receiver<Served>>,
    pub(super) gateway: Option<Gateway>,
    /// Whether the raw topics are read, where there are any.
    pub(super) raw: Option<Arc<AtomicBool>>,
}

/// Serves until a stop is asked for.
pub(super) async fn serve(
    listener: TcpListener,
    health: Health,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let handle = telemetry::metrics_handle()?;
    let shards = health.shards.clone();
    let render = move || {
        if let Some(served) = &shards {
            measure(&Arc::clone(&served.borrow().store));
        }
        handle.run_upkeep();
        let text = handle.render();
        async move { text }
    };
    let router = Router::new()
        .route("/metrics", get(render))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .with_state(health);
    let stop = async move {
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            tracing::debug!("the server was dropped");
        }
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(())
}

/// How large the live state is, and what of it the cache should have room for.
fn measure(store: &Store) {
    gauge!("patron_store_bytes").set(store.live_bytes() as f64);
    gauge!("patron_store_index_bytes").set(store.index_bytes() as f64);
    gauge!("patron_store_cache_bytes").set(store.cache_bytes() as f64);
}

/// Ready while folding goes on or a projector answers, and no stop was asked for.
async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    match health.problem().await {
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")),
        None => (StatusCode::OK, "ok\n".to_owned()),
    }
}

impl Health {
    async fn problem(&self) -> Option<String> {
        if *self.stopped.borrow() {
            return Some("stopping".to_owned());
        }
        if self.raw.as_ref().is_some_and(|alive| !alive.load(Ordering::Relaxed)) {
            return Some("the reader of raw topics broke off; restart patron".to_owned());
        }
        if let Some(served) = &self.shards {
            let progress = served.borrow().progress.clone();
            if progress.has_changed().is_err() {
                return Some("the projector broke off; restart patron".to_owned());
            }
            if let Some(reason) = &progress.borrow().halted {
                return Some(format!("folding stands still: {reason}"));
            }
        }
        let gateway = self.gateway.as_ref()?;
        gateway.ready().await.err().map(|status| status.message().to_owned())
    }
}
