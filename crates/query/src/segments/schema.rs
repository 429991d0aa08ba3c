//! The schema that is served, and expressions checked against it.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use expr::{Program, element};
use proto::segment::{GetSchemaResponse, SchemaField, SchemaFunction};
use segment::{
    Segments,
    schema::{metrics, schema},
};
use tonic::Status;
use types::Catalogue;

use super::{catalogue, moment::Moment};
use crate::{context::Context, status};

/// All that an expression can read.
pub(super) fn served(context: &Context) -> Result<GetSchemaResponse, Status> {
    let segments = catalogue::compiled(context, &context.store.snapshot())?;
    let field = |name: String, ty: &expr::Type, description: &str| SchemaField {
        name,
        r#type: ty.name(),
        description: description.to_owned(),
    };
    let metrics = metrics().into_iter();
    let metrics = metrics.map(|(name, metric)| field(format!("metrics.{name}"), &metric.ty, &metric.description));
    let touchpoints = element::of_touchpoints().into_iter();
    let touchpoints = touchpoints.map(|own| field(format!("t.{}", own.name), &own.ty, own.description));
    let orders = element::of_orders().into_iter().map(|own| field(format!("o.{}", own.name), &own.ty, own.description));
    let roots = ROOTS.map(|(name, ty, description)| SchemaField {
        name: name.to_owned(),
        r#type: ty.to_owned(),
        description: description.to_owned(),
    });
    let function = |(example, description): &(&str, &str)| SchemaFunction {
        example: (*example).to_owned(),
        description: (*description).to_owned(),
    };
    Ok(GetSchemaResponse {
        fields: roots.into_iter().chain(metrics).chain(touchpoints).chain(orders).collect(),
        kinds: context.kinds.names().map(str::to_owned).collect(),
        functions: expr::functions::ALL.iter().map(function).collect(),
        segments: segments.iter().map(|(name, _, _)| name.to_owned()).collect(),
        time_zone: context.zone.name(),
    })
}

const ROOTS: [(&str, &str, &str); 4] = [
    ("traits.NAME", "dyn", "A trait, the last one declared."),
    ("consents.PURPOSE", "string", "`granted` or `denied`, the last decision."),
    ("identifiers", "list(string)", "Namespaces of the customer's identifiers."),
    ("now", "timestamp", "The instant for which the answer holds."),
];

/// Most expressions that are remembered.
const REMEMBERED_MAX: usize = 256;

/// Expressions that were compiled lately, and for which segments and kinds.
struct Remembered {
    segments: Segments,
    kinds: Arc<Catalogue>,
    programs: BTreeMap<String, Program>,
}

static REMEMBERED: LazyLock<Mutex<Option<Remembered>>> = LazyLock::new(Mutex::default);

/// Compiles an expression that is no segment.
///
/// # Errors
/// INVALID_ARGUMENT with the place in the expression.
pub(super) fn compile(moment: &Moment<'_>, field: &str, expression: &str) -> Result<Program, Status> {
    let kinds = &moment.context.kinds;
    let mut remembered = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |held: &Remembered| held.segments.are(&moment.segments) && Arc::ptr_eq(&held.kinds, kinds);
    let known = remembered.as_ref().filter(|held| fits(held)).and_then(|held| held.programs.get(expression));
    if let Some(known) = known {
        return Ok(known.clone());
    }
    let names = moment.segments.iter().map(|(name, _, _)| name);
    let compiled = expr::compile(expression, &schema(kinds, names));
    let program = compiled.map_err(|error| status::invalid(field, error.render(expression)))?;
    let begin =
        || Remembered { segments: moment.segments.clone(), kinds: Arc::clone(kinds), programs: BTreeMap::new() };
    let mut held = remembered.take().filter(fits).unwrap_or_else(begin);
    if held.programs.len() >= REMEMBERED_MAX {
        held.programs.clear();
    }
    held.programs.insert(expression.to_owned(), program.clone());
    *remembered = Some(held);
    Ok(program)
}

/// A segment, or an expression in place of one, whose version is 0.
pub(super) fn asked(moment: &Moment<'_>, segment: &str, expression: &str) -> Result<(u32, Program), Status> {
    match (segment, expression) {
        ("", "") => Err(status::invalid("segment", "give a segment or an expression")),
        ("", expression) => compile(moment, "expression", expression).map(|program| (0, program)),
        (segment, "") => moment.segment("segment", segment),
        _ => Err(status::invalid("expression", "give a segment or an expression, not both")),
    }
}
