//! Segments as they are defined, compiled.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use definition::{Body, Catalogue, Kind};
use expr::Surroundings as _;
use proto::segment::{GetSegmentResponse, ListSegmentsResponse, Segment};
use segment::{Definition, Finding, Segments, schema::schema};
use store::{Snapshot, Store, family::definition_sets::DefinitionProgressRow};
use tonic::Status;

use super::{edit::etag, feed_state::feed_state};
use crate::{context::Context, status};

/// Segments, what they were compiled from, and where that was read last.
struct Compiled {
    store: Weak<Store>,
    progress: DefinitionProgressRow,
    definitions: Vec<Definition>,
    segments: Segments,
}

/// The segments of a snapshot; compiled again only when they have changed, and read again only when something was defined since.
pub(super) fn compiled(context: &Context, snapshot: &Snapshot<'_>) -> Result<Segments, Status> {
    static LAST: LazyLock<Mutex<Option<Arc<Compiled>>>> = LazyLock::new(Mutex::default);
    let progress = store::definition::progress(snapshot).map_err(|error| status::store_failed(&error))?;
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let last = last.filter(|last| *last.segments.zone() == context.zone);
    let store = Arc::downgrade(&context.store);
    if let Some(last) = last.as_ref().filter(|last| last.store.ptr_eq(&store) && last.progress == progress) {
        return Ok(last.segments.clone());
    }
    let definitions = segment::check::definitions(&catalogue(snapshot)?);
    let segments = match last.filter(|last| last.definitions == definitions) {
        Some(last) => last.segments.clone(),
        None => compile(context, &definitions),
    };
    let kept = Compiled { store, progress, definitions, segments: segments.clone() };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(kept));
    Ok(segments)
}

fn compile(context: &Context, definitions: &[Definition]) -> Segments {
    let (segments, findings) = Segments::compile_what_can_be(definitions, &schema(&context.kinds, []));
    for Finding { name, error } in findings {
        tracing::warn!(segment = name, %error, "a segment cannot be evaluated and is left out");
    }
    segments.in_zone(context.zone.clone())
}

fn catalogue(snapshot: &Snapshot<'_>) -> Result<Catalogue, Status> {
    store::definition::catalogue(snapshot, &[Kind::Segment]).map_err(|error| status::store_failed(&error))
}

fn all(snapshot: &Snapshot<'_>) -> Result<Vec<Segment>, Status> {
    let segment = |version: &Arc<definition::Version>| match &version.body {
        Some(Body::Segment(segment)) => Some(Segment {
            name: version.name.clone(),
            version: version.number,
            expression: segment.expression.clone(),
            description: segment.description.clone(),
            etag: etag(version.number),
        }),
        _ => None,
    };
    Ok(catalogue(snapshot)?.living(Kind::Segment).filter_map(segment).collect())
}

/// All segments.
pub(super) fn list(context: &Context) -> Result<ListSegmentsResponse, Status> {
    Ok(ListSegmentsResponse { segments: all(&context.store.snapshot())?, feed: Some(feed_state(context)?) })
}

/// Versions of the segments that are evaluated, by name.
pub(super) fn versions(context: &Context) -> Result<BTreeMap<String, u32>, Status> {
    let segments = compiled(context, &context.store.snapshot())?;
    Ok(segments.iter().map(|(name, version, _)| (name.to_owned(), version)).collect())
}

/// One segment.
pub(super) fn get(context: &Context, name: &str) -> Result<GetSegmentResponse, Status> {
    let segments = all(&context.store.snapshot())?;
    match segments.iter().find(|segment| segment.name == name) {
        Some(segment) => Ok(GetSegmentResponse { segment: Some(segment.clone()), feed: Some(feed_state(context)?) }),
        None => Err(unknown("name", name, segments.iter().map(|segment| segment.name.as_str()))),
    }
}

/// There is no segment of this name.
pub(super) fn unknown<'a>(field: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Status {
    let known: Vec<&str> = known.take(20).collect();
    let known = if known.is_empty() { "none is defined".to_owned() } else { format!("there are {}", known.join(", ")) };
    status::segment_not_found(field, &format!("no segment `{name}`; {known}"))
}
