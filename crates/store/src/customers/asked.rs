//! Whom an answer depends on, so that it can be used again while none of them has changed.

use std::{cell::RefCell, collections::BTreeSet};

use crate::changes::Subject;

/// Most subjects of one answer; one that depends on more is worked out anew each time.
pub const SUBJECTS_MAX: usize = 256;

/// Whom an answer depends on, each once.
pub type Subjects = Box<[Subject]>;

/// Notes who is asked for; nothing until it is begun.
#[derive(Debug, Default)]
pub(super) struct Asked(RefCell<Option<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    subjects: BTreeSet<Subject>,
    too_many: bool,
}

impl Asked {
    /// Forgets what was noted and begins anew.
    pub(super) fn begin(&self) {
        self.0.replace(Some(Notes::default()));
    }

    /// Whether notes are taken.
    pub(super) fn is_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Notes an identifier or a fragment whose rows are read, or were not there.
    pub(super) fn note(&self, subject: Subject) {
        if let Some(notes) = self.0.borrow_mut().as_mut()
            && !notes.too_many
            && notes.subjects.insert(subject)
            && notes.subjects.len() > SUBJECTS_MAX
        {
            *notes = Notes { too_many: true, ..Notes::default() };
        }
    }

    /// Ends the notes; `None` if there were too many, or if they were not begun.
    pub(super) fn end(&self) -> Option<Subjects> {
        let notes = self.0.take().filter(|notes| !notes.too_many)?;
        Some(notes.subjects.into_iter().collect())
    }
}
