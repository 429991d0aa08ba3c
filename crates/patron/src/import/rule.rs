//! Rules: which rows become touchpoints of another kind, with other fields, or none at all.

use types::Decimal;

use super::{
    keys::{Keys, MappingError, suggestion},
    template::Template,
    value::{Cell, Columns, Source},
};

/// A rule; the first whose conditions all hold is taken.
#[derive(Debug)]
pub(super) struct Rule {
    when: Vec<Condition>,
    pub(super) then: Then,
}

/// What becomes of a row.
#[derive(Debug)]
pub(super) enum Then {
    /// It is passed over, and counted under this reason.
    Skip(String),
    /// It becomes a touchpoint.
    Fill(Box<Template>),
}

#[derive(Debug)]
struct Condition {
    cell: Cell,
    test: Test,
}

#[derive(Debug)]
enum Test {
    StartsWith(String),
    EndsWith(String),
    OneOf(Vec<String>),
    Empty(bool),
    Negative(bool),
    Positive(bool),
}

impl Rule {
    pub(super) fn parse(mut keys: Keys<'_>, base: &Template, columns: &mut Columns) -> Result<Self, MappingError> {
        let conditions = keys.tables("when")?;
        if conditions.is_empty() {
            return Err(keys.error("when", "is missing; write when = { column = \"NAME\", starts_with = \"X\" }"));
        }
        let when = conditions.into_iter().map(|keys| Condition::parse(keys, columns)).collect::<Result<_, _>>()?;
        if let Some(reason) = keys.text("skip")? {
            keys.finish()?;
            return Ok(Self { when, then: Then::Skip(reason) });
        }
        let template = Self::template(&mut keys, base, columns)?;
        keys.finish()?;
        Ok(Self { when, then: Then::Fill(Box::new(template)) })
    }

    /// Whether this rule takes a row.
    pub(super) fn takes(&self, source: &Source<'_>) -> bool {
        self.when.iter().all(|condition| condition.holds(source))
    }

    fn template(keys: &mut Keys<'_>, base: &Template, columns: &mut Columns) -> Result<Template, MappingError> {
        let mut template = base.clone();
        for path in keys.texts("unset")? {
            if !template.unset(&path) {
                return Err(keys.error(
                    "unset",
                    format_args!("names `{path}`, which is not filled; {}", nearest(&path, &template)),
                ));
            }
        }
        if let Some(set) = keys.table("set")? {
            template = template.overlaid_with(Template::parse(set, columns)?);
        }
        for path in keys.texts("absolute")? {
            if !template.make_absolute(&path) {
                let remedy = nearest(&path, &template);
                return Err(
                    keys.error("absolute", format_args!("names `{path}`, which is no number that is filled; {remedy}"))
                );
            }
        }
        let kind =
            keys.value("kind").map(|value| super::value::Text::parse(keys, "kind", value, columns)).transpose()?;
        template.kind = kind.or(template.kind);
        if template.kind.is_none() {
            return Err(keys.error("kind", "is missing here and in [touchpoint]; say what happened, or skip"));
        }
        Ok(template)
    }
}

impl Condition {
    fn parse(mut keys: Keys<'_>, columns: &mut Columns) -> Result<Self, MappingError> {
        let cell = Cell::take(&mut keys, "column", columns)?;
        let one_of = keys.texts("one_of")?;
        let tests = [
            keys.text("starts_with")?.map(Test::StartsWith),
            keys.text("ends_with")?.map(Test::EndsWith),
            keys.text("equals")?.map(|text| Test::OneOf(vec![text])),
            (!one_of.is_empty()).then_some(Test::OneOf(one_of)),
            keys.flag("empty")?.map(Test::Empty),
            keys.flag("negative")?.map(Test::Negative),
            keys.flag("positive")?.map(Test::Positive),
        ];
        let mut tests = tests.into_iter().flatten();
        let (Some(test), None) = (tests.next(), tests.next()) else {
            let remedy = "one of starts_with, ends_with, equals, one_of, empty, negative, positive; several conditions are a list";
            return Err(keys.error("column", format_args!("needs exactly one test beside it: {remedy}")));
        };
        keys.finish()?;
        Ok(Self { cell, test })
    }

    fn holds(&self, source: &Source<'_>) -> bool {
        let text = self.cell.read(source);
        let number = || Decimal::parse(text);
        match &self.test {
            Test::StartsWith(start) => text.starts_with(start.as_str()),
            Test::EndsWith(end) => text.ends_with(end.as_str()),
            Test::OneOf(texts) => texts.iter().any(|one| one == text),
            Test::Empty(expected) => text.is_empty() == *expected,
            Test::Negative(expected) => number().is_ok_and(|number| (number.0 < 0) == *expected),
            Test::Positive(expected) => number().is_ok_and(|number| (number.0 > 0) == *expected),
        }
    }
}

fn nearest(path: &str, template: &Template) -> String {
    suggestion(path, template.paths())
}
