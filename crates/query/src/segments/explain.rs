//! Why a customer is in a segment, or is not.

use proto::segment::{ExplainMembershipRequest, ExplainMembershipResponse};
use tonic::Status;

use super::{answer, moment::Moment, schema};
use crate::{context::Context, customer_service::sought, status};

/// Proves a membership.
pub(super) fn explain(
    context: &Context,
    request: &ExplainMembershipRequest,
) -> Result<ExplainMembershipResponse, Status> {
    let moment = Moment::new(context, request.as_of.as_ref())?;
    let (version, program) = schema::asked(&moment, &request.segment, &request.expression)?;
    let moment = moment.with_cuts([&program])?;
    let (sought, who) = sought(context, request.customer.as_ref(), "customer")?;
    let id = sought.held(context, &moment.snapshot)?;
    let found = moment.find(id).map_err(|error| status::store_failed(&error))?;
    let subject = found.ok_or_else(|| status::customer_not_found(&who))?;
    let proof = expr::prove(&program, &subject.customer, &moment.segments, moment.now);
    Ok(ExplainMembershipResponse {
        customer_id: subject.resolved.identity.id.to_string(),
        membership: Some(answer::membership(&moment, &request.segment, version, &program, &subject)),
        proof: Some(answer::proof(&proof, &subject)),
        evaluated_at: Some(moment.now.to_proto()),
        applied: moment.applied()?,
        time_zone: moment.time_zone(),
        cuts: moment.cuts,
    })
}
