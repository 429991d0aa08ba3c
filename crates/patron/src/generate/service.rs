//! Service and membership: cases, surveys, reviews, what is known of a person, consents, points spent.

use rand::RngExt as _;
use types::{
    Kind,
    record::{Consent, ConsentStatus, Identifier, Score},
};

use super::{
    catalogue::{any_product, euros},
    script::Script,
};

const TOPICS: [&str; 5] = ["delivery", "quality", "invoice", "loyalty", "opening hours"];
const PURPOSES: [&str; 4] = ["email", "sms", "push", "profiling"];

/// A case: perhaps a complaint, opened, settled, and a survey after it.
pub(crate) fn case(script: &mut Script<'_>) {
    let person = &script.person;
    let caller: Vec<Identifier> =
        [person.user_id(), person.phone().or_else(|| person.email())].into_iter().flatten().collect();
    let who = if caller.is_empty() { vec![script.person.browser(script.at)] } else { caller };
    let case_id = script.name("k");
    if script.chance(40) {
        let topic = script.pick(&TOPICS);
        let complaint = script.add("service_desk", Kind::ComplaintFiled, &who);
        complaint.case_id.clone_from(&case_id);
        complaint.properties = Some(fields([("topic", topic.into())]));
        script.wait(30, 600);
    }
    let opened = script.add("service_desk", Kind::CaseOpened, &who);
    opened.case_id.clone_from(&case_id);
    "call_center".clone_into(&mut opened.channel);
    if script.chance(50) {
        script.wait(300, 3_600);
        let cents = script.rng.random_range(250..2_500);
        script.add("service_desk", Kind::CostBooked, &who).cost = Some(euros(cents));
    }
    if script.chance(85) {
        settle(script, &who, &case_id);
    }
}

fn settle(script: &mut Script<'_>, who: &[Identifier], case_id: &str) {
    script.wait(600, 90_000);
    case_id.clone_into(&mut script.add("service_desk", Kind::CaseResolved, who).case_id);
    if script.chance(50) {
        script.wait(600, 40_000);
        let (scale, most) = script.pick(&[("nps", 10), ("csat", 5), ("ces", 7)]);
        let value = f64::from(script.rng.random_range(most / 2..=most));
        let answered = script.add("survey", Kind::SurveyAnswered, who);
        answered.score = Some(Score { scale: scale.to_owned(), value });
        case_id.clone_into(&mut answered.case_id);
    }
}

/// A review on the web, by somebody with an account or by a browser.
pub(crate) fn review(script: &mut Script<'_>) {
    let who = vec![script.person.user_id().unwrap_or_else(|| script.person.browser(script.at))];
    let product = any_product(script);
    let value = f64::from(script.pick(&[5, 5, 4, 4, 4, 3, 2, 1]));
    let reviewed = script.add("web", Kind::ProductReviewed, &who);
    reviewed.items = vec![product];
    reviewed.score = Some(Score { scale: "rating".to_owned(), value });
}

/// The member's record: who they are, what they agree to, points that they spend.
pub(crate) fn member(script: &mut Script<'_>) {
    let who = script.person.record();
    if who.is_empty() {
        return review(script);
    }
    match script.rng.random_range(0..10) {
        0..=4 => identify(script, "crm", &who),
        5..=7 => consent(script, &who),
        _ => {
            let points = script.rng.random_range(1..20) * 50;
            script.add("loyalty", Kind::PointsSpent, &who).points = points;
        }
    }
}

/// Tells what is known of the person.
pub(crate) fn identify(script: &mut Script<'_>, source: &str, who: &[Identifier]) {
    #[expect(clippy::cast_precision_loss, reason = "a year is exact in a float")]
    let (city, birth_year) = (script.person.city(), script.person.birth_year() as f64);
    let newsletter = script.chance(50);
    let traits = [("city", city.into()), ("birth_year", birth_year.into()), ("newsletter", newsletter.into())];
    script.add(source, Kind::Identified, who).traits = Some(fields(traits));
}

fn consent(script: &mut Script<'_>, who: &[Identifier]) {
    let first = script.rng.random_range(0..PURPOSES.len());
    let status = if script.chance(75) { ConsentStatus::Granted } else { ConsentStatus::Denied };
    let decided = PURPOSES.iter().skip(first).take(2);
    let consents = decided.map(|purpose| Consent { purpose: (*purpose).to_owned(), status: status.into() }).collect();
    script.add("crm", Kind::ConsentChanged, who).consents = consents;
}

fn fields<const N: usize>(pairs: [(&str, prost_types::Value); N]) -> prost_types::Struct {
    prost_types::Struct { fields: pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}
