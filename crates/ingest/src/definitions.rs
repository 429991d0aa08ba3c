//! The writing door of definitions: checks a set as a whole, compares it with what is defined, and appends it to `definitions`.
//!
//! Owns what a set must be to get in, and what its caller is told. The fold decides what a set does, also where several processes
//! write side by side: the answer is read back from the topic. Never reads a state.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use definition::{Change, Check, What, change, form};
use journal::{Journal, NewRecord};
use prost::Message as _;
use proto::definition::{
    ApplyDefinitionsRequest, ApplyDefinitionsResponse, DefinitionFinding,
    apply_service_server::{ApplyService, ApplyServiceServer},
};
use tokio::{runtime::Handle, sync::Semaphore};
use tonic::{Request, Response, Status};
use types::{
    Micros,
    limits::{
        DEFINED_NAMES_MAX, DEFINITION_SET_BYTES_MAX, DEFINITIONS_PER_SET_MAX, SET_ID_BYTES_MAX, SET_REASON_BYTES_MAX,
    },
    record::DefinitionSet,
};

use crate::{Clock, status};

mod answer;
mod desk;
#[cfg(test)]
mod tests;

use desk::Desk;

/// Most calls that wait for their turn: sets are applied one after the other.
const CALLS_MAX: usize = 16;
/// Most findings of an answer.
const FINDINGS_MAX: usize = 1_000;

/// Takes definitions. Clones share everything.
#[derive(Clone)]
pub struct Definitions {
    shared: Arc<Shared>,
}

struct Shared {
    journal: Arc<dyn Journal>,
    check: Arc<dyn Check>,
    clock: Arc<dyn Clock>,
    append_timeout: Duration,
    desk: Mutex<Desk>,
    calls: Arc<Semaphore>,
}

impl std::fmt::Debug for Definitions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Definitions of {:?}", self.shared.journal.topology())
    }
}

impl Definitions {
    /// Over the journal of definitions, which may take so long for an append; `check` knows what definitions mean.
    pub fn new(
        journal: Arc<dyn Journal>,
        append_timeout: Duration,
        check: Arc<dyn Check>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (desk, calls) = (Mutex::new(Desk::default()), Arc::new(Semaphore::new(CALLS_MAX)));
        Self { shared: Arc::new(Shared { journal, check, clock, append_timeout, desk, calls }) }
    }

    /// The tonic server.
    pub fn into_server(self) -> ApplyServiceServer<Self> {
        ApplyServiceServer::new(self)
    }
}

#[tonic::async_trait]
impl ApplyService for Definitions {
    async fn apply_definitions(
        &self,
        request: Request<ApplyDefinitionsRequest>,
    ) -> Result<Response<ApplyDefinitionsResponse>, Status> {
        let permit = Arc::clone(&self.shared.calls).try_acquire_owned();
        let permit = permit.map_err(|_| status::busy_applying(CALLS_MAX))?;
        let (shared, handle) = (Arc::clone(&self.shared), Handle::current());
        let (request, now) = (request.into_inner(), self.shared.clock.now());
        let applied = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            shared.apply(request, now, &handle)
        });
        applied.await.map_err(|error| status::broke_off("applying definitions", &error))?.map(Response::new)
    }
}

impl Shared {
    /// Blocks.
    fn apply(
        &self,
        request: ApplyDefinitionsRequest,
        now: Micros,
        handle: &Handle,
    ) -> Result<ApplyDefinitionsResponse, Status> {
        let validate_only = request.validate_only;
        let set = set_of(request, now)?;
        let misformed = form::findings(&set.definitions);
        if !misformed.is_empty() {
            return Ok(answer::refused(answer::misformed(&set, misformed)));
        }
        let mut desk = self.desk();
        desk.catch_up(self.journal.as_ref(), None)?;
        if let Some(outcome) = desk.catalogue().set(&set.set_id) {
            return Ok(answer::repeated(&set, outcome));
        }
        let findings = self.findings(&set, &desk)?;
        let changes = change::changes(&set, desk.catalogue());
        let differs = changes.iter().any(|change| change.what != What::Unchanged);
        if !findings.is_empty() || validate_only || !differs {
            return Ok(ApplyDefinitionsResponse { findings, ..answer::compared(&changes) });
        }
        self.append(&set, now, handle)?;
        let folded = desk.catch_up(self.journal.as_ref(), Some(&set.set_id))?;
        self.answer(&set, &desk, folded.unwrap_or_default())
    }

    /// What is wrong with the set beside what is defined already.
    fn findings(&self, set: &DefinitionSet, desk: &Desk) -> Result<Vec<DefinitionFinding>, Status> {
        let superseded = desk.catalogue().superseded(set);
        if !superseded.is_empty() {
            return Ok(superseded.iter().take(FINDINGS_MAX).map(|void| answer::void(set, void)).collect());
        }
        let versions = match desk.would_do(set) {
            Ok(versions) => versions,
            Err(void) => return Ok(vec![answer::void(set, &void)]),
        };
        let next = desk.catalogue().with(&versions);
        if next.names() > DEFINED_NAMES_MAX && next.names() > desk.catalogue().names() {
            let description = format!("{} names would be defined, the limit is {DEFINED_NAMES_MAX}", next.names());
            return Err(status::invalid("definitions", &description));
        }
        let mut findings = answer::meant(set, self.check.check(&next));
        findings.truncate(FINDINGS_MAX);
        Ok(findings)
    }

    fn append(&self, set: &DefinitionSet, now: Micros, handle: &Handle) -> Result<(), Status> {
        let value = definition::seal::seal(set, now);
        let record = NewRecord { partition: 0, key: set.set_id.clone().into_bytes(), value, headers: Vec::new() };
        let append = async { tokio::time::timeout(self.append_timeout, self.journal.append(vec![record])).await };
        match handle.block_on(append) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(status::of_append(&error)),
            Err(_) => Err(status::timed_out(self.append_timeout)),
        }
    }

    /// What the fold made of the set.
    fn answer(
        &self,
        set: &DefinitionSet,
        desk: &Desk,
        changes: Vec<Change>,
    ) -> Result<ApplyDefinitionsResponse, Status> {
        let outcome = desk.catalogue().set(&set.set_id).ok_or_else(status::positions_missing)?;
        if let Some(void) = &outcome.void {
            return Ok(answer::refused(vec![answer::void(set, void)]));
        }
        tracing::info!(set_id = set.set_id, offset = outcome.offset, "definitions were applied");
        Ok(ApplyDefinitionsResponse {
            offset: Some(outcome.offset),
            set_id: set.set_id.clone(),
            ..answer::compared(&changes)
        })
    }

    /// A thread that broke off may have left a fold half done: the desk begins anew.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(|poisoned| {
            let mut desk = poisoned.into_inner();
            *desk = Desk::default();
            self.desk.clear_poison();
            desk
        })
    }
}

/// The set of a request, in the form in which it is kept.
fn set_of(request: ApplyDefinitionsRequest, now: Micros) -> Result<DefinitionSet, Status> {
    let ApplyDefinitionsRequest { mut definitions, author, reason, set_id, .. } = request;
    if definitions.is_empty() || definitions.len() > DEFINITIONS_PER_SET_MAX {
        let description = format!("{} given; send 1 to {DEFINITIONS_PER_SET_MAX}", definitions.len());
        return Err(status::invalid("definitions", &description));
    }
    definitions.iter_mut().for_each(form::trim);
    let set_id = match text("set_id", &set_id, SET_ID_BYTES_MAX)? {
        id if id.is_empty() => uuid::Uuid::new_v4().to_string(),
        id => id,
    };
    let author = text("author", &author, SET_ID_BYTES_MAX)?;
    if author.is_empty() {
        return Err(status::invalid("author", "it is not given; say who applies the set"));
    }
    let reason = text("reason", &reason, SET_REASON_BYTES_MAX)?;
    let set = DefinitionSet { set_id, author, reason, defined_at: Some(now.to_proto()), definitions };
    if set.encoded_len() > DEFINITION_SET_BYTES_MAX {
        let description = format!(
            "the set has {} bytes, the limit is {DEFINITION_SET_BYTES_MAX}; send it in parts, each of which is applied by itself",
            set.encoded_len()
        );
        return Err(status::invalid("definitions", &description));
    }
    Ok(set)
}

fn text(field: &str, given: &str, bytes_max: usize) -> Result<String, Status> {
    let text = given.trim();
    if text.len() > bytes_max {
        return Err(status::invalid(field, &format!("{} bytes given; give at most {bytes_max}", text.len())));
    }
    Ok(text.to_owned())
}
