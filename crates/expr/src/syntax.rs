//! The parsed form of an expression, free of the parser's own types, and its canonical text.

use types::ExactSum;

/// A part of an expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Syntax {
    /// In characters from the start.
    pub(crate) at: usize,
    pub(crate) part: Part,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Bool(bool),
    Number(ExactSum),
    Text(String),
    List(Vec<Syntax>),
    Name(String),
    /// `operand.field`
    Select(Box<Syntax>, String),
    /// `has(operand.field)`
    Has(Box<Syntax>, String),
    /// A call, of an operator too; with the value that it is called on.
    Call(Option<Box<Syntax>>, String, Vec<Syntax>),
}

impl Syntax {
    /// Number of parts.
    pub(crate) fn parts(&self) -> usize {
        1 + match &self.part {
            Part::Bool(_) | Part::Number(_) | Part::Text(_) | Part::Name(_) => 0,
            Part::List(parts) => parts.iter().map(Self::parts).sum(),
            Part::Select(operand, _) | Part::Has(operand, _) => operand.parts(),
            Part::Call(target, _, arguments) => {
                target.iter().map(|target| target.parts()).sum::<usize>()
                    + arguments.iter().map(Self::parts).sum::<usize>()
            }
        }
    }
}

impl std::fmt::Display for Syntax {
    /// One text for all spellings that differ in spaces and brackets only.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.part {
            Part::Bool(truth) => write!(out, "{truth}"),
            Part::Number(number) => write!(out, "{}", number.to_text()),
            Part::Text(text) => write!(out, "{text:?}"),
            Part::Name(name) => write!(out, "{name}"),
            Part::List(parts) => write!(out, "[{}]", listed(parts)),
            Part::Select(operand, field) => write!(out, "{}.{field}", bracketed(operand)),
            Part::Has(operand, field) => write!(out, "has({}.{field})", bracketed(operand)),
            Part::Call(target, name, arguments) => call(out, target.as_deref(), name, arguments),
        }
    }
}

fn call(
    out: &mut std::fmt::Formatter<'_>,
    target: Option<&Syntax>,
    name: &str,
    arguments: &[Syntax],
) -> std::fmt::Result {
    match (target, arguments) {
        (Some(target), _) => write!(out, "{}.{name}({})", bracketed(target), listed(arguments)),
        (None, [operand]) if name == "!_" || name == "-_" => write!(out, "{}{}", &name[..1], bracketed(operand)),
        (None, [left, right]) if name == "_[_]" => write!(out, "{}[{right}]", bracketed(left)),
        (None, [left, right]) if operator(name).is_some() => {
            write!(out, "{} {} {}", bracketed(left), operator(name).unwrap_or(name), bracketed(right))
        }
        (None, [condition, one, other]) if name == "_?_:_" => {
            write!(out, "{} ? {} : {}", bracketed(condition), bracketed(one), bracketed(other))
        }
        _ => write!(out, "{name}({})", listed(arguments)),
    }
}

/// The sign of a binary operator.
fn operator(name: &str) -> Option<&str> {
    if name == "@in" {
        return Some("in");
    }
    name.strip_prefix('_')?.strip_suffix('_').filter(|sign| !sign.is_empty() && !sign.contains(['[', '?']))
}

fn bracketed(part: &Syntax) -> String {
    match &part.part {
        Part::Call(None, name, _) if operator(name).is_some() || name == "_?_:_" => format!("({part})"),
        _ => part.to_string(),
    }
}

fn listed(parts: &[Syntax]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
