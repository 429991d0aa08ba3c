//! Why a link was refused.

use crate::{component::Component, evidence::Link, rules::Cut};

/// The rule that refused a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The customer would have too many identifiers of a namespace.
    Limit {
        /// The namespace.
        namespace: String,
        /// Its limit.
        most: u32,
    },
    /// The customer would have gained too many identifiers of a namespace in one week.
    LimitPerWeek {
        /// The namespace.
        namespace: String,
        /// Its limit.
        most: u32,
    },
    /// The customer would have too many identifiers.
    LimitOfAll {
        /// The limit.
        most: u32,
    },
    /// An operator unlinked the two.
    Unlinked,
    /// An operator keeps this pair apart.
    Separated(Link),
    /// One of the two links nobody.
    Cut(Cut),
}

impl Refusal {
    /// Name of the rule, of a closed list.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "limit",
            Self::LimitPerWeek { .. } => "limit_per_week",
            Self::LimitOfAll { .. } => "identifiers_max",
            Self::Unlinked => "unlinked",
            Self::Separated(_) => "separated",
            Self::Cut(Cut::Weak) => "weak",
            Self::Cut(Cut::Blocked) => "blocked",
            Self::Cut(Cut::Shared) => "shared",
        }
    }

    /// The rule in words, about a link of a component.
    pub fn describe(&self, component: &Component, refused: Link) -> String {
        let name = |id| component.identifier(id).map_or_else(|| "another".to_owned(), ToString::to_string);
        let why = |pair: &Link| {
            let standing = component.standing(pair);
            standing.map_or_else(String::new, |decision| format!(" ({}: {})", decision.operator, decision.reason))
        };
        match self {
            Self::Limit { namespace, most } => format!("a customer may have at most {most} identifiers of {namespace}"),
            Self::LimitPerWeek { namespace, most } => {
                format!("a customer may gain at most {most} identifiers of {namespace} in one week")
            }
            Self::LimitOfAll { most } => format!("a customer may have at most {most} identifiers"),
            Self::Unlinked => format!("an operator unlinked them{}", why(&refused)),
            Self::Separated(pair) => {
                format!("an operator keeps {} and {} apart{}", name(pair.0), name(pair.1), why(pair))
            }
            Self::Cut(cut) => {
                let shut = if component.cut.contains_key(&refused.0) { refused.0 } else { refused.1 };
                match cut {
                    Cut::Weak => format!("identifiers of the namespace of {} never link", name(shut)),
                    Cut::Blocked => format!("{} stands for nobody in particular", name(shut)),
                    Cut::Shared => format!("{} is shared: too many others were seen with it", name(shut)),
                }
            }
        }
    }
}
