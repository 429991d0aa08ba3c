//! Comparisons, and those with a cut of the population.

use super::{
    Checked, Checker, Comparison, ExpressionError, Node, ONE, Syntax, Type, Typed, arguments, expected, measure,
};
use crate::{error::unknown, needs::Quantile, syntax::Part};

impl Checker<'_> {
    pub(super) fn compare(&mut self, comparison: Comparison, left: &Syntax, right: &Syntax) -> Checked<Typed> {
        if let Some(of) = percentile(left)? {
            return self.quantile(comparison, left, of, right);
        }
        if let Some(of) = percentile(right)? {
            return self.quantile(turned(comparison), right, of, left);
        }
        let ((left_node, left_type), (right_node, right_type)) = (self.check(left)?, self.check(right)?);
        if !left_type.fits(&right_type) {
            let hint = hint(&left_type, &right_type);
            let message = format!("a {} cannot be compared with a {}{hint}", left_type.name(), right_type.name());
            return Err(ExpressionError::new(right.at, message));
        }
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if ordered && matches!(left_type, Type::List(_) | Type::Map(_) | Type::Bool) {
            return Err(expected(left, "something that has an order", &left_type));
        }
        if matches!(left_type, Type::List(_) | Type::Map(_)) {
            return Err(ExpressionError::new(left.at, "lists and maps are not compared as a whole; use `in` or a key"));
        }
        consent(&left_node, right)?;
        consent(&right_node, left)?;
        Ok((Node::Compare(comparison, Box::new(left_node), Box::new(right_node)), Type::Bool))
    }

    fn quantile(&mut self, comparison: Comparison, at: &Syntax, of: &Syntax, part: &Syntax) -> Checked<Typed> {
        let below = match comparison {
            Comparison::GreaterOrEqual => false,
            Comparison::Less => true,
            _ => return Err(ExpressionError::new(at.at, "a percentile is compared by >= (at or above) or < (below)")),
        };
        let Part::Number(part) = &part.part else {
            return Err(ExpressionError::new(part.at, "expected a number from 0 to 1, written out, such as 0.9"));
        };
        if part.0 < 0 || *part > ONE {
            return Err(ExpressionError::new(at.at, "a percentile is a number from 0 to 1, such as 0.9"));
        }
        let program = measure(of, self.schema)?;
        if !program.needs.quantiles.is_empty() || !program.needs.segments.is_empty() {
            return Err(ExpressionError::new(
                of.at,
                "what a percentile is taken of names no percentile and no segment",
            ));
        }
        self.take_over(&program);
        let node = self.number(of)?;
        let quantile = Quantile { measure: program, part: *part };
        let key = quantile.key();
        if !self.needs.quantiles.contains(&quantile) {
            self.needs.quantiles.push(quantile);
        }
        Ok((Node::Quantile { measure: Box::new(node), key, below }, Type::Bool))
    }

    fn take_over(&mut self, program: &crate::program::Program) {
        self.needs.join(&program.needs);
    }
}

fn percentile(syntax: &Syntax) -> Checked<Option<&Syntax>> {
    match &syntax.part {
        Part::Call(None, name, given) if name == "percentile" => {
            arguments::<1>(syntax, name, given, "percentile(NUMBER) >= 0.9")?;
            Ok(given.first())
        }
        _ => Ok(None),
    }
}

fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn hint(left: &Type, right: &Type) -> &'static str {
    match (left, right) {
        (Type::Instant, Type::Text) | (Type::Text, Type::Instant) => "; write timestamp(\"2026-03-01T00:00:00Z\")",
        (Type::Span, Type::Text) | (Type::Text, Type::Span) => "; write duration(\"90d\")",
        (Type::Map(_), _) | (_, Type::Map(_)) => "; name a key, such as metrics.net[\"EUR\"]",
        _ => "",
    }
}

/// A consent is one of two words.
fn consent(node: &Node, word: &Syntax) -> Checked<()> {
    let Node::Consent(_) = node else { return Ok(()) };
    match &word.part {
        Part::Text(text) if !["granted", "denied"].contains(&text.as_str()) => {
            let message = unknown("the consent", text, ["granted", "denied"].into_iter());
            Err(ExpressionError::new(word.at, message))
        }
        _ => Ok(()),
    }
}
