//! From text to syntax: bounds first, then the CEL parser of the crate `cel`, then our own form.
//!
//! The bounds are checked on the bare text, because the parser recurses with what it reads.

use cel::{
    common::ast::{Expr, IdedExpr, LiteralValue, SourceInfo},
    parser::Parser,
};

use crate::{
    error::ExpressionError,
    limits::{EXPRESSION_BYTES_MAX, NESTING_MAX, PARTS_MAX, ROW_MAX},
    number,
    syntax::{Part, Syntax},
};

mod bounds;

/// Parses an expression.
///
/// # Errors
/// Where it is too large or no CEL, or uses a part of CEL that the language leaves out.
pub(crate) fn parse(source: &str) -> Result<Syntax, ExpressionError> {
    bounds::check(source)?;
    let parser = Parser::new().max_recursion_depth(RECURSION_MAX).error_recovery_limit(0);
    let (parsed, places) =
        parser.parse_with_source_info(source).map_err(|errors| first_error(&errors.errors, source))?;
    let syntax = Reader { places, source }.read(parsed)?;
    let parts = syntax.parts();
    if parts > PARTS_MAX {
        return Err(ExpressionError::new(0, format!("the expression has {parts} parts, at most {PARTS_MAX} are read")));
    }
    Ok(syntax)
}

/// The parser counts a level for each of its grammar's rules.
const RECURSION_MAX: u16 = 512;

fn first_error(errors: &[cel::parser::ParseError], source: &str) -> ExpressionError {
    let Some(error) = errors.first() else { return ExpressionError::new(0, "this is no CEL expression") };
    let line = usize::try_from(error.pos.0).unwrap_or(1).max(1);
    let column = usize::try_from(error.pos.1).unwrap_or(1).max(1);
    let before = source.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum::<usize>();
    let said = error.msg.lines().next().unwrap_or_default();
    ExpressionError::new(before + column - 1, format!("this is no CEL expression: {said}"))
}

struct Reader<'a> {
    places: SourceInfo,
    source: &'a str,
}

impl Reader<'_> {
    /// The parser counts bytes, an error's place is in characters.
    fn place(&self, id: u64) -> Option<usize> {
        let (start, _) = self.places.offset_for(id)?;
        Some(self.source.get(..usize::try_from(start).ok()?)?.chars().count())
    }

    fn read(&self, parsed: IdedExpr) -> Result<Syntax, ExpressionError> {
        let at = self.start(&parsed.expr, self.place(parsed.id).unwrap_or(0));
        let part = match parsed.expr {
            Expr::Literal(literal) => literal_part(&literal, at)?,
            Expr::Ident(name) => Part::Name(name),
            Expr::List(list) => Part::List(self.read_all(list.elements)?),
            Expr::Select(select) if select.test => Part::Has(Box::new(self.read(*select.operand)?), select.field),
            Expr::Select(select) => Part::Select(Box::new(self.read(*select.operand)?), select.field),
            Expr::Call(call) => {
                let target = call.target.map(|target| self.read(*target)).transpose()?;
                Part::Call(target.map(Box::new), call.func_name, self.read_all(call.args)?)
            }
            Expr::Comprehension(comprehension) => {
                let of = self.read(comprehension.iter_range)?;
                return Err(ExpressionError::new(
                    of.at,
                    "all, exists, exists_one, filter and map are not there; of touchpoints write \
                     `.where(t, CONDITION).count() > 0`, of a list `\"value\" in LIST`",
                ));
            }
            Expr::Map(_) => return Err(left_out(at, "maps")),
            Expr::Struct(_) => return Err(left_out(at, "messages")),
            Expr::Unspecified => return Err(ExpressionError::new(at, "this is no CEL expression")),
        };
        Ok(Syntax { at, part })
    }

    /// The parser names the bracket of a call and the point of a field; people look at the name.
    fn start(&self, parsed: &Expr, at: usize) -> usize {
        let here = self.source.chars().nth(at);
        match parsed {
            Expr::Call(call) if here == Some('(') => at.saturating_sub(call.func_name.chars().count()),
            Expr::Select(_) if here == Some('.') => at + 1,
            _ => at,
        }
    }

    fn read_all(&self, parsed: Vec<IdedExpr>) -> Result<Vec<Syntax>, ExpressionError> {
        parsed.into_iter().map(|part| self.read(part)).collect()
    }
}

fn left_out(at: usize, what: &str) -> ExpressionError {
    ExpressionError::new(at, format!("{what} cannot be written in this language"))
}

fn literal_part(literal: &LiteralValue, at: usize) -> Result<Part, ExpressionError> {
    let number = |read: Option<types::ExactSum>| {
        read.map(Part::Number).ok_or_else(|| ExpressionError::new(at, "a number beyond ±10^15 is not read"))
    };
    match literal {
        LiteralValue::Boolean(truth) => Ok(Part::Bool(*truth.inner())),
        LiteralValue::String(text) => Ok(Part::Text(text.inner().to_owned())),
        LiteralValue::Int(whole) => number((whole.unsigned_abs() <= WHOLE_MAX).then(|| number::whole(*whole.inner()))),
        LiteralValue::UInt(whole) => {
            let whole = i64::try_from(*whole.inner()).ok().filter(|whole| whole.unsigned_abs() <= WHOLE_MAX);
            number(whole.map(number::whole))
        }
        LiteralValue::Double(float) => number(number::of_f64(*float.inner())),
        LiteralValue::Null => Err(ExpressionError::new(at, "null is not there; write `has(traits.name)` or `!has(…)`")),
        LiteralValue::Bytes(_) => Err(ExpressionError::new(at, "bytes cannot be written in this language")),
    }
}

const WHOLE_MAX: u64 = 1_000_000_000_000_000;

#[cfg(test)]
mod tests;
