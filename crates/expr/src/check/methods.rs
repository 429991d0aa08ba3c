//! Methods: what is asked of sets, texts and instants.

use std::sync::Arc;

use super::{Checked, Checker, ExpressionError, Node, Syntax, Type, Typed, expected, literal_text, sets::NARROWING};
use crate::{
    error::unknown,
    limits::PATTERN_BYTES_MAX,
    program::{Aggregate, CalendarPart, Set, TextTest},
    zone::Zone,
};

const AGGREGATES: [(&str, Aggregate); 7] = [
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Average),
    ("min", Aggregate::Least),
    ("max", Aggregate::Greatest),
    ("distinct", Aggregate::Distinct),
    ("most_frequent", Aggregate::MostFrequent),
];

const CALENDAR: [(&str, CalendarPart); 9] = [
    ("getFullYear", CalendarPart::Year),
    ("getMonth", CalendarPart::Month),
    ("getDate", CalendarPart::Date),
    ("getDayOfMonth", CalendarPart::DayOfMonth),
    ("getDayOfWeek", CalendarPart::DayOfWeek),
    ("getDayOfYear", CalendarPart::DayOfYear),
    ("getHours", CalendarPart::Hours),
    ("getMinutes", CalendarPart::Minutes),
    ("getSeconds", CalendarPart::Seconds),
];

const TEXTS: [(&str, TextTest); 3] =
    [("startsWith", TextTest::StartsWith), ("endsWith", TextTest::EndsWith), ("contains", TextTest::Contains)];

/// The zone that a part of an instant is asked in, where one is named.
fn zone(syntax: &Syntax, name: &str, given: &[Syntax]) -> Checked<Option<Zone>> {
    match given {
        [] => Ok(None),
        [zone] => {
            let text = literal_text(zone, "a time zone such as \"Europe/Berlin\"")?;
            Zone::parse(text).map(Some).map_err(|message| ExpressionError::new(zone.at, message))
        }
        _ => Err(ExpressionError::new(
            syntax.at,
            format!("`{name}` is written as `{name}()` or `{name}(\"Europe/Berlin\")`"),
        )),
    }
}

impl Checker<'_> {
    pub(super) fn method(&mut self, syntax: &Syntax, target: &Syntax, name: &str, given: &[Syntax]) -> Checked<Typed> {
        if NARROWING.contains(&name) && self.set(syntax)?.is_some() {
            let message = "this is a set; ask something of it, such as `.count()` or `.last().occurred_at`";
            return Err(ExpressionError::new(syntax.at, message));
        }
        if let Some(set) = self.set(target)? {
            return self.aggregate(syntax, set, name, given);
        }
        if let Some((_, test)) = TEXTS.iter().find(|(method, _)| *method == name) {
            return self.text_test(syntax, *test, target, given);
        }
        if let Some((_, part)) = CALENDAR.iter().find(|(method, _)| *method == name) {
            let node = self.of_type(target, &Type::Instant, "an instant")?;
            return Ok((Node::Calendar(*part, Box::new(node), zone(syntax, name, given)?), Type::Number));
        }
        match (name, given) {
            ("matches", [pattern]) => self.matches(target, pattern),
            ("lowerAscii", []) => Ok((Node::Lower(Box::new(self.of_type(target, &Type::Text, "a text")?)), Type::Text)),
            ("size", []) => self.size(target),
            _ => {
                let known = TEXTS.iter().map(|(method, _)| *method).chain(CALENDAR.iter().map(|(method, _)| *method));
                let known = known.chain(["matches", "lowerAscii", "size"]);
                Err(ExpressionError::new(syntax.at, unknown("the method", name, known)))
            }
        }
    }

    fn aggregate(&mut self, syntax: &Syntax, set: Set, name: &str, given: &[Syntax]) -> Checked<Typed> {
        let Some((_, aggregate)) = AGGREGATES.iter().find(|(method, _)| *method == name) else {
            if ["first", "last"].contains(&name) {
                return Err(ExpressionError::new(syntax.at, format!("name a field of it: `.{name}().occurred_at`")));
            }
            let known = AGGREGATES.iter().map(|(method, _)| *method).chain(NARROWING).chain(["first", "last"]);
            return Err(ExpressionError::new(syntax.at, unknown("the method of a set", name, known)));
        };
        let (value, ty) = match (aggregate, given) {
            (Aggregate::Count, []) => (None, Type::Number),
            (Aggregate::Count, _) => {
                return Err(ExpressionError::new(syntax.at, "`count()` takes nothing; narrow by `.where(t, …)`"));
            }
            (_, [variable, value]) => {
                let (node, ty) = self.of_element(variable, &set.source, |checker| checker.check(value))?;
                (Some(Box::new(node)), self.aggregated(*aggregate, value, ty)?)
            }
            _ => return Err(ExpressionError::new(syntax.at, format!("`{name}` is written as `{name}(t, t.FIELD)`"))),
        };
        self.asks(&set, *aggregate == Aggregate::Count && set.is_plain());
        let node = Node::Aggregate(*aggregate, Arc::new(set), value);
        Ok((self.shared(syntax, node), ty))
    }

    #[expect(clippy::unused_self, reason = "reads as a rule of the checker")]
    fn aggregated(&self, aggregate: Aggregate, value: &Syntax, ty: Type) -> Checked<Type> {
        match (aggregate, &ty) {
            (Aggregate::Sum | Aggregate::Average, Type::Number | Type::Dynamic) | (Aggregate::Distinct, _) => {
                Ok(Type::Number)
            }
            (Aggregate::Sum | Aggregate::Average, _) => Err(expected(value, "a number", &ty)),
            (
                Aggregate::Least | Aggregate::Greatest,
                Type::Number | Type::Instant | Type::Span | Type::Text | Type::Dynamic,
            ) => Ok(ty),
            (Aggregate::MostFrequent, Type::Text | Type::Dynamic) => Ok(Type::Text),
            (Aggregate::MostFrequent, Type::List(element)) if **element == Type::Text => Ok(Type::Text),
            (Aggregate::MostFrequent, _) => Err(expected(value, "a text", &ty)),
            _ => Err(expected(value, "something that has an order", &ty)),
        }
    }

    fn text_test(&mut self, syntax: &Syntax, test: TextTest, target: &Syntax, given: &[Syntax]) -> Checked<Typed> {
        let [argument] = given else {
            return Err(ExpressionError::new(syntax.at, "this method takes one text"));
        };
        let text = self.of_type(target, &Type::Text, "a text")?;
        let argument = self.of_type(argument, &Type::Text, "a text")?;
        Ok((Node::Text(test, Box::new(text), Box::new(argument)), Type::Bool))
    }

    fn matches(&mut self, target: &Syntax, pattern: &Syntax) -> Checked<Typed> {
        let text = self.of_type(target, &Type::Text, "a text")?;
        let written = literal_text(pattern, "a pattern")?;
        let built =
            regex::RegexBuilder::new(written).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build();
        let refused = |error: regex::Error| {
            let reason = error.to_string();
            let said = reason.lines().last().unwrap_or_default();
            ExpressionError::new(pattern.at, format!("this pattern is not read: {said}"))
        };
        Ok((Node::Matches(Box::new(text), built.map_err(refused)?), Type::Bool))
    }

    pub(super) fn size(&mut self, of: &Syntax) -> Checked<Typed> {
        let (node, ty) = self.check(of)?;
        if !matches!(ty, Type::List(_) | Type::Map(_) | Type::Text | Type::Dynamic) {
            return Err(expected(of, "a list, a map or a text", &ty));
        }
        Ok((Node::Size(Box::new(node)), Type::Number))
    }
}
