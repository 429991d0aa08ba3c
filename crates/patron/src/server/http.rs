//! The HTTP server: `/metrics` for Prometheus, `/livez` and `/readyz` for whoever watches the process.

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use store::Store;
use tokio::{net::TcpListener, sync::watch};
use types::Progress;

use crate::telemetry;

/// What health is judged by.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) store: Arc<Store>,
}

/// Serves until a stop is asked for.
pub(super) async fn serve(
    listener: TcpListener,
    health: Health,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let handle = telemetry::metrics_handle()?;
    let store = Arc::clone(&health.store);
    let render = move || {
        metrics::gauge!("patron_store_bytes").set(store.live_bytes() as f64);
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

/// Ready while folding goes on and no stop was asked for.
async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    if *health.stopped.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    if health.progress.has_changed().is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the projector broke off; restart patron\n".to_owned());
    }
    match &health.progress.borrow().halted {
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("folding stands still: {reason}\n")),
        None => (StatusCode::OK, "ok\n".to_owned()),
    }
}
