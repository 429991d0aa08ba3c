//! Checks of identifiers. An empty value is no finding here: it is a blocked one. Nothing of a value is ever shown.

use proto::ingest::Reason;
use types::kind::is_name;
use types::limits::{IDENTIFIER_BYTES_MAX, IDENTIFIERS_MAX, NAMESPACE_BYTES_MAX};
use types::record::Identifier;

use super::findings::{Findings, shown};

pub(super) fn check(identifiers: &[Identifier], findings: &mut Findings) {
    findings.count(format_args!("identifiers"), identifiers.len(), IDENTIFIERS_MAX);
    for (index, identifier) in identifiers.iter().enumerate() {
        namespace(index, &identifier.namespace, findings);
        findings.bounded(format_args!("identifiers[{index}].value"), &identifier.value, IDENTIFIER_BYTES_MAX);
    }
}

fn namespace(index: usize, namespace: &str, findings: &mut Findings) {
    let field = format_args!("identifiers[{index}].namespace");
    let remedy = "name the kind of identifier, e.g. `loyalty_card`";
    let given = findings.given(field, namespace, NAMESPACE_BYTES_MAX, remedy);
    if given && namespace.len() <= NAMESPACE_BYTES_MAX && !is_name(namespace) {
        let what = shown(namespace);
        let remedy = "use letters, digits and `_`, a letter first, e.g. `loyalty_card`";
        findings.add(Reason::Malformed, field, format!("{what} is no namespace; {remedy}"));
    }
}
