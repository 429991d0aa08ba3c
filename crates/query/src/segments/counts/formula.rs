//! Expressions as they are joined from conditions that are kept, and the joining: logic of three values over bitmaps.
//!
//! A condition is true for some, unknown for some, and false for the rest. Whoever it is true or unknown for *may* satisfy it.
//! Then `&&` and `||` are intersection and union, of those who do and of those who may, and `!` turns one into the other.

use std::{borrow::Cow, cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use expr::{Parts, Program};
use roaring::RoaringBitmap;
use segment::Segments;

use super::{
    condition::{Key, Question},
    people::People,
    slice::{Condition, Used},
};

/// How an expression is joined.
#[derive(Debug)]
enum Formula {
    Condition(Key),
    /// A segment of this name.
    Segment(String),
    Not(Box<Formula>),
    And(Box<Formula>, Box<Formula>),
    Or(Box<Formula>, Box<Formula>),
}

/// Some expressions, with the segments that they name at joints.
#[derive(Debug, Default)]
pub(super) struct Formulas {
    asked: Vec<Formula>,
    /// Segments by name; `None` where there is none such.
    segments: BTreeMap<String, Option<Formula>>,
}

/// Takes an expression apart.
struct Cutter<'a> {
    around: &'a Arc<Segments>,
    conditions: &'a mut BTreeMap<Key, Condition>,
    used: Used,
    segments: BTreeMap<String, Option<Formula>>,
    missing: BTreeMap<Key, Question>,
}

impl Formulas {
    /// Cuts expressions into conditions; those that are not kept yet are given back.
    pub(super) fn cut(
        programs: &[Program],
        around: &Arc<Segments>,
        conditions: &mut BTreeMap<Key, Condition>,
        used: Used,
    ) -> (Self, BTreeMap<Key, Question>) {
        let mut cutter = Cutter { around, conditions, used, segments: BTreeMap::new(), missing: BTreeMap::new() };
        let asked = programs.iter().map(|program| cutter.cut(program.parts())).collect();
        (Self { asked, segments: cutter.segments }, cutter.missing)
    }
}

impl Cutter<'_> {
    fn cut(&mut self, parts: Parts<'_>) -> Formula {
        let mut both = |left: expr::parts::Joined<'_>, right: expr::parts::Joined<'_>| {
            (Box::new(self.cut(left.parts())), Box::new(self.cut(right.parts())))
        };
        match parts {
            Parts::And(left, right) => {
                let (left, right) = both(left, right);
                Formula::And(left, right)
            }
            Parts::Or(left, right) => {
                let (left, right) = both(left, right);
                Formula::Or(left, right)
            }
            Parts::Not(operand) => Formula::Not(Box::new(self.cut(operand.parts()))),
            Parts::Segment(name) => self.segment(name),
            Parts::Condition(program) => self.condition(program),
        }
    }

    fn segment(&mut self, name: &str) -> Formula {
        if !self.segments.contains_key(name) {
            let around = Arc::clone(self.around);
            let formula = around.get(name).map(|(_, program)| self.cut(program.parts()));
            self.segments.insert(name.to_owned(), formula);
        }
        Formula::Segment(name.to_owned())
    }

    fn condition(&mut self, program: &Program) -> Formula {
        let key = Key::of(program, self.around);
        match self.conditions.get_mut(&key) {
            Some(condition) => condition.used = self.used,
            None => {
                self.missing.entry(key.clone()).or_insert_with(|| Question::new(program, self.around));
            }
        }
        Formula::Condition(key)
    }
}

/// Joins what is kept.
pub(super) struct Joining<'a> {
    people: &'a People,
    formulas: &'a Formulas,
    conditions: &'a BTreeMap<Key, Condition>,
    /// Members of segments, each worked out once.
    members: RefCell<BTreeMap<&'a str, Rc<RoaringBitmap>>>,
}

impl<'a> Joining<'a> {
    pub(super) fn new(people: &'a People, formulas: &'a Formulas, conditions: &'a BTreeMap<Key, Condition>) -> Self {
        Self { people, formulas, conditions, members: RefCell::default() }
    }

    /// Who satisfies each expression, in their order; everybody is asked, known or not.
    pub(super) fn all(&self) -> impl Iterator<Item = Cow<'a, RoaringBitmap>> {
        self.formulas.asked.iter().map(|formula| self.certain(formula))
    }

    /// For whom it is true.
    fn certain(&self, formula: &'a Formula) -> Cow<'a, RoaringBitmap> {
        match formula {
            Formula::Condition(key) => Cow::Borrowed(&self.kept(key).answers.certain),
            Formula::Segment(name) => match self.formulas.segments.get(name) {
                Some(Some(inner)) => Cow::Owned(RoaringBitmap::clone(&self.members(name, inner))),
                _ => Cow::Owned(RoaringBitmap::new()),
            },
            Formula::Not(operand) => Cow::Owned(self.people.domain(true) - &*self.possible(operand)),
            Formula::And(left, right) => intersection(self.certain(left), || self.certain(right)),
            Formula::Or(left, right) => union(self.certain(left), &self.certain(right)),
        }
    }

    /// For whom it is true or unknown.
    fn possible(&self, formula: &'a Formula) -> Cow<'a, RoaringBitmap> {
        match formula {
            Formula::Condition(key) => {
                let answers = &self.kept(key).answers;
                let certain = Cow::Borrowed(&answers.certain);
                if answers.unknown.is_empty() { certain } else { union(certain, &answers.unknown) }
            }
            // Whoever is not certainly in it is not in it. Of one that does not exist nothing is known.
            Formula::Segment(name) => match self.formulas.segments.get(name) {
                Some(Some(_)) => self.certain(formula),
                _ => Cow::Borrowed(self.people.domain(true)),
            },
            Formula::Not(operand) => Cow::Owned(self.people.domain(true) - &*self.certain(operand)),
            Formula::And(left, right) => intersection(self.possible(left), || self.possible(right)),
            Formula::Or(left, right) => union(self.possible(left), &self.possible(right)),
        }
    }

    fn members(&self, name: &'a str, formula: &'a Formula) -> Rc<RoaringBitmap> {
        if let Some(known) = self.members.borrow().get(name) {
            return Rc::clone(known);
        }
        let members = Rc::new(self.certain(formula).into_owned());
        self.members.borrow_mut().insert(name, Rc::clone(&members));
        members
    }

    fn kept(&self, key: &Key) -> &'a Condition {
        self.conditions.get(key).expect("all conditions of a count are kept until it is answered")
    }
}

fn intersection<'a>(
    left: Cow<'a, RoaringBitmap>,
    right: impl FnOnce() -> Cow<'a, RoaringBitmap>,
) -> Cow<'a, RoaringBitmap> {
    if left.is_empty() {
        return left;
    }
    match (left, right()) {
        (Cow::Owned(mut owned), other) | (other, Cow::Owned(mut owned)) => {
            owned &= &*other;
            Cow::Owned(owned)
        }
        (left, right) => Cow::Owned(&*left & &*right),
    }
}

fn union<'a>(left: Cow<'a, RoaringBitmap>, right: &RoaringBitmap) -> Cow<'a, RoaringBitmap> {
    match left {
        Cow::Owned(mut owned) => {
            owned |= right;
            Cow::Owned(owned)
        }
        Cow::Borrowed(left) => Cow::Owned(left | right),
    }
}
