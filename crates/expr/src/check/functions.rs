//! Functions that are called on nothing: `segment("x")`, `sequence(…)`, `anniversary(…)`, `net("365d")`.

use std::sync::Arc;

use super::{
    Checked, Checker, ExpressionError, Node, ROOTS, Source, Syntax, Type, Typed, Value, expected, literal_span,
    literal_text,
};
use crate::{
    element,
    error::unknown,
    limits::STEPS_MAX,
    moving::Moving,
    program::{Aggregate, Limit, Set, Step, Which},
    syntax::Part,
};

impl Checker<'_> {
    pub(super) fn global(&mut self, syntax: &Syntax, name: &str, given: &[Syntax]) -> Checked<Typed> {
        match (name, given) {
            ("duration", [text]) => Ok((Node::Constant(duration(text)?), Type::Span)),
            ("timestamp", [text]) => Ok((Node::Constant(timestamp(text)?), Type::Instant)),
            ("segment", [segment]) => self.segment(segment),
            ("sequence", steps) if !steps.is_empty() => self.sequence(syntax, steps),
            ("anniversary", [date, span]) => self.anniversary(date, span),
            ("net", [span]) => self.net(syntax, span),
            ("touchpoints" | "orders", _) => Err(ExpressionError::new(
                syntax.at,
                format!("`{name}(…)` is a set; ask something of it, such as `.count()` or `.last().occurred_at`"),
            )),
            ("percentile", _) => Err(ExpressionError::new(syntax.at, "write `percentile(NUMBER) >= 0.9`")),
            ("not", _) => {
                Err(ExpressionError::new(syntax.at, "`not(SET)` stands in a sequence alone; elsewhere write `!`"))
            }
            _ if ROOTS.contains(&name) => Err(form(syntax, name)),
            _ => Err(ExpressionError::new(syntax.at, unknown("the function", name, ROOTS.iter().copied()))),
        }
    }

    fn segment(&mut self, syntax: &Syntax) -> Checked<Typed> {
        let name = literal_text(syntax, "the name of a segment")?;
        if !self.schema.segments.contains(name) {
            let message = unknown("the segment", name, self.schema.segments.iter().map(String::as_str));
            return Err(ExpressionError::new(syntax.at, message));
        }
        self.needs.segments.insert(name.to_owned());
        Ok((Node::Segment(name.to_owned()), Type::Bool))
    }

    /// SET, then ("GAP", SET or not(SET)) again and again.
    fn sequence(&mut self, syntax: &Syntax, given: &[Syntax]) -> Checked<Typed> {
        let mut steps = Vec::new();
        let Some((first, rest)) = given.split_first() else { return Err(form(syntax, "sequence")) };
        steps.push(self.step(first, 0)?);
        for pair in rest.chunks(2) {
            let [gap, set] = pair else { return Err(form(syntax, "sequence")) };
            let gap = literal_span(gap)?;
            steps.push(self.step(set, gap)?);
        }
        if steps.len() < 2 || steps.len() > STEPS_MAX || steps.first().is_some_and(|step| step.absent) {
            let message = format!("a sequence has 2 to {STEPS_MAX} steps, and the first is no `not(…)`");
            return Err(ExpressionError::new(syntax.at, message));
        }
        self.needs.clock = true;
        steps.iter().for_each(|step| self.asks(&step.set, false));
        Ok((self.shared(syntax, Node::Sequence(steps)), Type::Bool))
    }

    fn step(&mut self, syntax: &Syntax, gap: i64) -> Checked<Step> {
        let (inner, absent) = match &syntax.part {
            Part::Call(None, name, given) if name == "not" => match given.as_slice() {
                [inner] => (inner, true),
                _ => return Err(form(syntax, "sequence")),
            },
            _ => (syntax, false),
        };
        match self.set(inner)? {
            Some(set) => Ok(Step { set: Arc::new(set), gap, absent }),
            None => Err(ExpressionError::new(inner.at, "expected a set such as touchpoints(\"product_added\")")),
        }
    }

    fn anniversary(&mut self, date: &Syntax, span: &Syntax) -> Checked<Typed> {
        let (node, ty) = self.check(date)?;
        if !matches!(ty, Type::Text | Type::Instant | Type::Dynamic) {
            return Err(expected(date, "a date such as traits.birthday", &ty));
        }
        self.needs.clock = true;
        Ok((Node::Anniversary(Box::new(node), literal_span(span)?), Type::Bool))
    }

    /// The net of all orders bought within a span: orders().within(SPAN).sum(o, o.net).
    fn net(&mut self, syntax: &Syntax, span: &Syntax) -> Checked<Typed> {
        self.count_set(syntax)?;
        self.needs.orders = true;
        self.needs.clock = true;
        let limits = vec![Limit::Within(literal_span(span)?)];
        let set = Set { limits, ..Set::of(Source::Orders) };
        let field = element::of_orders().into_iter().find(|field| field.name == "net");
        let field = field.ok_or_else(|| ExpressionError::new(syntax.at, "orders have no net"))?;
        let value = Node::Field(Which::Bound, Arc::new(field));
        let node = Node::Aggregate(Aggregate::Sum, Arc::new(set), Some(Box::new(value)));
        Ok((self.shared(syntax, node), Type::Number))
    }
}

fn duration(syntax: &Syntax) -> Checked<Value> {
    let text = literal_text(syntax, "a length of time such as \"90d\"")?;
    let micros = crate::span::parse(text).map_err(|message| ExpressionError::new(syntax.at, message))?;
    Ok(Value::Span(Moving::fixed(micros)))
}

fn timestamp(syntax: &Syntax) -> Checked<Value> {
    let text = literal_text(syntax, "a time such as \"2026-03-01T09:30:00Z\"")?;
    let at = types::Micros::parse_rfc3339(text).map_err(|message| ExpressionError::new(syntax.at, message))?;
    Ok(Value::of_instant(at))
}

fn form(syntax: &Syntax, name: &str) -> ExpressionError {
    let written = match name {
        "sequence" => "sequence(touchpoints(\"a\"), \"2h\", touchpoints(\"b\"), \"1d\", not(touchpoints(\"c\")))",
        "anniversary" => "anniversary(traits.birthday, \"7d\")",
        "net" => "net(\"365d\")",
        "segment" => "segment(\"name\")",
        "duration" => "duration(\"90d\")",
        "timestamp" => "timestamp(\"2026-03-01T09:30:00Z\")",
        _ => return ExpressionError::new(syntax.at, format!("`{name}` is no function; write `{name}.NAME`")),
    };
    ExpressionError::new(syntax.at, format!("`{name}` is written as `{written}`"))
}
