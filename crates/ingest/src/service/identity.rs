//! Operators' decisions about identity: checked, and kept in the journal beside the touchpoints.
//!
//! Owns what a decision must be to get in. Never decides whether it has an effect: that follows from all evidence.

use std::time::Duration;

use proto::ingest::{
    DecideIdentityRequest, DecideIdentityResponse,
    identity_service_server::{IdentityService, IdentityServiceServer},
};
use tonic::{Request, Response, Status};
use types::{
    Identifier, Micros,
    record::{self, IdentityAction, IdentityDecision},
};

use super::Ingest;
use crate::{envelope, status};

const NAME_BYTES_MAX: usize = 256;
const REASON_BYTES_MAX: usize = 1_024;
/// How far ahead of this machine's clock a caller's may be.
const AHEAD_MAX: Duration = Duration::from_secs(300);

impl Ingest {
    /// The tonic server of operators' decisions.
    pub fn identity_server(&self) -> IdentityServiceServer<Self> {
        IdentityServiceServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl IdentityService for Ingest {
    async fn decide_identity(
        &self,
        request: Request<DecideIdentityRequest>,
    ) -> Result<Response<DecideIdentityResponse>, Status> {
        let now = self.shared.clock.now();
        let decision = self.checked(request.into_inner(), now)?;
        let record = envelope::of_decision(&decision, now, &self.shared.settings.hash_key, self.shared.partitions);
        let position = self.append(vec![record]).await?.into_iter().next().ok_or_else(status::positions_missing)?;
        let position = record::Position { partition: position.partition, offset: position.offset };
        tracing::info!(id = decision.decision_id, action = ?decision.action(), "an operator decided about identity");
        Ok(Response::new(DecideIdentityResponse { position: Some(position), decision: Some(decision) }))
    }
}

impl Ingest {
    fn checked(&self, request: DecideIdentityRequest, now: Micros) -> Result<IdentityDecision, Status> {
        if request.action() == IdentityAction::Unspecified {
            let description = "say what is decided: IDENTITY_ACTION_LINK, _UNLINK, _SEPARATE or _WITHDRAW";
            return Err(status::invalid("action", description));
        }
        let (left, right) = (self.identifier("left", request.left)?, self.identifier("right", request.right)?);
        if left == right {
            return Err(status::invalid("right", "it is the same identifier as left; name two"));
        }
        let (left, right) = if left < right { (left, right) } else { (right, left) };
        let decided_at = decided_at(request.decided_at.as_ref(), now)?;
        let decision_id = if request.decision_id.trim().is_empty() {
            uuid::Uuid::new_v4().to_string()
        } else {
            text("decision_id", &request.decision_id, NAME_BYTES_MAX)?
        };
        Ok(IdentityDecision {
            decision_id,
            action: request.action,
            left: Some((&left).into()),
            right: Some((&right).into()),
            reason: text("reason", &request.reason, REASON_BYTES_MAX)?,
            operator: text("operator", &request.operator, NAME_BYTES_MAX)?,
            decided_at: Some(decided_at.to_proto()),
        })
    }

    fn identifier(&self, field: &str, given: Option<record::Identifier>) -> Result<Identifier, Status> {
        let given = given.unwrap_or_default();
        let identifier = Identifier::from(&given).normalised(&self.shared.settings.normaliser);
        if !types::kind::is_name(&identifier.namespace) {
            let description = "give a namespace of lower-case letters, digits and `_`, e.g. loyalty_card";
            return Err(status::invalid(&format!("{field}.namespace"), description));
        }
        if identifier.value.is_empty() || identifier.value.len() > types::limits::IDENTIFIER_BYTES_MAX {
            let description = format!("give a value of 1 to {} bytes", types::limits::IDENTIFIER_BYTES_MAX);
            return Err(status::invalid(&format!("{field}.value"), &description));
        }
        if self.shared.settings.blocked.blocks(&identifier.namespace, &identifier.value) {
            let description = "it stands for nobody in particular and never links; name one of the person's own";
            return Err(status::invalid(&format!("{field}.value"), description));
        }
        Ok(identifier)
    }
}

fn text(field: &str, given: &str, bytes_max: usize) -> Result<String, Status> {
    let text = given.trim();
    if text.is_empty() || text.len() > bytes_max {
        return Err(status::invalid(field, &format!("{} bytes given; give 1 to {bytes_max}", text.len())));
    }
    Ok(text.to_owned())
}

fn decided_at(given: Option<&prost_types::Timestamp>, now: Micros) -> Result<Micros, Status> {
    let Some(decided_at) = given.map(Micros::from_proto) else { return Ok(now) };
    let ahead = i64::try_from(AHEAD_MAX.as_micros()).unwrap_or(i64::MAX);
    if decided_at < Micros(0) || decided_at.0 > now.0.saturating_add(ahead) {
        let description = format!("{decided_at} is before 1970 or after now; leave it out where it is decided now");
        return Err(status::invalid("decided_at", &description));
    }
    Ok(decided_at)
}
