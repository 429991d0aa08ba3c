//! All segments together: compiled as a whole, because they name each other.

use std::collections::{BTreeMap, BTreeSet};

use std::sync::Arc;

use expr::{
    Depth, Element, ExpressionError, Linked, Memo, Needs, Program, Proof, Quantile, Reach, Schema, Subject,
    Surroundings, Verdict, Zone, linked,
};
use types::{ExactSum, HashKey, Micros};

use crate::{
    customer::Customer,
    facets::Facets,
    groups::{Alike, Group, Grouped, Groups, Member, Ordinal, group_of},
    keyed::Place,
    memberships::Membership,
    naming::{circles, names_named, needs},
};

/// Most touchpoints of which each text is looked up: one that came very late may have thousands behind it.
const ASKING_MAX: usize = 1_000;

/// Before every touchpoint: the beginning of the first year.
const LONG_AGO: Micros = Micros(-62_135_596_800_000_000);

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
    compiled: Arc<BTreeMap<String, Compiled>>,
    linked: Arc<Linked>,
    grouped: Arc<Grouped>,
    /// By ordinal, as far as the last.
    names: Arc<Vec<Option<String>>>,
    cuts: BTreeMap<String, ExactSum>,
    zone: Zone,
}

#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    version: u32,
    pub(crate) program: Program,
    /// Its condition, among all.
    condition: linked::Place,
    group: Group,
    ordinal: Option<Ordinal>,
}

impl Segments {
    /// Compiles segments as a whole. The schema's own segments are not looked at: those given count.
    ///
    /// # Errors
    /// All findings: what is wrong with an expression, and segments that name each other in a circle.
    pub fn compile(definitions: &[Definition], schema: &Schema) -> Result<Self, Vec<Finding>> {
        let names = definitions.iter().map(|definition| definition.name.clone()).collect();
        let schema = Schema { segments: names, ..schema.clone() };
        let (mut compiled, mut linked, mut findings) = (BTreeMap::new(), Linked::default(), Vec::new());
        for Definition { name, version, expression } in definitions {
            match expr::compile(expression, &schema) {
                Ok(program) => {
                    let (version, condition, group) = (*version, linked.add(&program), Group::default());
                    compiled.insert(name.clone(), Compiled { version, program, condition, group, ordinal: None });
                }
                Err(error) => findings.push(Finding { name: name.clone(), error }),
            }
        }
        findings.extend(circles(&compiled));
        if findings.is_empty() { Ok(Self::of(compiled, linked)) } else { Err(findings) }
    }

    /// Of segments that do not name each other in circles; they are numbered in the order of their names.
    fn of(compiled: BTreeMap<String, Compiled>, linked: Linked) -> Self {
        let ordinals: BTreeMap<String, Ordinal> = compiled.keys().cloned().zip(0..).collect();
        let (compiled, linked) = (Arc::new(compiled), Arc::new(linked));
        Self { compiled, linked, ..Self::default() }.numbered(|name| ordinals.get(name).copied())
    }

    /// The same segments with these numbers. One without a number is in no group: nothing is told of it.
    #[must_use]
    pub fn numbered(&self, number: impl Fn(&str) -> Option<Ordinal>) -> Self {
        let (mut compiled, mut names) = (BTreeMap::clone(&self.compiled), Vec::new());
        for (name, held) in &mut compiled {
            held.ordinal = number(name);
            held.ordinal.into_iter().for_each(|ordinal| put(&mut names, ordinal, name.clone()));
        }
        Self { compiled: Arc::new(compiled), names: Arc::new(names), ..self.clone() }.grouped()
    }

    /// The same segments, grouped.
    fn grouped(self) -> Self {
        let (mut compiled, mut grouped) = (BTreeMap::clone(&self.compiled), Grouped::default());
        for held in compiled.values_mut() {
            let needs = needs(&self.compiled, &held.program);
            held.group = group_of(&needs);
            let Some(ordinal) = held.ordinal else { continue };
            let (version, condition, facets) = (held.version, held.condition, Facets::of_needs(&needs));
            let member = Member { ordinal, version, condition, facets };
            grouped.put(held.group, member, &needs, self.is_silent(condition, &needs));
        }
        Self { compiled: Arc::new(compiled), grouped: Arc::new(grouped), ..self }
    }

    /// Whether a condition is never true of a customer who has nothing of what its keys name: it asks for nothing else, and of
    /// nobody it is not true at any instant.
    fn is_silent(&self, condition: linked::Place, needs: &Needs) -> bool {
        let asks_else =
            Facets::without_keys(needs) != Facets::default() || needs.identifiers || !needs.quantiles.is_empty();
        let nobody = || Customer::of_touchpoints(Vec::new(), BTreeSet::new(), HashKey::new([0; 32]));
        let of_nobody = || self.evaluate(condition, &nobody(), LONG_AGO, &Memo::default());
        !asks_else && of_nobody() == Verdict { truth: false, next: None }
    }

    /// The segment of a number; `None` if there is none such.
    pub fn name(&self, ordinal: Ordinal) -> Option<&str> {
        self.names.get(usize::try_from(ordinal).ok()?)?.as_deref()
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
        Self { cuts, ..self.clone() }
    }

    /// The same segments by the calendar of a zone; UTC until then.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }.grouped()
    }

    /// Names, versions and programs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32, &Program)> {
        self.compiled.iter().map(|(name, held)| (name.as_str(), held.version, &held.program))
    }

    /// The version and the program of a segment.
    pub fn get(&self, name: &str) -> Option<(u32, &Program)> {
        self.compiled.get(name).map(|held| (held.version, &held.program))
    }

    /// The group that a segment is in.
    pub fn group(&self, name: &str) -> Option<Group> {
        self.compiled.get(name).map(|held| held.group)
    }

    /// The groups that have segments.
    pub fn groups(&self) -> Groups {
        self.grouped.groups.keys().copied().collect()
    }

    /// Groups that read what was touched.
    pub fn reading(&self, touched: Facets) -> Groups {
        self.grouped.groups.iter().filter(|(_, alike)| alike.facets.meet(touched)).map(|(group, _)| *group).collect()
    }

    /// Segments that ask for one of the texts that these touchpoints have; `None` where there are too many of them to look.
    pub(crate) fn asking(&self, touchpoints: &[Element]) -> Option<BTreeSet<Place>> {
        let each = touchpoints.iter().map(|element| element.touchpoint.as_ref());
        (touchpoints.len() <= ASKING_MAX).then(|| self.grouped.keyed.asking(each))
    }

    /// Where the segment of a number is.
    pub(crate) fn place(&self, ordinal: Ordinal) -> Option<Place> {
        self.grouped.place(ordinal)
    }

    /// Groups that compare with a cut of the population.
    pub fn cutting(&self) -> Groups {
        self.grouped.groups.iter().filter(|(_, alike)| alike.cut).map(|(group, _)| *group).collect()
    }

    /// Groups of these segments and of those that name them.
    pub fn concerned(&self, changed: &BTreeSet<String>) -> Groups {
        let concerns = |held: &Compiled| {
            let named = self.names_named(&held.program);
            named.into_iter().any(|name| changed.contains(name))
        };
        let of = |(name, held): (&String, &Compiled)| (changed.contains(name) || concerns(held)).then_some(held.group);
        self.compiled.iter().filter_map(of).collect()
    }

    /// How far back these groups need single touchpoints.
    pub fn reach(&self, groups: Groups) -> Reach {
        self.chosen(groups).map(|(_, alike)| alike.reach).max().unwrap_or_default()
    }

    /// How much these groups read of the profile, beside single touchpoints.
    pub fn depth(&self, groups: Groups) -> Depth {
        self.chosen(groups).map(|(_, alike)| alike.depth).max().unwrap_or_default()
    }

    /// The groups that there are of these, with the names of their segments.
    pub(crate) fn chosen(&self, groups: Groups) -> impl Iterator<Item = (Group, &Alike)> {
        self.grouped
            .groups
            .iter()
            .filter(move |(group, _)| groups.contains(**group))
            .map(|(group, alike)| (*group, alike))
    }

    /// Cuts that a program and the segments that it names compare with, each once.
    pub fn quantiles(&self, program: &Program) -> Vec<Quantile> {
        let named = self.named_by(program).map(|(_, program)| program);
        let all = std::iter::once(program).chain(named).flat_map(|one| &one.needs.quantiles);
        let by_key: BTreeMap<String, Quantile> = all.map(|quantile| (quantile.key(), quantile.clone())).collect();
        by_key.into_values().collect()
    }

    /// Segments that a program names, directly or over others, with their programs.
    pub fn named_by<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = (&'a str, &'a Program)> {
        let names = self.names_named(program);
        names.into_iter().filter_map(|name| self.compiled.get(name).map(|held| (name, &held.program)))
    }

    /// Whether these are the same segments, compiled once; the cuts may differ.
    pub fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.compiled, &other.compiled)
    }

    /// How far back a program, by itself or by the segments that it names, needs single touchpoints.
    pub fn reach_of(&self, program: &Program) -> Reach {
        needs(&self.compiled, program).reach
    }

    /// How much of the profile a program reads, by itself or by the segments that it names.
    pub fn depth_of(&self, program: &Program) -> Depth {
        needs(&self.compiled, program).depth()
    }

    /// Membership of one segment at an instant; `None` if there is no such segment.
    pub fn membership(&self, name: &str, subject: &dyn Subject, now: Micros) -> Option<Membership> {
        let held = self.compiled.get(name)?;
        let verdict = expr::evaluate(&held.program, subject, self, now);
        Some(Membership { version: held.version, member: verdict.truth, next: verdict.next })
    }

    /// A segment's condition beside those of others.
    pub(crate) fn evaluate(&self, condition: linked::Place, subject: &dyn Subject, at: Micros, memo: &Memo) -> Verdict {
        self.linked.evaluate(condition, subject, self, at, memo)
    }

    /// Memberships of all segments at an instant.
    pub fn memberships(&self, subject: &dyn Subject, now: Micros) -> BTreeMap<String, Membership> {
        let memo = Memo::default();
        let membership = |(name, held): (&String, &Compiled)| {
            let verdict = self.evaluate(held.condition, subject, now, &memo);
            (name.clone(), Membership { version: held.version, member: verdict.truth, next: verdict.next })
        };
        self.compiled.iter().map(membership).collect()
    }

    /// Why a customer is in a segment, or is not; `None` if there is no such segment.
    pub fn prove(&self, name: &str, subject: &dyn Subject, now: Micros) -> Option<Proof> {
        self.compiled.get(name).map(|held| expr::prove(&held.program, subject, self, now))
    }

    fn names_named<'a>(&'a self, program: &'a Program) -> BTreeSet<&'a str> {
        names_named(&self.compiled, program)
    }
}

fn put(names: &mut Vec<Option<String>>, ordinal: Ordinal, name: String) {
    let place = usize::try_from(ordinal).unwrap_or(usize::MAX);
    if names.len() <= place {
        names.resize(place + 1, None);
    }
    if let Some(free) = names.get_mut(place) {
        *free = Some(name);
    }
}

impl Surroundings for Segments {
    fn segment(&self, name: &str) -> Option<&Program> {
        self.compiled.get(name).map(|held| &held.program)
    }

    fn cut(&self, key: &str) -> Option<ExactSum> {
        self.cuts.get(key).copied()
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}
