//! Checks of what is said of the person: traits, consents. Also of properties, which have the same form as traits.

use std::collections::BTreeMap;

use proto::ingest::Reason;
use types::limits::{TEXT_BYTES_MAX, TRAITS_MAX};
use types::record::{Consent, ConsentStatus, Touchpoint};

use super::findings::{Findings, shown};
use super::values;

pub(super) fn check(touchpoint: &Touchpoint, findings: &mut Findings) {
    touchpoint.traits.iter().for_each(|traits| values::check("traits", traits, Some(TEXT_BYTES_MAX), findings));
    touchpoint.properties.iter().for_each(|properties| values::check("properties", properties, None, findings));
    consents(&touchpoint.consents, findings);
}

fn consents(consents: &[Consent], findings: &mut Findings) {
    findings.count(format_args!("consents"), consents.len(), TRAITS_MAX);
    let mut decided: BTreeMap<&str, i32> = BTreeMap::new();
    for (index, consent) in consents.iter().enumerate() {
        let remedy = "name what is decided on, e.g. `email`";
        findings.given(format_args!("consents[{index}].purpose"), &consent.purpose, TEXT_BYTES_MAX, remedy);
        status(index, consent.status, findings);
        if *decided.entry(&consent.purpose).or_insert(consent.status) != consent.status {
            let purpose = shown(&consent.purpose);
            let description = format!("another status stands for {purpose} before; send one decision a purpose");
            findings.add(Reason::Malformed, format_args!("consents[{index}].status"), description);
        }
    }
}

fn status(index: usize, status: i32, findings: &mut Findings) {
    let field = format_args!("consents[{index}].status");
    let remedy = "send CONSENT_STATUS_GRANTED or CONSENT_STATUS_DENIED";
    match ConsentStatus::try_from(status) {
        Ok(ConsentStatus::Granted | ConsentStatus::Denied) => {}
        Ok(ConsentStatus::Unspecified) => findings.add(Reason::Required, field, format!("it is not given; {remedy}")),
        Err(_) => findings.add(Reason::OutOfRange, field, format!("{status} is no status; {remedy}")),
    }
}
