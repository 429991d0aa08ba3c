//! The kinds of things that are defined.

use types::record::DefinitionKind;

use crate::Body;

/// A kind of thing that is defined. Its order is that of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Reference data of a product, named by its SKU.
    Product,
    /// Reference data of a store, named by its id.
    Store,
    /// A segment.
    Segment,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Product, Self::Store, Self::Segment];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Store => "store",
            Self::Segment => "segment",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its value in messages.
    pub fn to_proto(self) -> DefinitionKind {
        match self {
            Self::Product => DefinitionKind::Product,
            Self::Store => DefinitionKind::Store,
            Self::Segment => DefinitionKind::Segment,
        }
    }

    /// The kind of a value in messages; `None` for none, and for those of a newer version.
    pub fn of(value: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| i32::from(kind.to_proto()) == value)
    }

    /// The kind that a body defines.
    pub fn of_body(body: &Body) -> Self {
        match body {
            Body::Product(_) => Self::Product,
            Body::Store(_) => Self::Store,
            Body::Segment(_) => Self::Segment,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}
