//! Changes of identity as lines of a list.

use proto::customer::{IdentityChange, IdentityChangeCause, IdentityChangeKind, WatchIdentityChangesResponse};

use super::{table::cut, value};

/// Longest list of identifiers that a line shows, in characters.
const IDENTIFIERS_WIDTH: usize = 80;

/// The head of the list.
pub fn head() -> String {
    format!("{:>8} {:<20} {:<9} {:<36}    {:<36} {:<22} identifiers", "no.", "noticed", "what", "from", "to", "cause")
}

/// One change; empty for a keep-alive.
pub fn row(message: &WatchIdentityChangesResponse) -> String {
    message.change.as_ref().map_or_else(String::new, change)
}

fn change(change: &IdentityChange) -> String {
    let names = change.identifiers.iter().map(|moved| {
        moved.identifier.as_ref().map_or_else(|| moved.identifier_id.clone(), |named| value::identifier(Some(named)))
    });
    format!(
        "{:>8} {:<20} {:<9} {} -> {} {:<22} {}",
        change.sequence,
        value::time(change.observed_at.as_ref()),
        kind(change.kind()),
        change.from_customer_id,
        change.to_customer_id,
        cause(change),
        cut(&names.collect::<Vec<_>>().join(", "), IDENTIFIERS_WIDTH)
    )
}

fn kind(kind: IdentityChangeKind) -> &'static str {
    match kind {
        IdentityChangeKind::Merged => "merged",
        IdentityChangeKind::Separated => "separated",
        IdentityChangeKind::Renamed => "renamed",
        IdentityChangeKind::Unspecified => "-",
    }
}

fn cause(change: &IdentityChange) -> String {
    let name = match change.cause() {
        IdentityChangeCause::Touchpoint => "touchpoint",
        IdentityChangeCause::Decision => "decision",
        IdentityChangeCause::Rebuild => "rebuild",
        IdentityChangeCause::Unspecified => "-",
    };
    let place = change.position.as_ref().map(|place| format!(" {}/{}", place.partition, place.offset));
    format!("{name}{}", place.unwrap_or_default())
}
