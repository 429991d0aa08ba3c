//! Checks of what every touchpoint has: source, message id, kind, times.

use proto::ingest::Reason;
use types::limits::{AHEAD_MICROS_MAX, MESSAGE_ID_BYTES_MAX, SOURCE_BYTES_MAX};
use types::record::Touchpoint;
use types::{Catalogue, Micros};

use super::findings::{Findings, shown};

/// Longest name of a kind, as `types::kind::is_name` has it.
const KIND_BYTES_MAX: usize = 64;
/// Below this Jaro-Winkler similarity no name is suggested.
const SIMILARITY_MIN: f64 = 0.75;

pub(super) fn check(touchpoint: &Touchpoint, received_at: Micros, catalogue: &Catalogue, findings: &mut Findings) {
    source(&touchpoint.source, findings);
    let remedy = "name the fact within its source, by the same name on every retry";
    findings.given(format_args!("message_id"), &touchpoint.message_id, MESSAGE_ID_BYTES_MAX, remedy);
    kind(&touchpoint.kind, catalogue, findings);
    occurred_at(touchpoint, received_at, findings);
    if touchpoint.received_at.is_some() {
        let description = "Patron sets the time of receipt itself; leave the field out";
        findings.add(Reason::NotYoursToSet, format_args!("received_at"), description);
    }
}

fn source(source: &str, findings: &mut Findings) {
    let remedy = "name the system that saw the fact, e.g. `pos`";
    findings.given(format_args!("source"), source, SOURCE_BYTES_MAX, remedy);
    if !source.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = shown(source);
        let description = format!("{what} is no name; use visible ASCII characters without spaces, e.g. `pos`");
        findings.add(Reason::Malformed, format_args!("source"), description);
    }
}

fn kind(kind: &str, catalogue: &Catalogue, findings: &mut Findings) {
    let remedy = "say what happened, e.g. `order_completed`";
    let given = findings.given(format_args!("kind"), kind, KIND_BYTES_MAX, remedy);
    if given && kind.len() <= KIND_BYTES_MAX && !catalogue.contains(kind) {
        let remedy = nearest(kind, catalogue)
            .map_or_else(|| "use a kind of the catalogue".to_owned(), |name| format!("did you mean `{name}`?"));
        let what = shown(kind);
        let description =
            format!("{what} is neither in the catalogue nor configured; {remedy} Or configure it as a custom kind.");
        findings.add(Reason::UnknownKind, format_args!("kind"), description);
    }
}

/// The name most like `kind`, compared in lower case with `_` for spaces and hyphens.
fn nearest<'names>(kind: &str, catalogue: &'names Catalogue) -> Option<&'names str> {
    let kind = kind.to_lowercase().replace([' ', '-'], "_");
    let similarity = |name: &'names str| (strsim::jaro_winkler(&kind, name), name);
    let best = catalogue.names().map(similarity).max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(similarity, _)| *similarity >= SIMILARITY_MIN).map(|(_, name)| name)
}

fn occurred_at(touchpoint: &Touchpoint, received_at: Micros, findings: &mut Findings) {
    let field = format_args!("occurred_at");
    let Some(time) = &touchpoint.occurred_at else {
        return findings.add(Reason::Required, field, "it is not given; send when it happened, in UTC");
    };
    let instant = Micros::from_proto(time);
    if !(0..1_000_000_000).contains(&time.nanos) {
        let nanos = time.nanos;
        findings.add(Reason::Malformed, field, format!("nanos are {nanos}; they must be from 0 to 999,999,999"));
    } else if time.seconds < 0 {
        let description = format!("{instant} lies before 1970; send when it happened, as seconds since 1970 in UTC");
        findings.add(Reason::TimeOutOfRange, field, description);
    } else if instant.0 > received_at.0.saturating_add(AHEAD_MICROS_MAX) {
        let description = format!(
            "{instant} lies more than a day ahead of the time of receipt {received_at}; check the source's clock and zone, \
             and send seconds, not milliseconds"
        );
        findings.add(Reason::TimeOutOfRange, field, description);
    }
}
