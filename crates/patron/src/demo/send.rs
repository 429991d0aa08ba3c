//! Sending generated touchpoints and keeping what the demonstration wants to know of the answers.

use std::{
    io,
    time::{Duration, Instant},
};

use proto::ingest::PublishResult;
use tokio::sync::mpsc;

use crate::{
    client::{
        self,
        publish::{BATCHES_UNDER_WAY_MAX, Batch, Observer, publish},
        tally::Tally,
    },
    generate::{Generator, Settings},
};

/// Touchpoints of one batch.
const BATCH: usize = 1_000;

/// What became of all that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    /// When the first was sent.
    pub(super) begun: Instant,
    /// Seconds until the last was accepted.
    pub(super) seconds: f64,
    /// What the server answered.
    pub(super) tally: Tally,
}

/// Generates and sends everything.
pub(super) async fn all(server: &client::Server, settings: Settings) -> anyhow::Result<Sent> {
    let generator = Generator::new(settings).map_err(anyhow::Error::msg)?;
    let (sender, receiver) = mpsc::channel(BATCHES_UNDER_WAY_MAX);
    let generating = tokio::task::spawn_blocking(move || generate(generator, &sender));
    let mut sent = Sent { begun: Instant::now(), seconds: 0.0, tally: Tally::default() };
    publish(server, receiver, &mut sent).await?;
    generating.await?;
    sent.seconds = sent.begun.elapsed().as_secs_f64();
    Ok(sent)
}

fn generate(mut generator: Generator, sender: &mpsc::Sender<Batch<()>>) {
    loop {
        let touchpoints: Vec<_> = generator.by_ref().take(BATCH).collect();
        if touchpoints.is_empty() || sender.blocking_send(Batch { touchpoints, tag: () }).is_err() {
            return;
        }
    }
}

impl Observer<()> for Sent {
    fn answered(&mut self, _: Batch<()>, results: Vec<PublishResult>) -> io::Result<()> {
        for result in results {
            if let Some(findings) = self.tally.count(&result) {
                return Err(io::Error::other(format!("a generated touchpoint was rejected: {findings:?}")));
            }
        }
        Ok(())
    }

    fn waits(&mut self, why: &str, delay: Duration) {
        tracing::warn!(why, ?delay, "sending waits");
    }
}
