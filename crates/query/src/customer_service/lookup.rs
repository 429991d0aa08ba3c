//! Looking customers up as they are now, encoded: from memory while what is remembered holds, else from one snapshot.

use std::sync::Arc;

use proto::customer::AppliedOffset;
use store::CustomerRows;
use tonic::Status;

use super::{covered, now::Now, sought::Sought};
use crate::{
    context::Context,
    hot::{Answer, Mask},
};

/// Who is looked up, and what is read of them.
pub(super) struct Lookup {
    pub(super) sought: Vec<Sought>,
    pub(super) mask: Arc<Mask>,
}

/// Answers in the order in which they were sought, all at one state.
pub(super) struct Found {
    pub(super) answers: Vec<Answer>,
    pub(super) applied: Vec<AppliedOffset>,
}

/// What is remembered, in the order of what is sought.
type Held = Vec<Option<Answer>>;

impl Lookup {
    /// Finds everybody; on a thread where it may block, unless all is remembered.
    pub(super) async fn answer(self, context: &Context) -> Result<Found, Status> {
        let held = self.held(context);
        match self.remembered(context, held) {
            Ok(found) => Ok(found),
            Err(held) => context.read(move |context| self.read(context, held)).await,
        }
    }

    /// To be got before a state to answer at is chosen.
    fn held(&self, context: &Context) -> Held {
        let held = context.answers.as_ref().zip(self.mask.number);
        held.map_or_else(|| vec![None; self.sought.len()], |(answers, mask)| answers.get(&self.sought, mask))
    }

    /// The answer, if all of it is remembered and holds; else what is.
    fn remembered(&self, context: &Context, held: Held) -> Result<Found, Held> {
        let Some(kept) = context.answers.as_ref().filter(|_| held.iter().all(Option::is_some)) else {
            return Err(held);
        };
        let applied = kept.applied(&context.progress.borrow());
        if !held.iter().flatten().all(|answer| answer.holds(&context.store)) {
            return Err(held);
        }
        context.hot.lookups().answered(held.len(), 0);
        Ok(Found { answers: held.into_iter().flatten().collect(), applied })
    }

    /// The answer at a snapshot that is younger than all that is held.
    fn read(&self, context: &Context, held: Held) -> Result<Found, Status> {
        let stamp = context.store.stamp();
        let snapshot = context.store.snapshot();
        let applied = covered(&snapshot)?;
        let mut answers = Vec::with_capacity(self.sought.len());
        let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
        let profiles = context.hot.profiles(&context.store);
        let now = Now { context, snapshot: &snapshot, rows: &rows, stamp, profiles: profiles.as_deref() };
        let mut misses = 0;
        for (sought, held) in self.sought.iter().zip(held) {
            let answer = match held.filter(|held| held.holds(&context.store)) {
                Some(held) => held,
                None => {
                    misses += 1;
                    self.fresh(&now, sought, &applied)?
                }
            };
            answers.push(answer);
        }
        context.hot.lookups().answered(self.sought.len() - misses, misses);
        Ok(Found { answers, applied })
    }

    /// The answer of a snapshot that covers this; kept, if it can be.
    fn fresh(&self, now: &Now<'_, '_>, sought: &Sought, applied: &[AppliedOffset]) -> Result<Answer, Status> {
        now.rows.forget();
        let (customer, subjects) = now.rows.noting(|_| now.customer(sought, &self.mask.read))?;
        let answer = Answer::new(now.stamp, sought, subjects.as_deref().unwrap_or_default(), customer.as_ref());
        let kept = now.context.answers.as_ref().zip(self.mask.number).filter(|_| subjects.is_some());
        if let Some((answers, mask)) = kept {
            answers.keep(sought, mask, answer.clone(), applied);
        }
        Ok(answer)
    }
}
