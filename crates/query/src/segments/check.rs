//! Who is in what: a few customers, a few segments.

use expr::Program;
use proto::{
    customer::CustomerRef,
    segment::{CheckMembershipRequest, CheckMembershipResponse, CustomerMemberships},
};
use tonic::Status;

use super::{answer, moment::Moment};
use crate::{context::Context, customer_service::sought, status};

/// Most customers of one request.
const CUSTOMERS_MAX: usize = 1_000;

/// Answers for each customer and segment asked for.
pub(super) fn check(context: &Context, request: &CheckMembershipRequest) -> Result<CheckMembershipResponse, Status> {
    if request.customers.is_empty() || request.customers.len() > CUSTOMERS_MAX {
        let description = format!("{} given; send 1 to {CUSTOMERS_MAX}", request.customers.len());
        return Err(status::invalid("customers", description));
    }
    let moment = Moment::new(context, request.as_of.as_ref())?;
    let asked = asked(&moment, &request.segments)?;
    let moment = moment.with_cuts(asked.iter().map(|(_, _, program)| program))?;
    let memberships = |(at, who): (usize, &CustomerRef)| of_customer(&moment, who, &format!("customers[{at}]"), &asked);
    let results = request.customers.iter().enumerate().map(memberships).collect::<Result<_, _>>()?;
    Ok(CheckMembershipResponse {
        results,
        evaluated_at: Some(moment.now.to_proto()),
        applied: moment.applied()?,
        time_zone: moment.time_zone(),
        cuts: moment.cuts,
    })
}

type Asked = (String, u32, Program);

fn asked(moment: &Moment<'_>, names: &[String]) -> Result<Vec<Asked>, Status> {
    if names.is_empty() {
        let all = moment.segments.iter().map(|(name, version, program)| (name.to_owned(), version, program.clone()));
        return Ok(all.collect());
    }
    let one =
        |name: &String| moment.segment("segments", name).map(|(version, program)| (name.clone(), version, program));
    names.iter().map(one).collect()
}

fn of_customer(
    moment: &Moment<'_>,
    who: &CustomerRef,
    field: &str,
    asked: &[Asked],
) -> Result<CustomerMemberships, Status> {
    let (sought, _) = sought(moment.context, Some(who), field)?;
    let id = sought.held(moment.context, &moment.snapshot)?;
    let found = moment.find(id).map_err(|error| status::store_failed(&error))?;
    let Some(subject) = found else { return Ok(CustomerMemberships::default()) };
    let memberships =
        asked.iter().map(|(name, version, program)| answer::membership(moment, name, *version, program, &subject));
    Ok(CustomerMemberships {
        customer_id: subject.resolved.identity.id.to_string(),
        memberships: memberships.collect(),
    })
}
