//! What was worked out of one customer at one instant, kept for all programs that ask for it: the metrics that conditions are
//! made of.
//!
//! Equal questions have equal canonical texts, whichever segment asks them. Never outlives the customer or the instant.

use std::{cell::RefCell, cmp::Ordering, collections::BTreeMap, sync::Arc};

use crate::value::Value;

/// A question that programs share: its canonical text, with a hash that tells most questions apart at once.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    hash: u32,
    text: Arc<str>,
}

impl Shared {
    pub(crate) fn new(text: Arc<str>) -> Self {
        Self { hash: crc32c::crc32c(text.as_bytes()), text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Touchpoints of some kinds that conditions keep which ask nothing but each of them, whatever the instant: by its canonical text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filter(Shared);

impl Filter {
    pub(crate) fn new(text: String) -> Self {
        Self(Shared::new(text.into()))
    }

    /// This one and another condition.
    pub(crate) fn and(&self, text: &str) -> Self {
        Self::new(format!("{}{text}", self.0.text))
    }
}

impl Ord for Shared {
    fn cmp(&self, other: &Self) -> Ordering {
        let text = || if Arc::ptr_eq(&self.text, &other.text) { Ordering::Equal } else { self.text.cmp(&other.text) };
        self.hash.cmp(&other.hash).then_with(text)
    }
}

impl PartialOrd for Shared {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Shared {}

/// An answer, and the first instant at which it can change.
pub(crate) type Answer = (Value, Option<i64>);

/// Answers of one customer at one instant.
#[derive(Debug, Default)]
pub struct Memo {
    answers: RefCell<BTreeMap<Shared, Answer>>,
    /// Those to questions of programs that are laid side by side, by their numbers.
    numbered: RefCell<BTreeMap<usize, Answer>>,
}

impl Memo {
    pub(crate) fn get(&self, question: &Shared) -> Option<Answer> {
        self.answers.borrow().get(question).cloned()
    }

    pub(crate) fn keep(&self, question: &Shared, answer: Answer) {
        self.answers.borrow_mut().insert(question.clone(), answer);
    }
    /// The answer to a question of a number, worked out if it is not known yet.
    pub(crate) fn numbered(&self, question: usize, answer: impl FnOnce() -> Answer) -> Answer {
        if let Some(known) = self.numbered.borrow().get(&question) {
            return known.clone();
        }
        let answer = answer();
        self.numbered.borrow_mut().insert(question, answer.clone());
        answer
    }
}
