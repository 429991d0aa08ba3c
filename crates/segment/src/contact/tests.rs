//! Caps count to the microsecond, together, and say when they change; what is no cap is refused with its remedy.

use std::sync::Arc;

use expr::Element;
use types::{
    ContentHash, HashKey,
    record::{Consent, ConsentStatus, Touchpoint},
};

use super::*;
use crate::customer::Customer;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fn caps(written: &[(&str, &[&str])]) -> Result<Caps, CapError> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Caps::compile(&written.iter().map(|(channel, held)| ((*channel).to_owned(), texts(held))).collect())
}

fn element(number: usize, at: i64, touchpoint: Touchpoint) -> Element {
    let touchpoint = Touchpoint {
        source: "crm".into(),
        message_id: number.to_string(),
        occurred_at: Some(Micros(at).to_proto()),
        ..touchpoint
    };
    let mut content = [0; 16];
    content[15] = u8::try_from(number).unwrap();
    Element { occurred_at: Micros(at), content: ContentHash(content), touchpoint: Arc::new(touchpoint) }
}

/// A customer who granted both channels at 0 and was contacted at these instants, in their order.
fn contacted(contacts: &[(&str, i64)]) -> Customer {
    let consent = |purpose: &str| Consent { purpose: purpose.into(), status: ConsentStatus::Granted.into() };
    let granted = Touchpoint {
        kind: "consent_changed".into(),
        consents: vec![consent("email"), consent("sms")],
        ..Touchpoint::default()
    };
    let sent = |(number, (channel, at)): (usize, &(&str, i64))| {
        let sent = Touchpoint { kind: "message_sent".into(), channel: (*channel).into(), ..Touchpoint::default() };
        element(number + 1, *at, sent)
    };
    let all = std::iter::once(element(0, 0, granted)).chain(contacts.iter().enumerate().map(sent));
    Customer::of_touchpoints(all.collect(), Default::default(), HashKey::derive("test"))
}

#[test]
fn a_contact_leaves_its_span_at_the_microsecond() {
    let caps = caps(&[("email", &["1/7d"])]).unwrap();
    let customer = contacted(&[("email", DAY)]);
    let end = 8 * DAY;
    let just_before = caps.contact("email", &customer, Micros(end - 1));
    let until = Until::Changes(Micros(end));
    assert_eq!(just_before, Contact { consent: Some(true), contacts: vec![1], allowed: false, until });
    let then = caps.contact("email", &customer, Micros(end));
    assert_eq!(then, Contact { consent: Some(true), contacts: vec![0], allowed: true, until: Until::Never });
    // Before it was sent, and at the instant itself.
    assert!(caps.allow("email", &customer, Micros(DAY - 1)));
    assert!(!caps.allow("email", &customer, Micros(DAY)));
    assert_eq!(caps.contact("email", &customer, Micros(DAY - 1)).until, Until::Changes(Micros(DAY)));
}

#[test]
fn all_caps_of_a_channel_hold_together() {
    let caps = caps(&[("email", &["2/7d", "3/30d"])]).unwrap();
    let customer = contacted(&[("email", DAY), ("email", 2 * DAY), ("email", 9 * DAY)]);
    // The first cap lets go at the second's eighth day, when the third is not yet sent.
    assert_eq!(caps.contact("email", &customer, Micros(3 * DAY)).until, Until::Changes(Micros(8 * DAY)));
    // At the tenth day the week holds one, but the thirty days hold three until the first leaves them.
    let tenth = caps.contact("email", &customer, Micros(10 * DAY));
    assert_eq!((tenth.contacts, tenth.allowed), (vec![1, 3], false));
    assert_eq!(tenth.until, Until::Changes(Micros(31 * DAY)));
    assert_eq!(caps.reach("email"), Reach::Span(30 * DAY));
}

#[test]
fn any_counts_all_channels_and_a_channel_its_own() {
    let caps = caps(&[("email", &["2/7d"]), ("any", &["3/7d"])]).unwrap();
    let customer = contacted(&[("sms", DAY), ("sms", 2 * DAY), ("email", 3 * DAY)]);
    let email = caps.contact("email", &customer, Micros(4 * DAY));
    assert_eq!((email.contacts, email.allowed, email.until), (vec![1, 3], false, Until::Changes(Micros(8 * DAY))));
    let sms = caps.contact("sms", &customer, Micros(8 * DAY));
    assert_eq!((sms.contacts, sms.allowed), (vec![2], true));
    // A touchpoint without a channel counts for all channels together alone.
    let unnamed = contacted(&[("", DAY), ("", DAY), ("", DAY)]);
    assert_eq!(caps.contact("email", &unnamed, Micros(DAY)).contacts, [0, 3]);
}

#[test]
fn nobody_is_contacted_without_consent() {
    let caps = caps(&[("push", &["1/7d"])]).unwrap();
    let customer = contacted(&[]);
    let push = caps.contact("push", &customer, Micros(DAY));
    assert_eq!((push.consent, push.allowed, push.until), (None, false, Until::Never));
    // A channel without caps is a matter of consent alone; that comes at 0.
    assert!(caps.allow("email", &customer, Micros(0)));
    assert_eq!(caps.contact("email", &customer, Micros(-1)).until, Until::Changes(Micros(0)));
    assert_eq!(caps.reach("email"), Reach::Nothing);
}

#[test]
fn what_is_no_cap_is_refused_with_its_channel_and_a_remedy() {
    for (text, problem) in [
        ("0/7d", "allow 1 or more"),
        ("-1/7d", "no number of contacts"),
        ("4294967296/7d", "no number of contacts"),
        ("two/7d", "no number of contacts"),
        ("2", "no cap"),
        ("2/7", "no length of time"),
        ("2/7y", "units w, d, h"),
        ("2/0d", "longer than nothing"),
        ("2/-7d", "longer than nothing"),
        ("2/9999w", "hundred years"),
    ] {
        let error = caps(&[("email", &[text])]).unwrap_err();
        assert_eq!(error.channel, "email");
        assert!(error.problem.contains(problem) && error.problem.contains(text), "{text}: {error}");
    }
    assert!(caps(&[("email", &[])]).unwrap_err().problem.contains("1 to 8"));
    let nine: Vec<String> = (1..=9).map(|days| format!("1/{days}d")).collect();
    let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    assert!(caps(&[("email", &nine)]).unwrap_err().problem.contains("9 caps given"));
    assert!(caps(&[("email", nine.get(..8).unwrap())]).is_ok());
    assert!(caps(&[("email", &["1/7d", "2/1w"])]).unwrap_err().problem.contains("another cap with this span"));
    assert!(caps(&[("E-Mail\"", &["1/7d"])]).unwrap_err().problem.contains("no channel"));
}
