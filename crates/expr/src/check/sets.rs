//! Sets: `touchpoints("kind").where(t, …).within("90d")`, `orders()`.

use std::collections::BTreeSet;

use super::{Checked, Checker, ExpressionError, Source, Syntax, arguments, literal_span, literal_text};
use crate::{
    error::unknown,
    program::{CalendarUnit, Limit, Set},
    syntax::Part,
};

const UNITS: [(&str, CalendarUnit); 5] = [
    ("day", CalendarUnit::Day),
    ("week", CalendarUnit::Week),
    ("month", CalendarUnit::Month),
    ("quarter", CalendarUnit::Quarter),
    ("year", CalendarUnit::Year),
];

/// Methods that make a smaller set of a set.
pub(super) const NARROWING: [&str; 5] = ["where", "within", "older_than", "in_current", "in_previous"];

impl Checker<'_> {
    /// The set that a part stands for; `None` if it is none.
    pub(super) fn set(&mut self, syntax: &Syntax) -> Checked<Option<Set>> {
        match &syntax.part {
            Part::Call(None, name, given) if name == "touchpoints" => self.touchpoints(syntax, given).map(Some),
            Part::Call(None, name, given) if name == "orders" => {
                arguments::<0>(syntax, name, given, "orders()")?;
                self.enter(syntax)?;
                self.needs.orders = true;
                Ok(Some(Set::of(Source::Orders)))
            }
            Part::Call(Some(target), name, given) if NARROWING.contains(&name.as_str()) => {
                let Some(set) = self.set(target)? else { return Ok(None) };
                self.narrowed(syntax, set, name, given).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn touchpoints(&mut self, syntax: &Syntax, given: &[Syntax]) -> Checked<Set> {
        self.enter(syntax)?;
        let mut kinds = BTreeSet::new();
        for argument in given {
            let kind = literal_text(argument, "a kind of touchpoints")?;
            if !self.schema.kinds.contains(kind) {
                let message = unknown("the kind", kind, self.schema.kinds.iter().map(String::as_str));
                return Err(ExpressionError::new(argument.at, message));
            }
            kinds.insert(kind.to_owned());
        }
        self.needs.touchpoints = true;
        Ok(Set::of(Source::Touchpoints(kinds)))
    }

    /// One set inside another's condition would cost the product of both.
    fn enter(&mut self, syntax: &Syntax) -> Checked<()> {
        if self.bound.is_some() {
            return Err(ExpressionError::new(syntax.at, "a set cannot be asked for inside another set's condition"));
        }
        self.count_set(syntax)
    }

    fn narrowed(&mut self, syntax: &Syntax, mut set: Set, name: &str, given: &[Syntax]) -> Checked<Set> {
        match (name, given) {
            ("where", [variable, condition]) => {
                let text = format!(".where({variable}, {condition})");
                let condition = self.of_element(variable, &set.source, |checker| checker.condition(condition))?;
                set = set.filtered(condition, &text);
            }
            ("within", [span]) => set.limits.push(Limit::Within(literal_span(span)?)),
            ("older_than", [span]) => set.limits.push(Limit::OlderThan(literal_span(span)?)),
            ("in_current", [unit]) => set.limits.push(Limit::Current(calendar_unit(unit)?)),
            ("in_previous", [unit]) => set.limits.push(Limit::Previous(calendar_unit(unit)?)),
            _ => {
                let form =
                    if name == "where" { "where(t, CONDITION)" } else { "within(\"90d\"), in_current(\"month\")" };
                return Err(ExpressionError::new(syntax.at, format!("`{name}` is written as `{form}`")));
            }
        }
        self.needs.clock |= !set.limits.is_empty();
        Ok(set)
    }

    /// Checks something in which a name stands for an element.
    pub(super) fn of_element<T>(
        &mut self,
        variable: &Syntax,
        source: &Source,
        check: impl FnOnce(&mut Self) -> Checked<T>,
    ) -> Checked<T> {
        let Part::Name(name) = &variable.part else {
            return Err(ExpressionError::new(variable.at, "expected a name for the element, such as `t`"));
        };
        if super::ROOTS.contains(&name.as_str()) {
            return Err(ExpressionError::new(
                variable.at,
                format!("`{name}` has a meaning already; call the element `t`"),
            ));
        }
        self.bound = Some((name.clone(), source.clone()));
        let checked = check(self);
        self.bound = None;
        checked
    }
}

fn calendar_unit(syntax: &Syntax) -> Checked<CalendarUnit> {
    let name = literal_text(syntax, "a unit of the calendar")?;
    let known = UNITS.iter().find(|(unit, _)| *unit == name).map(|(_, unit)| *unit);
    let refused = || unknown("the unit", name, UNITS.iter().map(|(unit, _)| *unit));
    known.ok_or_else(|| ExpressionError::new(syntax.at, refused()))
}
