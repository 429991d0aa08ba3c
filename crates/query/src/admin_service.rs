//! `patron.admin.v1.AdminService`.

use std::collections::BTreeMap;

use proto::admin::{
    GetDigestRequest, GetDigestResponse, GetStatusRequest, GetStatusResponse, ShardStatus,
    admin_service_server::{AdminService, AdminServiceServer},
};
use store::{digest::StateDigest, family::shards::ShardRow};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use crate::{
    context::{Context, Contexts},
    status,
};

/// Most scans of the whole state under way at once.
const DIGESTS_MAX: usize = 2;

static DIGESTS: Semaphore = Semaphore::const_new(DIGESTS_MAX);

/// Tells operators how Patron is doing.
#[derive(Clone, Debug)]
pub struct Admin {
    contexts: Contexts,
}

impl Admin {
    /// The service over what is served.
    pub fn server(contexts: Contexts) -> AdminServiceServer<Self> {
        AdminServiceServer::new(Self { contexts })
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn get_status(&self, _: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        self.contexts.now().read(status_of).await.map(Response::new)
    }

    async fn get_digest(&self, request: Request<GetDigestRequest>) -> Result<Response<GetDigestResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let _permit = DIGESTS.try_acquire().map_err(|_| status::busy("GetDigest", DIGESTS_MAX))?;
        context.read(digest_of).await.map(Response::new)
    }
}

fn status_of(context: &Context) -> Result<GetStatusResponse, Status> {
    let rows = context.store.snapshot().shards().map_err(|error| status::store_failed(&error))?;
    let rows: BTreeMap<u32, ShardRow> = rows.into_iter().collect();
    let ends = context.journal.ends();
    let progress = context.progress.borrow();
    let halted = progress.halted.clone().unwrap_or_default();
    let shard = |partition: &u32| {
        let end = ends.as_ref().and_then(|ends| ends.get(*partition as usize).copied());
        shard_status(*partition, rows.get(partition).cloned().unwrap_or_default(), end, halted.clone())
    };
    let (cluster_id, topic_id) = context.journal.ids();
    Ok(GetStatusResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster_id,
        topic_id,
        fold_version: profile::fold_version(),
        shards: progress.applied.keys().map(shard).collect(),
        started_at: Some(context.started_at.to_proto()),
    })
}

fn shard_status(partition: u32, row: ShardRow, end: Option<u64>, halted: String) -> ShardStatus {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let end_offset = end.unwrap_or(row.applied);
    ShardStatus {
        partition,
        applied_offset: row.applied,
        end_offset,
        lag: end_offset.saturating_sub(row.applied),
        touchpoints: count(row.touchpoints),
        copies: count(row.copies),
        conflicts: count(row.conflicts),
        skipped: row.skipped.into_iter().map(|(reason, number)| (reason, count(number))).collect(),
        fragments: count(row.fragments),
        newest_occurred_at: row.newest_occurred_at.map(types::Micros::to_proto),
        halted,
        end_unknown: end.is_none(),
    }
}

fn digest_of(context: &Context) -> Result<GetDigestResponse, Status> {
    let snapshot = context.store.snapshot();
    let failed = |error| status::store_failed(&error);
    let digest = StateDigest::of(&snapshot, &context.rules, &context.hash_key).map_err(failed)?;
    let shards = snapshot.shards().map_err(failed)?;
    Ok(GetDigestResponse {
        state: digest.state(),
        parts: digest.parts.iter().map(|(name, part)| (name.clone(), part.to_hex())).collect(),
        counts: digest.parts.iter().map(|(name, part)| (name.clone(), part.count())).collect(),
        applied: shards.into_iter().map(|(partition, row)| (partition, row.applied)).collect(),
    })
}
