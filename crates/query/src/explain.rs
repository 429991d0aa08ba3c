//! Why a customer looks as it does: the links and decisions behind the identity, the touchpoints behind a field.
//!
//! A field that one touchpoint decides – a trait, a first, a last – is explained by that touchpoint alone; one to which all add is
//! explained by each touchpoint that would give it a value by itself.

use std::rc::Rc;

use profile::{Fact, State, metric};
use proto::{
    customer::{Contribution, Customer, ExplainCustomerRequest, ExplainCustomerResponse},
    json,
    mask::ReadMask,
};
use store::StoreError;
use tonic::Status;
use types::{HashKey, IdentifierId, TotalOrder};

use crate::{
    contact, identity_view,
    past::{Moment, PastRows, PastTouchpoint},
    status, view,
};

const CONTRIBUTIONS_DEFAULT: usize = 100;
const CONTRIBUTIONS_MAX: usize = 1_000;

/// What is asked.
pub(crate) struct Question {
    pub(crate) moment: Moment,
    field: String,
    mask: ReadMask,
    contributions_max: usize,
}

/// Reads a request.
pub(crate) fn question(request: &ExplainCustomerRequest) -> Result<Question, Status> {
    let field = request.field.trim().to_owned();
    let paths = if field.is_empty() { vec!["customer_id".to_owned()] } else { vec![field.clone()] };
    let mask = ReadMask::new::<Customer>(Some(&prost_types::FieldMask { paths }))
        .map_err(|description| status::invalid("field", description))?;
    if mask.names("contact") {
        return Err(status::invalid("field", contact::NOT_EXPLAINED));
    }
    let contributions_max = match usize::try_from(request.contributions_max) {
        Ok(0) => CONTRIBUTIONS_DEFAULT,
        Ok(most) if most <= CONTRIBUTIONS_MAX => most,
        _ => {
            let given = request.contributions_max;
            let description = format!("{given} given; 1 to {CONTRIBUTIONS_MAX}, or 0 for {CONTRIBUTIONS_DEFAULT}");
            return Err(status::invalid("contributions_max", description));
        }
    };
    let moment = Moment::of(request.as_of.as_ref(), request.known_at.as_ref()).unwrap_or(Moment::END);
    Ok(Question { moment, field, mask, contributions_max })
}

/// The answer, without offsets; `None` if nobody holds the id.
pub(crate) fn explain(
    rows: &PastRows<'_>,
    hash_key: &HashKey,
    id: IdentifierId,
    question: &Question,
) -> Result<Option<ExplainCustomerResponse>, StoreError> {
    let Some(resolved) = rows.find(id)? else { return Ok(None) };
    let touchpoints = rows.touchpoints(&resolved.identity)?;
    let state = rows.state(&touchpoints);
    let shown = view::customer(&resolved, &state, &ReadMask::default());
    let value = question.mask.apply(shown.clone());
    let mut behind = Vec::new();
    if !question.field.is_empty() {
        let explained = Explained { question, state: &state, hash_key };
        behind.extend(touchpoints.iter().rev().filter_map(|one| explained.contribution(one)));
    }
    let count = i64::try_from(behind.len()).unwrap_or(i64::MAX);
    behind.truncate(question.contributions_max);
    Ok(Some(ExplainCustomerResponse {
        customer: Some(Customer {
            customer_id: shown.customer_id,
            identifiers: shown.identifiers,
            refused_links: shown.refused_links,
            ..value
        }),
        joining_links: resolved.joining.iter().map(identity_view::joining_link).collect(),
        decisions: resolved.decisions.iter().map(identity_view::decision).collect(),
        contributions: behind,
        contribution_count: count,
        applied: Vec::new(),
    }))
}

/// A field being explained.
struct Explained<'a> {
    question: &'a Question,
    state: &'a State,
    hash_key: &'a HashKey,
}

impl Explained<'_> {
    fn contribution(&self, one: &Rc<PastTouchpoint>) -> Option<Contribution> {
        let fact = Fact::new(&one.touchpoint, one.place.content);
        let mut alone = State::default();
        alone.add(&fact, self.hash_key);
        let shown = self.question.mask.apply(view::profile(&alone, &self.question.mask));
        let (json, nothing) = (json::to_value(&shown), json::to_value(&Customer::default()));
        let behind = match decided_by(self.state, &self.question.field, &one.place) {
            Some(decided) => decided,
            None => json != nothing,
        };
        behind.then(|| Contribution {
            source: one.touchpoint.source.clone(),
            message_id: one.touchpoint.message_id.clone(),
            kind: one.touchpoint.kind.clone(),
            occurred_at: one.touchpoint.occurred_at,
            position: Some(one.position),
            value: leaf(json, &self.question.field).to_string(),
        })
    }
}

/// Whether the touchpoint at a place decided a field that one touchpoint decides; `None` for fields to which all add.
fn decided_by(state: &State, field: &str, place: &TotalOrder) -> Option<bool> {
    let core = &state.core;
    match field.split_once('.').unwrap_or((field, "")) {
        ("first_touchpoint_at", _) => Some(core.first.as_ref() == Some(place)),
        ("last_touchpoint_at", _) => Some(core.last.as_ref() == Some(place)),
        ("traits", "") => Some(core.traits.values().flatten().any(|register| register.at == *place)),
        ("traits", name) => {
            let name = name.split('.').next_back().unwrap_or(name);
            Some(core.traits.get(name).and_then(Option::as_ref).is_some_and(|register| register.at == *place))
        }
        ("consents", _) => Some(core.consents.values().flatten().any(|register| register.at == *place)),
        ("metrics", name) => {
            let metric = metric::BUILT_IN.iter().find(|metric| metric.name == name)?;
            core.accumulators.get(&metric.id)?.decided_at(place)
        }
        _ => None,
    }
}

/// The value at the end of a field's path; the whole where there is no such end.
fn leaf(json: serde_json::Value, field: &str) -> serde_json::Value {
    let mut at = json;
    for step in field.split('.') {
        let camel = camel_case(step);
        let next = match &mut at {
            serde_json::Value::Object(fields) => fields.remove(step).or_else(|| fields.remove(&camel)),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return at,
        }
    }
    at
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| {
        let mut letters = part.chars();
        camel + &letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default() + letters.as_str()
    })
}
