//! The check of segments among definitions: every expression compiles, and none names itself over others.

use definition::{
    Body, Catalogue, Kind,
    check::{Check, Finding},
};
use types::Catalogue as Kinds;

use crate::{
    schema::schema,
    segments::{Definition, Segments},
};

/// Checks the segments of a catalogue as it would be.
#[derive(Clone, Debug)]
pub struct SegmentCheck {
    kinds: Kinds,
}

impl SegmentCheck {
    /// A check that knows these kinds of touchpoints.
    pub fn new(kinds: Kinds) -> Self {
        Self { kinds }
    }
}

impl Check for SegmentCheck {
    fn check(&self, next: &Catalogue) -> Vec<Finding> {
        let definitions = definitions(next);
        let Err(findings) = Segments::compile(&definitions, &schema(&self.kinds, [])) else { return Vec::new() };
        let expression =
            |name: &str| definitions.iter().find(|one| one.name == name).map(|one| one.expression.as_str());
        let finding = |finding: crate::Finding| Finding {
            kind: Kind::Segment,
            field: "segment.expression".to_owned(),
            description: finding.error.render(expression(&finding.name).unwrap_or_default()),
            name: finding.name,
        };
        findings.into_iter().map(finding).collect()
    }
}

/// The segments of a catalogue that mean something now, by name.
pub fn definitions(catalogue: &Catalogue) -> Vec<Definition> {
    let segment = |version: &std::sync::Arc<definition::Version>| match &version.body {
        Some(Body::Segment(segment)) => Some(Definition {
            name: version.name.clone(),
            version: version.number,
            expression: segment.expression.clone(),
        }),
        _ => None,
    };
    catalogue.living(Kind::Segment).filter_map(segment).collect()
}
