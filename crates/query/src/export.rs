//! `patron.customer.v1.ExportService`: every customer and its timeline, streamed from one snapshot.
//!
//! Owns that views, timelines and offsets of an export are of one instant. Never holds more than one customer and a piece of its
//! timeline.

use std::{ops::ControlFlow, pin::Pin, sync::LazyLock, time::Duration};

use prost::Message as _;
use proto::{
    customer::{
        ExportBegun, ExportEnded, ExportPart, ExportRequest, ExportResponse, ExportedEntries, TimelineEntry,
        export_response::Step,
        export_service_server::{ExportService, ExportServiceServer},
    },
    mask::ReadMask,
};
use store::{CustomerRows, Resolved, Snapshot};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{
    context::{Context, Contexts, applied},
    status,
    timeline::{self, PageQuery},
    view,
    walk::{Caller, Ended, Limits, Walks},
};

/// An export holds its snapshot for long, and its caller may stand still while a disk syncs a large file.
const LIMITS: Limits = Limits { walks_max: 2, queue_max: 16, read_on_max: Duration::from_secs(120) };
/// Most entries of one piece of a timeline.
const PIECE_ENTRIES_MAX: usize = 500;
/// A piece is sent once its entries have so many bytes.
const PIECE_BYTES: usize = 256 << 10;

static EXPORTS: LazyLock<Walks> = LazyLock::new(|| Walks::new("Export", LIMITS));

/// Hands out everything at once.
#[derive(Clone, Debug)]
pub struct Exports {
    contexts: Contexts,
}

impl Exports {
    /// The service over what is served.
    pub fn server(contexts: Contexts) -> ExportServiceServer<Self> {
        ExportServiceServer::new(Self { contexts })
    }
}

#[tonic::async_trait]
impl ExportService for Exports {
    type ExportStream = Pin<Box<dyn Stream<Item = Result<ExportResponse, Status>> + Send>>;

    async fn export(&self, request: Request<ExportRequest>) -> Result<Response<Self::ExportStream>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let wanted = Wanted::of(request.get_ref())?;
        let receiver = EXPORTS.start(move |caller| walk(&context, wanted, caller))?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// What a request asks for.
#[derive(Clone, Copy)]
struct Wanted {
    customers: bool,
    timelines: bool,
    known_only: bool,
}

impl Wanted {
    fn of(request: &ExportRequest) -> Result<Self, Status> {
        let all = request.parts.is_empty();
        let mut wanted = Self { customers: all, timelines: all, known_only: request.known_only };
        for (at, part) in request.parts.iter().enumerate() {
            match ExportPart::try_from(*part) {
                Ok(ExportPart::Customers) => wanted.customers = true,
                Ok(ExportPart::Timelines) => wanted.timelines = true,
                Ok(ExportPart::Unspecified) | Err(_) => {
                    let remedy = "give EXPORT_PART_CUSTOMERS or EXPORT_PART_TIMELINES, or no part at all for both";
                    return Err(status::invalid(&format!("parts[{at}]"), remedy));
                }
            }
        }
        Ok(wanted)
    }
}

fn walk(context: &Context, wanted: Wanted, caller: &Caller<ExportResponse>) -> Result<(), Ended> {
    let snapshot = context.store.snapshot();
    caller.tell(step(Step::Begun(begun(context, &snapshot)?)))?;
    let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
    let everything = ReadMask::default();
    let mut sent = ExportEnded::default();
    rows.for_each(|resolved| {
        if caller.is_gone() {
            return Err(Ended::Unread);
        }
        if wanted.known_only && !resolved.identity.is_known() {
            return Ok(());
        }
        if wanted.customers {
            let customer = view::customer(&resolved, &rows.state(&resolved.identity)?, &everything);
            caller.tell(step(Step::Customer(customer)))?;
            sent.customers += 1;
        }
        if wanted.timelines { send_timeline(context, &snapshot, &resolved, caller, &mut sent) } else { Ok(()) }
    })?;
    caller.tell(step(Step::Ended(sent)))
}

/// Sends one customer's timeline, piece by piece.
fn send_timeline(
    context: &Context,
    snapshot: &Snapshot<'_>,
    resolved: &Resolved,
    caller: &Caller<ExportResponse>,
    sent: &mut ExportEnded,
) -> Result<(), Ended> {
    let mut piece = Piece::of(resolved);
    timeline::walk(snapshot, &context.hash_key, resolved, &PageQuery::everything(), |_, entry| {
        if entry.touchpoint.is_some() {
            sent.touchpoints += 1
        } else {
            sent.decisions += 1
        }
        piece.add(entry);
        if piece.is_full() { piece.send(caller).map(ControlFlow::Continue) } else { Ok(ControlFlow::Continue(())) }
    })?;
    piece.send(caller)
}

/// Entries of one timeline that are not sent yet.
struct Piece {
    customer_id: String,
    entries: Vec<TimelineEntry>,
    bytes: usize,
}

impl Piece {
    fn of(resolved: &Resolved) -> Self {
        Self { customer_id: resolved.identity.id.to_string(), entries: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, entry: TimelineEntry) {
        self.bytes += entry.encoded_len();
        self.entries.push(entry);
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= PIECE_ENTRIES_MAX || self.bytes >= PIECE_BYTES
    }

    /// Sends what there is; nothing where there is nothing.
    fn send(&mut self, caller: &Caller<ExportResponse>) -> Result<(), Ended> {
        self.bytes = 0;
        let entries = std::mem::take(&mut self.entries);
        if entries.is_empty() {
            return Ok(());
        }
        caller.tell(step(Step::Entries(ExportedEntries { customer_id: self.customer_id.clone(), entries })))
    }
}

fn begun(context: &Context, snapshot: &Snapshot<'_>) -> Result<ExportBegun, Ended> {
    let (cluster_id, topic_id) = context.journal.ids();
    Ok(ExportBegun {
        applied: applied(snapshot)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster_id,
        topic_id,
        fold_version: profile::fold_version(),
    })
}

fn step(step: Step) -> ExportResponse {
    ExportResponse { step: Some(step) }
}
