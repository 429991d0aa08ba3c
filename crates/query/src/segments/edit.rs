//! Segments defined, changed and deleted, one at a time.
//!
//! Owns what such a call means for the segment that is there. What is written goes through a door that is handed in: this service
//! reads a state and writes nothing.

use std::sync::Arc;

use definition::{Body, Kind, Version};
use proto::{
    definition::{ApplyDefinitionsRequest, ApplyDefinitionsResponse},
    segment::{
        CountExpressionRequest, CountExpressionResponse, CreateSegmentRequest, CreateSegmentResponse,
        DeleteSegmentRequest, DeleteSegmentResponse, Edit, Segment, UpdateSegmentRequest, UpdateSegmentResponse,
    },
};
use tonic::{Status, metadata::MetadataMap};
use types::record::{Definition, DefinitionKind, SegmentDefinition, definition::Body as Says};

use super::{
    count,
    counts::{Counts, Effort},
};
use crate::{context::Context, status};

/// Where definitions are written, without query knowing who does.
#[tonic::async_trait]
pub trait Definer: Send + Sync + 'static {
    /// Applies a set of definitions, as `ApplyService` does.
    async fn apply(&self, request: ApplyDefinitionsRequest) -> Result<ApplyDefinitionsResponse, Status>;
}

/// One segment to be changed.
struct Change<'a> {
    context: &'a Context,
    name: &'a str,
    /// The newest version of the name, also where that says that it was deleted.
    newest: Option<Arc<Version>>,
    edit: Edit,
}

/// What came of a change.
struct Changed {
    segment: Segment,
    offset: Option<u64>,
    trial: Option<CountExpressionResponse>,
}

pub(super) async fn create(
    context: &Context,
    counts: &Arc<Counts>,
    request: CreateSegmentRequest,
) -> Result<CreateSegmentResponse, Status> {
    let wanted = request.segment.ok_or_else(|| status::invalid("segment", "give the segment to define"))?;
    let change = Change::read(context, &wanted.name, request.edit).await?;
    if let Some(held) = change.living() {
        return Err(status::segment_exists(&wanted.name, held.0));
    }
    let says = SegmentDefinition {
        expression: wanted.expression.clone(),
        description: wanted.description.clone(),
        ..SegmentDefinition::default()
    };
    let Changed { segment, offset, trial } = change.say(says, counts).await?;
    Ok(CreateSegmentResponse { segment: Some(segment), offset, trial })
}

pub(super) async fn update(
    context: &Context,
    counts: &Arc<Counts>,
    request: UpdateSegmentRequest,
) -> Result<UpdateSegmentResponse, Status> {
    let wanted = request.segment.ok_or_else(|| status::invalid("segment", "give the segment to change"))?;
    let change = Change::read(context, &wanted.name, request.edit).await?;
    let held = match change.living() {
        Some((version, held)) => {
            expect(&wanted.etag, version)?;
            held.clone()
        }
        None if request.allow_missing => SegmentDefinition::default(),
        None => return Err(change.missing()),
    };
    let Paths { expression, description } = Paths::of(request.update_mask, &wanted)?;
    let says = SegmentDefinition {
        expression: if expression { wanted.expression.clone() } else { held.expression },
        description: if description { wanted.description.clone() } else { held.description },
        ..held
    };
    let Changed { segment, offset, trial } = change.say(says, counts).await?;
    Ok(UpdateSegmentResponse { segment: Some(segment), offset, trial })
}

pub(super) async fn delete(context: &Context, request: DeleteSegmentRequest) -> Result<DeleteSegmentResponse, Status> {
    let change = Change::read(context, &request.name, request.edit).await?;
    match change.living() {
        Some((version, _)) => expect(&request.etag, version)?,
        None if request.allow_missing => return Ok(DeleteSegmentResponse { offset: None }),
        None => return Err(change.missing()),
    }
    let answer = change.apply(None).await?;
    Ok(DeleteSegmentResponse { offset: answer.offset })
}

/// What an update changes.
struct Paths {
    expression: bool,
    description: bool,
}

impl Paths {
    fn of(mask: Option<prost_types::FieldMask>, wanted: &Segment) -> Result<Self, Status> {
        let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
            return Ok(Self { expression: !wanted.expression.is_empty(), description: !wanted.description.is_empty() });
        };
        let mut paths = Self { expression: false, description: false };
        for path in &mask.paths {
            match path.as_str() {
                "expression" => paths.expression = true,
                "description" => paths.description = true,
                "*" => paths = Self { expression: true, description: true },
                other => {
                    let description = format!("`{other}` cannot be changed; give expression, description or both");
                    return Err(status::invalid("update_mask", description));
                }
            }
        }
        Ok(paths)
    }
}

/// The etag of a version.
pub(super) fn etag(version: u32) -> String {
    format!("\"{version}\"")
}

/// An etag that is given is that of the version there is.
fn expect(given: &str, version: u32) -> Result<(), Status> {
    if given.is_empty() || given == etag(version) {
        Ok(())
    } else {
        Err(status::changed_meanwhile(given, &etag(version)))
    }
}

impl<'a> Change<'a> {
    async fn read(context: &'a Context, name: &'a str, edit: Option<Edit>) -> Result<Self, Status> {
        let wanted = name.to_owned();
        let newest = context.read(move |context| {
            let newest = store::definition::newest(&context.store.snapshot(), Kind::Segment, &wanted);
            newest.map_err(|error| status::store_failed(&error))
        });
        let (newest, edit) = (newest.await?.map(Arc::new), edit.unwrap_or_default());
        Ok(Self { context, name, newest, edit })
    }

    fn living(&self) -> Option<(u32, &SegmentDefinition)> {
        match self.newest.as_deref() {
            Some(Version { number, body: Some(Body::Segment(held)), .. }) => Some((*number, held)),
            _ => None,
        }
    }

    fn missing(&self) -> Status {
        status::segment_not_found("name", &format!("no segment `{}`", self.name))
    }

    async fn say(&self, says: SegmentDefinition, counts: &Arc<Counts>) -> Result<Changed, Status> {
        let answer = self.apply(Some(says.clone())).await?;
        let version =
            answer.changes.first().map_or_else(|| self.living().map_or(1, |(held, _)| held), |one| one.version);
        let SegmentDefinition { expression, description, .. } = says;
        let trial = if self.edit.validate_only { Some(self.trial(expression.clone(), counts).await?) } else { None };
        let segment = Segment { name: self.name.to_owned(), version, expression, description, etag: etag(version) };
        Ok(Changed { segment, offset: answer.offset, trial })
    }

    /// Who would be in.
    async fn trial(&self, expression: String, counts: &Arc<Counts>) -> Result<CountExpressionResponse, Status> {
        let Edit { sample_size, overlap_with, .. } = self.edit.clone();
        let request =
            CountExpressionRequest { expression, sample_size, overlap_with, ..CountExpressionRequest::default() };
        let counts = Arc::clone(counts);
        let count = move |context: &Context| count::expression(context, &counts, Effort::Whole, &request);
        let counted = super::scan(self.context, "a trial", count).await?.into_inner();
        counted.ok_or_else(|| status::internal("a trial with all effort came to nothing"))
    }

    /// Says something of the segment, or that it is deleted, if nobody else did since it was read.
    async fn apply(&self, says: Option<SegmentDefinition>) -> Result<ApplyDefinitionsResponse, Status> {
        let definer = self.context.definer.as_ref().ok_or_else(status::no_definer)?;
        let definition = Definition {
            kind: DefinitionKind::Segment.into(),
            name: self.name.to_owned(),
            expected_version: Some(self.newest.as_ref().map_or(0, |newest| newest.number)),
            deleted: says.is_none(),
            body: says.map(Says::Segment),
        };
        let request = ApplyDefinitionsRequest {
            definitions: vec![definition],
            author: self.edit.author.clone(),
            reason: self.edit.reason.clone(),
            validate_only: self.edit.validate_only,
            ..ApplyDefinitionsRequest::default()
        };
        let answer = definer.apply(request).await?;
        match answer.findings.first() {
            None => {
                // So that the caller's next read sees it; that it is written is certain, whatever the wait comes to.
                if let Err(status) = self.context.wait_for_definitions(answer.offset, &MetadataMap::new()).await {
                    tracing::debug!(%status, "a segment was changed and is not folded yet");
                }
                Ok(answer)
            }
            Some(finding) if finding.field == "expected_version" => Err(Status::aborted(finding.description.clone())),
            Some(_) => {
                let violation = |finding: &proto::definition::DefinitionFinding| {
                    let own = finding.name == self.name;
                    let field = finding.field.clone();
                    (if own { field } else { format!("{}: {field}", finding.name) }, finding.description.clone())
                };
                Err(status::invalid_fields(answer.findings.iter().map(violation)))
            }
        }
    }
}
