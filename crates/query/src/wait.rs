//! Read your writes: waiting, within the caller's deadline, until positions are folded.

use std::time::Duration;

use tonic::{Status, metadata::MetadataMap};
use types::{Progress, record::Position};

use crate::{
    context::{Context, Contexts},
    status,
};

/// Kept free of the caller's deadline, so that the answer can still reach the caller.
const MARGIN: Duration = Duration::from_millis(20);

impl Contexts {
    /// The context of a call that must see these positions, once what is served has folded them.
    pub(crate) async fn wait_for(&self, positions: &[Position], metadata: &MetadataMap) -> Result<Context, Status> {
        let context = self.now();
        match context.wait_for(positions, metadata).await {
            Ok(()) => Ok(context),
            // A generation that was swapped out and dropped meanwhile folds no more: the one served now does.
            Err(_) if context.progress.has_changed().is_err() => {
                let context = self.now();
                context.wait_for(positions, metadata).await.map(|()| context)
            }
            Err(status) => Err(status),
        }
    }
}

impl Contexts {
    /// The context of a call that must see the set at an offset of `definitions`, once what is served has folded it.
    pub(crate) async fn wait_for_definitions(
        &self,
        offset: Option<u64>,
        metadata: &MetadataMap,
    ) -> Result<Context, Status> {
        let context = self.now();
        match context.wait_for_definitions(offset, metadata).await {
            Ok(()) => Ok(context),
            Err(_) if context.progress.has_changed().is_err() => {
                let context = self.now();
                context.wait_for_definitions(offset, metadata).await.map(|()| context)
            }
            Err(status) => Err(status),
        }
    }
}

impl Context {
    /// Waits until the set at an offset of `definitions` is folded.
    pub(crate) async fn wait_for_definitions(&self, offset: Option<u64>, metadata: &MetadataMap) -> Result<(), Status> {
        let Some(offset) = offset else { return Ok(()) };
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.definitions.applied > offset);
        if let Ok(Ok(_)) = tokio::time::timeout(self.wait_time(metadata), reached).await {
            return Ok(());
        }
        let now = self.progress.borrow();
        let now = &now.definitions;
        let missing = format!("definitions, offset {offset}");
        if now.applied > offset { Ok(()) } else { Err(status::not_yet(&missing, now.halted.as_deref())) }
    }

    async fn wait_for(&self, positions: &[Position], metadata: &MetadataMap) -> Result<(), Status> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut progress = self.progress.clone();
        check(positions, &progress.borrow())?;
        let reached = progress.wait_for(|progress| missing(positions, progress).is_none());
        match tokio::time::timeout(self.wait_time(metadata), reached).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(_)) => tracing::debug!("the projector ended while a caller waited"),
            Err(_) => {}
        }
        let now = self.progress.borrow();
        missing(positions, &now).map_or(Ok(()), |missing| Err(status::not_yet(&missing, now.halted.as_deref())))
    }

    fn wait_time(&self, metadata: &MetadataMap) -> Duration {
        let deadline = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse_timeout);
        deadline.map_or(self.wait_max, |deadline| deadline.saturating_sub(MARGIN))
    }
}

fn check(positions: &[Position], progress: &Progress) -> Result<(), Status> {
    match positions.iter().find(|position| !progress.applied.contains_key(&position.partition)) {
        Some(position) => {
            let last = progress.applied.keys().max().copied().unwrap_or_default();
            let description = format!("partition {} does not exist; there are 0 to {last}", position.partition);
            Err(status::invalid("min_position", description))
        }
        None => Ok(()),
    }
}

fn missing(positions: &[Position], progress: &Progress) -> Option<String> {
    let missing = positions.iter().find(|position| !progress.covers(position.partition, position.offset))?;
    Some(format!("partition {}, offset {}", missing.partition, missing.offset))
}

/// The `grpc-timeout` header: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number.checked_mul(3_600)?)),
        "M" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse_timeout("2S"), Some(Duration::from_secs(2)));
        for text in ["", "5", "x", "5x", "é"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
    }
}
