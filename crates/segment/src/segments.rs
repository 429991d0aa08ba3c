//! All segments together: compiled as a whole, because they name each other.

use std::collections::{BTreeMap, BTreeSet};

use expr::{ExpressionError, Program, Proof, Quantile, Schema, Subject, Surroundings};
use types::{ExactSum, Micros};

use crate::memberships::Membership;

/// A segment as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// Its condition.
    pub expression: String,
}

/// What is wrong with a segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segment `{name}`: {error}")]
pub struct Finding {
    /// The segment.
    pub name: String,
    /// What, and where in its expression.
    pub error: ExpressionError,
}

/// Segments that are compiled, with the cuts of the population that they compare with.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    compiled: BTreeMap<String, Compiled>,
    cuts: BTreeMap<String, ExactSum>,
}

#[derive(Clone, Debug)]
struct Compiled {
    version: u32,
    program: Program,
}

impl Segments {
    /// Compiles segments as a whole. The schema's own segments are not looked at: those given count.
    ///
    /// # Errors
    /// All findings: what is wrong with an expression, and segments that name each other in a circle.
    pub fn compile(definitions: &[Definition], schema: &Schema) -> Result<Self, Vec<Finding>> {
        let names = definitions.iter().map(|definition| definition.name.clone()).collect();
        let schema = Schema { segments: names, ..schema.clone() };
        let (mut compiled, mut findings) = (BTreeMap::new(), Vec::new());
        for Definition { name, version, expression } in definitions {
            match expr::compile(expression, &schema) {
                Ok(program) => drop(compiled.insert(name.clone(), Compiled { version: *version, program })),
                Err(error) => findings.push(Finding { name: name.clone(), error }),
            }
        }
        findings.extend(circles(&compiled));
        if findings.is_empty() { Ok(Self { compiled, cuts: BTreeMap::new() }) } else { Err(findings) }
    }

    /// Compiles what can be. What cannot – another version wrote it, a custom kind is configured no more – is left out with those
    /// that name it, and told.
    pub fn compile_what_can_be(definitions: &[Definition], schema: &Schema) -> (Self, Vec<Finding>) {
        let (mut left, mut told) = (definitions.to_vec(), Vec::new());
        loop {
            match Self::compile(&left, schema) {
                Ok(segments) => return (segments, told),
                Err(findings) => {
                    left.retain(|definition| findings.iter().all(|finding| finding.name != definition.name));
                    told.extend(findings);
                }
            }
        }
    }

    /// The same segments with these cuts.
    #[must_use]
    pub fn with_cuts(&self, cuts: BTreeMap<String, ExactSum>) -> Self {
        Self { compiled: self.compiled.clone(), cuts }
    }

    /// Names, versions and programs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32, &Program)> {
        self.compiled.iter().map(|(name, held)| (name.as_str(), held.version, &held.program))
    }

    /// The version and the program of a segment.
    pub fn get(&self, name: &str) -> Option<(u32, &Program)> {
        self.compiled.get(name).map(|held| (held.version, &held.program))
    }

    /// Cuts that a program and the segments that it names compare with, each once.
    pub fn quantiles(&self, program: &Program) -> Vec<Quantile> {
        let all = std::iter::once(program).chain(self.named(program)).flat_map(|one| &one.needs.quantiles);
        let by_key: BTreeMap<String, Quantile> = all.map(|quantile| (quantile.key(), quantile.clone())).collect();
        by_key.into_values().collect()
    }

    /// Whether a segment, by itself or by those that it names, needs single touchpoints.
    pub fn needs_touchpoints(&self, program: &Program) -> bool {
        program.needs.touchpoints || self.named(program).any(|other| other.needs.touchpoints)
    }

    /// Membership of one segment at an instant; `None` if there is no such segment.
    pub fn membership(&self, name: &str, subject: &dyn Subject, now: Micros) -> Option<Membership> {
        let held = self.compiled.get(name)?;
        let verdict = expr::evaluate(&held.program, subject, self, now);
        Some(Membership { version: held.version, member: verdict.truth, next: verdict.next })
    }

    /// Memberships of all segments at an instant.
    pub fn memberships(&self, subject: &dyn Subject, now: Micros) -> BTreeMap<String, Membership> {
        let each = self.compiled.keys().filter_map(|name| Some((name.clone(), self.membership(name, subject, now)?)));
        each.collect()
    }

    /// Why a customer is in a segment, or is not; `None` if there is no such segment.
    pub fn prove(&self, name: &str, subject: &dyn Subject, now: Micros) -> Option<Proof> {
        self.compiled.get(name).map(|held| expr::prove(&held.program, subject, self, now))
    }

    /// Programs of the segments that a program names, directly or over others.
    fn named<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = &'a Program> {
        let mut open: Vec<&str> = program.needs.segments.iter().map(String::as_str).collect();
        let mut seen = BTreeSet::new();
        std::iter::from_fn(move || {
            while let Some(name) = open.pop() {
                if seen.insert(name)
                    && let Some(held) = self.compiled.get(name)
                {
                    open.extend(held.program.needs.segments.iter().map(String::as_str));
                    return Some(&held.program);
                }
            }
            None
        })
    }
}

impl Surroundings for Segments {
    fn segment(&self, name: &str) -> Option<&Program> {
        self.compiled.get(name).map(|held| &held.program)
    }

    fn cut(&self, key: &str) -> Option<ExactSum> {
        self.cuts.get(key).copied()
    }
}

/// Segments that name themselves, directly or over others, and chains that are too long.
fn circles(compiled: &BTreeMap<String, Compiled>) -> Vec<Finding> {
    let names = |name: &str| compiled.get(name).into_iter().flat_map(|held| held.program.needs.segments.iter());
    // Each round finishes those that name only finished ones; what is left after all rounds goes round in a circle.
    let mut finished: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..expr::limits::SEGMENT_DEPTH_MAX {
        let ready = compiled.keys().filter(|name| names(name).all(|other| finished.contains(other.as_str())));
        let ready: Vec<&str> = ready.map(String::as_str).collect();
        finished.extend(ready);
    }
    let left = compiled.keys().filter(|name| !finished.contains(name.as_str()));
    let finding = |name: &String| {
        let others: Vec<&str> =
            names(name).filter(|other| !finished.contains(other.as_str())).map(String::as_str).collect();
        let message = format!(
            "segments name each other in a circle, or more than {} deep: `{name}` names `{}`",
            expr::limits::SEGMENT_DEPTH_MAX,
            others.join("`, `")
        );
        Finding { name: name.clone(), error: ExpressionError { at: 0, message } }
    };
    left.map(finding).collect()
}
