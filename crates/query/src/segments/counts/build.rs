//! Walks: everybody is met once, on all processors, and asked all new conditions.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use expr::Memo;
use store::{StoreError, changes::Subject};
use types::Micros;

use super::{
    condition::{Answers, Question},
    meter,
    people::{Met, Ordinal, People, bytes_of, held},
    slice::wanted,
};
use crate::segments::{moment::Moment, population};

/// What one thread gathers.
#[derive(Default)]
struct Gathered {
    answers: Vec<Answers>,
    met: Vec<Met>,
    subjects: Vec<(Subject, Ordinal)>,
    /// Customers that had an ordinal, and whether one had none.
    seen: u64,
    strange: bool,
}

/// Everybody, and what each question comes to for them; `None` if they take more memory than that.
pub(super) fn everybody(
    moment: &Moment<'_>,
    questions: &[Question],
    bytes_max: usize,
) -> Result<Option<(People, Vec<Answers>)>, StoreError> {
    let (next, bytes) = (AtomicU32::new(0), AtomicUsize::new(0));
    let gathered = walk(moment, questions, |gathered, subject| {
        let identity = &subject.resolved.identity;
        let count = identity.identifiers.len() + identity.fragments.len();
        if bytes.fetch_add(bytes_of(1, count), Ordering::Relaxed) > bytes_max {
            return None;
        }
        let ordinal = next.fetch_add(1, Ordering::Relaxed);
        gathered.subjects.extend(held(identity).map(|subject| (subject, ordinal)));
        gathered.met.push(Met {
            ordinal,
            id: identity.id,
            known: identity.is_known(),
            cut: subject.resolved.cut,
            held: u32::try_from(count).unwrap_or(u32::MAX),
        });
        Some(ordinal)
    })?;
    if bytes.into_inner() > bytes_max {
        return Ok(None);
    }
    let customers = gathered.iter().map(|one| one.met.len()).sum();
    let mut people = People::with_room(customers, gathered.iter().map(|one| one.subjects.len()).sum());
    let mut answers = fresh(questions);
    for one in gathered {
        one.met.iter().for_each(|met| people.add(met));
        people.hold(one.subjects);
        answers.iter_mut().zip(one.answers).for_each(|(all, own)| all.add(own));
    }
    Ok(Some((people, answers)))
}

/// What each question comes to for everybody; `None` if who there is differs from those who are met.
pub(super) fn answers(
    moment: &Moment<'_>,
    people: &People,
    questions: &[Question],
) -> Result<Option<Vec<Answers>>, StoreError> {
    let gathered = walk(moment, questions, |gathered, subject| {
        let ordinal = people.ordinal(subject.resolved.identity.id);
        gathered.seen += u64::from(ordinal.is_some());
        gathered.strange |= ordinal.is_none();
        ordinal
    })?;
    let seen: u64 = gathered.iter().map(|one| one.seen).sum();
    if seen != people.len() || gathered.iter().any(|one| one.strange) {
        tracing::warn!(
            seen,
            kept = people.len(),
            "who is counted differs from who there is; everybody is looked at anew"
        );
        return Ok(None);
    }
    let mut answers = fresh(questions);
    for one in gathered {
        answers.iter_mut().zip(one.answers).for_each(|(all, own)| all.add(own));
    }
    Ok(Some(answers))
}

fn walk(
    moment: &Moment<'_>,
    questions: &[Question],
    place: impl Fn(&mut Gathered, &population::Subject) -> Option<Ordinal> + Sync,
) -> Result<Vec<Gathered>, StoreError> {
    meter::walked(questions.len());
    let begin = || Gathered { answers: fresh(questions), ..Gathered::default() };
    moment.tally(wanted(questions, moment.now), begin, |gathered, subject| {
        if let Some(ordinal) = place(gathered, &subject) {
            gathered.ask(questions, ordinal, &subject, moment.now);
        }
    })
}

fn fresh(questions: &[Question]) -> Vec<Answers> {
    questions.iter().map(|_| Answers::default()).collect()
}

impl Gathered {
    fn ask(&mut self, questions: &[Question], ordinal: Ordinal, subject: &population::Subject, at: Micros) {
        let memo = Memo::default();
        for (answers, question) in self.answers.iter_mut().zip(questions) {
            answers.set(ordinal, question.ask(&subject.customer, at, &memo));
        }
    }
}
