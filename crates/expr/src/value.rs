//! Values of the language while it is evaluated.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use types::{ExactSum, Micros};

use crate::{moving::Moving, span};

/// One value. What is absent compares with nothing: a condition over it is unknown, as an error is in CEL.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not there.
    Absent,
    /// True or false.
    Bool(bool),
    /// An exact decimal.
    Number(ExactSum),
    /// A text.
    Text(Arc<str>),
    /// An instant, in microseconds since 1970.
    Instant(Moving),
    /// A length of time, in microseconds.
    Span(Moving),
    /// Several.
    List(Arc<[Value]>),
    /// One for each key.
    Map(Arc<BTreeMap<String, Value>>),
}

impl Value {
    /// A text; empty ones are absent, as a touchpoint's are.
    pub fn of_text(text: &str) -> Self {
        if text.is_empty() { Self::Absent } else { Self::Text(text.into()) }
    }

    /// An instant that stands still.
    pub fn of_instant(at: Micros) -> Self {
        Self::Instant(Moving::fixed(at.0))
    }

    /// Whole things.
    pub fn of_count(count: usize) -> Self {
        Self::Number(ExactSum(i128::try_from(count).unwrap_or(i128::MAX).saturating_mul(1_000_000_000_000)))
    }

    /// Texts as a list.
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(|text| Self::Text(text.into())).collect())
    }

    /// True or false; `None` where it is neither.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number; `None` where it is none.
    pub fn as_number(&self) -> Option<ExactSum> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// How two values of one kind compare, and in how many microseconds that can change; `None` if they are of two kinds or
    /// absent.
    pub(crate) fn compare(&self, other: &Self) -> Option<(Ordering, Option<i64>)> {
        Some(match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => (left.cmp(right), None),
            (Self::Number(left), Self::Number(right)) => (left.cmp(right), None),
            (Self::Text(left), Self::Text(right)) => (left.cmp(right), None),
            (Self::Instant(left), Self::Instant(right)) | (Self::Span(left), Self::Span(right)) => left.compare(*right),
            _ => return None,
        })
    }
}

impl std::fmt::Display for Value {
    /// As the language would write it.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => write!(out, "absent"),
            Self::Bool(truth) => write!(out, "{truth}"),
            Self::Number(number) => write!(out, "{}", number.to_text()),
            Self::Text(text) => write!(out, "{text:?}"),
            Self::Instant(at) => write!(out, "{}", Micros(at.micros)),
            Self::Span(span) => write!(out, "{}", span::to_text(span.micros)),
            Self::List(values) => {
                let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(out, "[{}]", shown.join(", "))
            }
            Self::Map(entries) => {
                let shown: Vec<String> = entries.iter().map(|(key, value)| format!("{key:?}: {value}")).collect();
                write!(out, "{{{}}}", shown.join(", "))
            }
        }
    }
}
