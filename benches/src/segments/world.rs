//! A whole server in this process with its client: segments applied, touchpoints published, and what is told of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use patron::{
    client::{
        self,
        publish::{Batch, Observer, publish},
    },
    config::{Config, Listener},
    server::{Role, Server},
};
use proto::{
    admin::GetStatusRequest,
    definition::{ApplyDefinitionsRequest, ListDefinitionsRequest},
    ingest::{PublishResult, publish_result::Outcome},
    segment::{WatchMembershipsRequest, WatchMembershipsResponse},
};
use tokio::sync::mpsc;
use types::{
    Micros,
    record::{Definition, DefinitionKind, Identifier, Position, SegmentDefinition, Touchpoint, definition::Body},
};

/// Touchpoints of a batch, as the program's own commands send them.
const BATCH_TOUCHPOINTS: usize = 1_000;
/// Segments of a set, which is limited in bytes.
const SET_SEGMENTS: usize = 1_000;
/// Between two looks at what is told.
const LOOK: Duration = Duration::from_millis(5);
const TOLD_WAIT: Duration = Duration::from_secs(1_800);

/// A server and its client.
pub(super) struct World {
    server: Server,
    pub(super) client: client::Server,
    data_dir: PathBuf,
}

/// The wall's clock.
pub(super) fn wall() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A touchpoint of one customer, named by `user_id`.
pub(super) fn touchpoint(kind: &str, who: &str, message_id: String, occurred_at: Micros) -> Touchpoint {
    Touchpoint {
        source: "bench".to_owned(),
        message_id,
        kind: kind.to_owned(),
        identifiers: vec![Identifier { namespace: "user_id".to_owned(), value: who.to_owned() }],
        occurred_at: Some(occurred_at.to_proto()),
        ..Touchpoint::default()
    }
}

/// The last accepted position of each partition.
#[derive(Default)]
struct Last(BTreeMap<u32, Position>);

impl<T> Observer<T> for Last {
    fn answered(&mut self, _: Batch<T>, results: Vec<PublishResult>) -> std::io::Result<()> {
        for result in results {
            if let Some(Outcome::Accepted(accepted)) = result.outcome
                && let Some(position) = accepted.position
            {
                self.0.insert(position.partition, position);
            }
        }
        Ok(())
    }

    fn waits(&mut self, why: &str, delay: Duration) {
        println!("the server asks to wait {} ms: {why}", delay.as_millis());
    }
}

impl World {
    /// A server with default settings over these data.
    pub(super) async fn start(data_dir: &Path) -> Result<Self> {
        let any_port = Listener { addr: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let config =
            Config { data_dir: data_dir.to_owned(), grpc: any_port.clone(), http: any_port, ..Config::default() };
        let server = Server::start(&config, Role::All).await?;
        let client = client::Server::connect(&server.grpc_addr().to_string()).await?;
        Ok(Self { server, client, data_dir: data_dir.to_owned() })
    }

    /// Ends it and starts another one over its data, which remembers nothing that is not on disk.
    pub(super) async fn anew(self) -> Result<Self> {
        drop(self.client);
        self.server.stop().await?;
        Self::start(&self.data_dir).await
    }

    /// Ends it and deletes its data.
    pub(super) async fn stop(self) -> Result<()> {
        drop(self.client);
        self.server.stop().await?;
        Ok(std::fs::remove_dir_all(self.data_dir)?)
    }

    /// Bytes of a folder of its data.
    pub(super) fn bytes(&self, folder: &str) -> Result<u64> {
        crate::feed::bytes_below(&self.data_dir.join(folder))
    }

    /// Applies segments, name and expression, and waits until reads see them.
    pub(super) async fn apply(&self, segments: &[(String, String)]) -> Result<()> {
        for set in segments.chunks(SET_SEGMENTS) {
            let definition = |(name, expression): &(String, String)| Definition {
                kind: DefinitionKind::Segment.into(),
                name: name.clone(),
                body: Some(Body::Segment(SegmentDefinition { expression: expression.clone(), ..Default::default() })),
                ..Definition::default()
            };
            let request = ApplyDefinitionsRequest {
                definitions: set.iter().map(definition).collect(),
                author: "bench".to_owned(),
                reason: "to measure".to_owned(),
                ..Default::default()
            };
            let answer = self.client.apply().apply_definitions(request).await?.into_inner();
            ensure!(answer.findings.is_empty(), "{:?}", answer.findings.first());
            let seen = ListDefinitionsRequest { page_size: 1, min_offset: answer.offset, ..Default::default() };
            self.client.definitions().list_definitions(seen).await?;
        }
        Ok(())
    }

    /// Publishes all of these as fast as one stream goes; the last position of each partition.
    pub(super) async fn publish(&self, touchpoints: impl Iterator<Item = Touchpoint> + Send) -> Result<Vec<Position>> {
        let (sender, source) = mpsc::channel(8);
        let feed = async move {
            let mut touchpoints = touchpoints.peekable();
            while touchpoints.peek().is_some() {
                let touchpoints = touchpoints.by_ref().take(BATCH_TOUCHPOINTS).collect();
                if sender.send(Batch { touchpoints, tag: () }).await.is_err() {
                    return;
                }
            }
        };
        let mut last = Last::default();
        let (outcome, ()) = tokio::join!(publish(&self.client, source, &mut last), feed);
        outcome?;
        Ok(last.0.into_values().collect())
    }

    /// Waits until all that was accepted is folded.
    pub(super) async fn folded(&self) -> Result<()> {
        loop {
            let status = self.client.admin().get_status(GetStatusRequest::default()).await?.into_inner();
            if status.shards.iter().all(|shard| shard.lag == 0) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Where the feed stands: its cursor, and the instant up to which all that was due is told.
    pub(super) async fn told(&self) -> Result<(String, Micros)> {
        // Of a segment that is none: what is told meanwhile is passed over, not shown.
        let segments = vec!["none".to_owned()];
        let request = WatchMembershipsRequest { from_now: true, end_when_sent: true, segments, ..Default::default() };
        let mut stream = self.client.membership_feed().watch_memberships(request).await?.into_inner();
        let mut told = None;
        while let Some(WatchMembershipsResponse { cursor, told_until, .. }) = stream.message().await? {
            told = Some((cursor, told_until.map_or(Micros(0), |until| Micros::from_proto(&until))));
        }
        told.context("a stream that ends when all is sent has a keep-alive")
    }

    /// Waits until all is told that was due at an instant.
    pub(super) async fn told_until(&self, instant: Micros) -> Result<()> {
        let end = wall().0 + i64::try_from(TOLD_WAIT.as_micros())?;
        while self.told().await?.1 < instant {
            ensure!(wall().0 < end, "not told within {TOLD_WAIT:?}");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
