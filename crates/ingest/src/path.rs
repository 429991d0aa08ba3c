//! The way to a value inside of nested ones, as findings show it: `traits.address.lines[2]`.
//!
//! Borrowed step by step, so that a walk that finds nothing writes no text. Never shows more than the start of a name.

use std::fmt::{self, Display};

use crate::check::shown;

/// A step on the way to a value.
#[derive(Clone, Copy)]
pub(crate) enum Path<'way> {
    /// Where the walk began; empty for a whole message.
    Root(&'way str),
    /// A name inside of an object.
    Name(&'way Path<'way>, &'way str),
    /// A place in a list, from 0.
    Index(&'way Path<'way>, usize),
}

impl Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => out.write_str(name),
            Self::Name(Self::Root(""), name) => out.write_str(shown(name).trim_matches('`')),
            Self::Name(parent, name) => write!(out, "{parent}.{}", shown(name).trim_matches('`')),
            Self::Index(parent, index) => write!(out, "{parent}[{index}]"),
        }
    }
}
