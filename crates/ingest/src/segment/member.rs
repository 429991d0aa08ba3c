//! What is said of the person and of their groups: traits, consent.
//!
//! Owns that a group's traits never become a person's, and that only identify calls speak of traits: those that other calls
//! carry along repeat an earlier one, and would beat what was learned since.

use proto::ingest::Reason;
use types::Kind;
use types::record::{Consent, ConsentStatus, Touchpoint};

use super::fields::Fields;
use super::json::Json;
use super::kept;
use super::message::Message;
use crate::check::Findings;

/// Kind of a group call. Not in the catalogue: who wants such touchpoints configures it.
const GROUP_JOINED: &str = "group_joined";

/// The person's traits. Without any the call still says that its identifiers are one person. RudderStack writes the traits
/// under the context alone.
pub(super) fn identify(message: &mut Message<'_>, touchpoint: &mut Touchpoint) {
    let own = message.traits.take_all();
    let traits = if own.is_empty() { message.known_traits.take_all() } else { own };
    if traits.is_empty() {
        return link(touchpoint);
    }
    Kind::Identified.name().clone_into(&mut touchpoint.kind);
    touchpoint.traits = Some(kept::structure(traits));
}

/// The identifiers of the touchpoint are one person's.
pub(super) fn link(touchpoint: &mut Touchpoint) {
    Kind::IdentifiersLinked.name().clone_into(&mut touchpoint.kind);
}

/// The group and its traits stand among the properties.
pub(super) fn group(message: &mut Message<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    GROUP_JOINED.clone_into(&mut touchpoint.kind);
    let group_id = message.head.text("groupId", findings);
    if group_id.is_empty() {
        let description = "it is not given; name the group that the person belongs to";
        findings.add(Reason::Required, format_args!("groupId"), description);
    }
    message.properties.keep_text("group_id", group_id);
    let traits = message.traits.take_all();
    if !traits.is_empty() {
        message.properties.keep("group_traits", Json::Object(traits));
    }
}

/// The decisions of `context.consent.categoryPreferences`, by category.
pub(super) fn consents(context: &mut Fields<'_>, findings: &mut Findings) -> Vec<Consent> {
    let preferences = context.object("consent", findings).object("categoryPreferences", findings);
    let consent = |(purpose, value)| {
        let status = status(&value, findings)?;
        Some(Consent { purpose, status: status.into() })
    };
    preferences.into_rest().into_iter().filter_map(consent).collect()
}

fn status(value: &Json<'_>, findings: &mut Findings) -> Option<ConsentStatus> {
    match value {
        Json::Bool(true) => Some(ConsentStatus::Granted),
        Json::Bool(false) => Some(ConsentStatus::Denied),
        Json::Null => None,
        other => {
            let description = format!("a category is {}; send true or false", other.what());
            findings.add(Reason::Malformed, format_args!("context.consent.categoryPreferences"), description);
            None
        }
    }
}
