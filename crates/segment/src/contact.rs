//! Contact caps: whom we may contact over a channel, how often we did, and until when that answer holds.
//!
//! Owns what a cap is – at most N `message_sent` touchpoints in the sliding span (now − W, now] – and that an answer is consent
//! and all caps together. Each cap is an expression, so that its truth and its next change are the evaluator's.

use std::collections::{BTreeMap, BTreeSet};

use expr::{Memo, Program, Reach, Schema, Subject, Verdict, span, subject::Alone};
use types::{Catalogue, ExactSum, Micros};

use crate::{
    memberships::{Until, until_of},
    schema::schema,
};

/// Name of the caps over all channels together.
pub const ANY: &str = "any";
/// Most caps of one channel.
pub const CAPS_MAX: usize = 8;

/// A cap that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{channel}: {problem}")]
pub struct CapError {
    /// The channel that it was given for.
    pub channel: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// At most so many contacts in a span.
#[derive(Clone, Debug)]
pub struct Cap {
    /// The channel whose contacts count; `None` for those of all channels.
    pub channel: Option<String>,
    /// Most contacts in the span.
    pub max: u32,
    /// The span, in microseconds.
    pub span: i64,
    /// The contacts in it, as an expression.
    pub contacts: Program,
    /// Whether one more is allowed, as an expression.
    pub allows: Program,
}

/// The caps of all channels.
#[derive(Clone, Debug, Default)]
pub struct Caps {
    by_channel: BTreeMap<String, Vec<Cap>>,
    any: Vec<Cap>,
}

/// What a channel says of a customer at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The decision for the purpose of the channel's name; `None` if there is none.
    pub consent: Option<bool>,
    /// Contacts in the span of each cap: the channel's own caps, then those over all channels.
    pub contacts: Vec<u64>,
    /// Whether consent and every cap allow another contact.
    pub allowed: bool,
    /// When `allowed` changes if nothing happens.
    pub until: Until,
}

impl Caps {
    /// Compiles caps written as `2/7d`, by channel; `any` is for all channels together.
    ///
    /// # Errors
    /// The channel, what is wrong with a cap of it, and what would be right.
    pub fn compile(written: &BTreeMap<String, Vec<String>>) -> Result<Self, CapError> {
        let schema = schema(&Catalogue::default(), []);
        let mut caps = Self::default();
        for (channel, texts) in written {
            let compiled = of_channel(channel, texts, &schema);
            let compiled = compiled.map_err(|problem| CapError { channel: channel.clone(), problem })?;
            if channel == ANY {
                caps.any = compiled;
            } else {
                caps.by_channel.insert(channel.clone(), compiled);
            }
        }
        Ok(caps)
    }

    /// The caps that hold for a channel: its own, then those over all channels.
    pub fn of<'a>(&'a self, channel: &str) -> impl Iterator<Item = &'a Cap> + use<'a> {
        self.by_channel.get(channel).into_iter().flatten().chain(&self.any)
    }

    /// Channels with caps of their own.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.by_channel.keys().map(String::as_str)
    }

    /// How far back of an instant the caps of a channel need single touchpoints.
    pub fn reach(&self, channel: &str) -> Reach {
        self.of(channel).map(|cap| cap.allows.needs.reach).max().unwrap_or_default()
    }

    /// Whether a customer may be contacted over a channel at an instant: consent is granted, and every cap allows it.
    pub fn allow(&self, channel: &str, subject: &dyn Subject, now: Micros) -> bool {
        let granted = subject.consent(channel, now) == Some(true);
        granted && self.of(channel).all(|cap| expr::evaluate(&cap.allows, subject, &Alone, now).truth)
    }

    /// All that a channel says of a customer at an instant.
    pub fn contact(&self, channel: &str, subject: &dyn Subject, now: Micros) -> Contact {
        let count = |cap: &Cap| expr::number(&cap.contacts, subject, &Alone, now).map_or(0, whole);
        Contact {
            consent: subject.consent(channel, now),
            contacts: self.of(channel).map(count).collect(),
            allowed: self.allow(channel, subject, now),
            until: until_of(now, |at| self.verdict(channel, subject, at)),
        }
    }

    /// Consent and all caps, with the first instant at which one of them can change.
    fn verdict(&self, channel: &str, subject: &dyn Subject, now: Micros) -> Verdict {
        let memo = Memo::default();
        let mut verdict = Verdict { truth: subject.consent(channel, now) == Some(true), next: subject.next_after(now) };
        for cap in self.of(channel) {
            let own = expr::evaluate_beside(&cap.allows, subject, &Alone, now, &memo);
            verdict.truth &= own.truth;
            verdict.next = [verdict.next, own.next].into_iter().flatten().min();
        }
        verdict
    }
}

fn of_channel(channel: &str, texts: &[String], schema: &Schema) -> Result<Vec<Cap>, String> {
    if !types::kind::is_name(channel) {
        return Err(format!(
            "`{channel}` is no channel: write lower-case letters, digits and `_`, or `{ANY}` for all channels"
        ));
    }
    if texts.is_empty() || texts.len() > CAPS_MAX {
        return Err(format!("{} caps given; give 1 to {CAPS_MAX}, or leave the channel out", texts.len()));
    }
    let mut spans = BTreeSet::new();
    let cap = |text: &String| {
        let cap = cap(channel, text, schema)?;
        if !spans.insert(cap.span) {
            return Err(format!("`{text}`: there is another cap with this span; keep the smaller one"));
        }
        Ok(cap)
    };
    texts.iter().map(cap).collect()
}

/// One cap of `2/7d`.
fn cap(channel: &str, text: &str, schema: &Schema) -> Result<Cap, String> {
    let form = "write at most how many contacts in what span, such as \"2/7d\"";
    let (number, length) = text.split_once('/').ok_or_else(|| format!("`{text}` is no cap; {form}"))?;
    let (number, length) = (number.trim(), length.trim());
    let max: u32 = number.parse().map_err(|_| format!("`{text}`: `{number}` is no number of contacts; {form}"))?;
    if max == 0 {
        return Err(format!("`{text}`: a cap of 0 would let nobody be contacted for ever; allow 1 or more"));
    }
    let micros = span::parse(length).map_err(|problem| format!("`{text}`: {problem}"))?;
    if micros <= 0 {
        return Err(format!("`{text}`: the span must be longer than nothing; {form}"));
    }
    let own = (channel != ANY).then(|| channel.to_owned());
    let of_channel = own.as_ref().map_or_else(String::new, |channel| format!(".where(t, t.channel == \"{channel}\")"));
    let contacts = format!("touchpoints(\"message_sent\"){of_channel}.within(\"{length}\").count()");
    let refused = |error: expr::ExpressionError| format!("`{text}`: {error}");
    Ok(Cap {
        channel: own,
        max,
        span: micros,
        allows: expr::compile(&format!("{contacts} < {max}"), schema).map_err(refused)?,
        contacts: expr::compile_number(&contacts, schema).map_err(refused)?,
    })
}

/// A count as the evaluator has it: whole, and never negative.
fn whole(number: ExactSum) -> u64 {
    const UNIT: i128 = 1_000_000_000_000;
    u64::try_from(number.0 / UNIT).unwrap_or_default()
}

#[cfg(test)]
mod tests;
