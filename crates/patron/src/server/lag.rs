//! How far the shards that are served are behind the journal, as a metric: asked for beside the fold, which must not wait for the answer.

use std::{sync::Arc, time::Duration};

use journal::Journal;
use projector::Served;
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(1);

/// Meters until a stop is asked for.
pub(super) async fn meter(
    journal: Arc<dyn Journal>,
    served: watch::Receiver<Served>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    while tokio::time::timeout(EVERY, stopped.wait_for(|stopped| *stopped)).await.is_err() {
        let asked = Arc::clone(&journal);
        if let Ok(Ok(ends)) = tokio::task::spawn_blocking(move || asked.ends()).await {
            let progress = served.borrow().progress.clone();
            projector::meter_lag(&progress.borrow(), &ends);
        }
    }
    Ok(())
}
