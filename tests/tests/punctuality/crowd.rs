//! A crowd of customers, each of whom enters or leaves a segment because time passes, at an instant that is known beforehand.

use patron::client::Server as Connection;
use proto::{
    ingest::publish_result::Outcome,
    segment::{CheckMembershipRequest, CustomerMemberships},
};
use tests::{
    client::{publish, who},
    touchpoints::touchpoint,
};
use types::{
    Micros,
    record::{Position, Touchpoint},
};

use super::heard::{Heard, Log};

const HOUR: i64 = 3_600_000_000;
/// Touchpoints of one publish.
const BATCH: usize = 2_000;

/// Both segments: one is left and one is entered an hour after the touchpoint.
pub(super) const SEGMENTS: &str = r#"
[[segment]]
name = "here"
expression = 'touchpoints("page_viewed").within("1h").count() > 0'

[[segment]]
name = "over"
expression = 'touchpoints("cart_viewed").older_than("1h").count() > 0'
"#;

/// Customers by number; those of an odd number enter at their deadline, the others leave.
pub(super) struct Crowd {
    pub(super) deadlines: Vec<Micros>,
}

/// What was answered about samples of the crowd.
#[derive(Default)]
pub(super) struct Sampled {
    pub(super) before: usize,
    pub(super) after: usize,
}

fn enters(number: usize) -> bool {
    number % 2 == 1
}

fn segment(number: usize) -> &'static str {
    if enters(number) { "over" } else { "here" }
}

/// A touchpoint after which somebody is in `here` for an hour, or enters `over` after one.
pub(super) fn seen(name: &str, occurred_at: Micros, enters: bool) -> Touchpoint {
    let kind = if enters { "cart_viewed" } else { "page_viewed" };
    let mut seen = touchpoint(kind, name, 0, &format!("user_id:{name}"));
    seen.occurred_at = Some(occurred_at.to_proto());
    seen
}

/// Publishes all of these, each of which must be accepted; the last position of each partition.
pub(super) async fn publish_all(connection: &Connection, touchpoints: Vec<Touchpoint>) -> Vec<Position> {
    let mut last = std::collections::BTreeMap::new();
    for batch in touchpoints.chunks(BATCH) {
        for result in publish(connection, batch.to_vec()).await.unwrap() {
            let Some(Outcome::Accepted(accepted)) = result.outcome else { panic!("not accepted: {result:?}") };
            let position = accepted.position.unwrap();
            last.insert(position.partition, position);
        }
    }
    last.into_values().collect()
}

impl Crowd {
    pub(super) fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// Publishes one touchpoint of each.
    pub(super) async fn come(&self, connection: &Connection) -> Vec<Position> {
        let deadlines = self.deadlines.iter().enumerate();
        let all = deadlines.map(|(number, at)| seen(&format!("p{number}"), Micros(at.0 - HOUR), enters(number)));
        publish_all(connection, all.collect()).await
    }

    /// Whose deadline a change was.
    pub(super) fn deadline_of(heard: &Heard) -> Option<usize> {
        let number = heard.who.strip_prefix('p')?.parse().ok()?;
        (heard.entered == enters(number) && heard.segment == segment(number)).then_some(number)
    }

    /// How many deadlines were heard.
    pub(super) fn heard(log: &Log) -> usize {
        log.heard.iter().filter_map(Self::deadline_of).count()
    }

    /// Everybody's deadline was told once, at its own instant to the microsecond, and not before it; nothing else was told of
    /// the crowd but that those who leave had entered.
    pub(super) fn check(&self, log: &Log) {
        assert!(log.heard.iter().zip(1..).all(|(heard, sequence)| heard.sequence == sequence), "a gap or a double");
        let (mut told, mut entered) = (vec![0; self.len()], vec![0; self.len()]);
        for heard in log.heard.iter().filter(|heard| heard.who.starts_with('p')) {
            assert!(heard.observed_at >= heard.effective_at, "noticed early: {heard:?}");
            assert!(heard.arrived_at >= heard.effective_at, "heard early: {heard:?}");
            assert!(!heard.correction, "{heard:?}");
            if let Some(number) = Self::deadline_of(heard) {
                assert_eq!(heard.effective_at, self.deadlines[number], "{heard:?}");
                told[number] += 1;
            } else {
                let number: usize = heard.who[1..].parse().unwrap();
                assert!(heard.entered && heard.segment == "here" && !enters(number), "{heard:?}");
                assert_eq!(heard.effective_at.0, self.deadlines[number].0 - HOUR, "{heard:?}");
                assert_eq!(told[number], 0, "entered after it was left: {heard:?}");
                entered[number] += 1;
            }
        }
        for number in 0..self.len() {
            assert_eq!(told[number], 1, "p{number}, due {}", self.deadlines[number]);
            assert_eq!(entered[number], usize::from(!enters(number)), "p{number}");
        }
    }

    /// Where it was said that all due until an instant had been sent, it had.
    pub(super) fn check_alive(&self, log: &Log) {
        for (until, heard) in &log.alive {
            let due = self.deadlines.iter().filter(|at| *at <= until).count();
            let sent = log.heard[..*heard].iter().filter(|heard| Self::deadline_of(heard).is_some()).count();
            assert!(sent >= due, "{sent} of {due} had been sent when all until {until} was said to be");
        }
    }

    /// Asks about every so many: before its deadline each is what it was, from the deadline on what it becomes.
    pub(super) async fn sample(&self, connection: &Connection, after: &[Position], step: usize) -> Sampled {
        let numbers: Vec<usize> = (0..self.len()).step_by(step).collect();
        let customers = numbers.iter().map(|number| who(&format!("user_id:p{number}")).unwrap()).collect();
        let request = CheckMembershipRequest { customers, min_position: after.to_vec(), ..Default::default() };
        let answer = connection.segments().check_membership(request).await.unwrap().into_inner();
        let at = Micros::from_proto(&answer.evaluated_at.unwrap());
        let mut sampled = Sampled::default();
        for (number, of) in numbers.into_iter().zip(&answer.results) {
            self.check_answer(number, of, at);
            if at < self.deadlines[number] { sampled.before += 1 } else { sampled.after += 1 }
        }
        sampled
    }

    fn check_answer(&self, number: usize, of: &CustomerMemberships, at: Micros) {
        let deadline = self.deadlines[number];
        let membership = of.memberships.iter().find(|one| one.segment == segment(number)).unwrap();
        assert_eq!(membership.member, (at >= deadline) == enters(number), "p{number}, due {deadline}, at {at}");
        let changes = membership.changes_at.as_ref().map(Micros::from_proto);
        assert_eq!(changes, (at < deadline).then_some(deadline), "p{number} at {at}");
    }
}
