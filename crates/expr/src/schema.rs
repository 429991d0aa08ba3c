//! What an expression can read: names, types and what they mean. Served to those who write segments.

use std::collections::{BTreeMap, BTreeSet};

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// An exact decimal.
    Number,
    /// A text.
    Text,
    /// An instant.
    Instant,
    /// A length of time.
    Span,
    /// Several values of one type.
    List(Box<Type>),
    /// One value for each key.
    Map(Box<Type>),
    /// Known only when it is read: traits and properties.
    Dynamic,
}

impl Type {
    /// The type's name in CEL's words.
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Instant => "timestamp".to_owned(),
            Self::Span => "duration".to_owned(),
            Self::List(element) => format!("list({})", element.name()),
            Self::Map(value) => format!("map(string, {})", value.name()),
            Self::Dynamic => "dyn".to_owned(),
        }
    }

    /// Whether a value of this type may be one of the other.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dynamic, _) | (_, Self::Dynamic) => true,
            (Self::List(left), Self::List(right)) | (Self::Map(left), Self::Map(right)) => left.fits(right),
            _ => self == other,
        }
    }
}

/// A metric of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricField {
    /// Type of its value.
    pub ty: Type,
    /// What it tells.
    pub description: String,
}

/// All that an expression may name beside the built-in functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Metrics by name.
    pub metrics: BTreeMap<String, MetricField>,
    /// Kinds of touchpoints, custom ones included.
    pub kinds: BTreeSet<String>,
    /// Segments that may be named.
    pub segments: BTreeSet<String>,
}
