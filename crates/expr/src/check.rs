//! From syntax to program: names against the schema, types against each other, limits.

use std::sync::Arc;

use types::ExactSum;

use crate::{
    choice::Choice,
    element::{self, Field},
    error::{ExpressionError, unknown},
    limits::SETS_MAX,
    memo::Shared,
    needs::Needs,
    parse::parse,
    program::{Comparison, Node, Program, Set, Source, Typed, Which},
    schema::{Schema, Type},
    syntax::{Part, Syntax},
    value::Value,
};

mod comparison;
mod functions;
mod methods;
mod operators;
mod sets;

/// Compiles a condition: an expression that is true or false of a customer.
///
/// # Errors
/// With the place, what is wrong there and what would be right.
pub fn compile(source: &str, schema: &Schema) -> Result<Program, ExpressionError> {
    let syntax = parse(source)?;
    let mut checker = Checker::new(schema);
    let root = checker.condition(&syntax)?;
    Ok(checker.program(root, &syntax))
}

/// Compiles a measure: an expression that is a number for a customer.
///
/// # Errors
/// As `compile`.
pub fn compile_number(source: &str, schema: &Schema) -> Result<Program, ExpressionError> {
    let syntax = parse(source)?;
    let mut checker = Checker::new(schema);
    let root = checker.number(&syntax)?;
    Ok(checker.program(root, &syntax))
}

type Checked<T> = Result<T, ExpressionError>;

pub(crate) struct Checker<'a> {
    schema: &'a Schema,
    needs: Needs,
    sets: usize,
    /// The name that stands for an element inside a set's condition, and where the element comes from.
    bound: Option<(String, Source)>,
    of_touchpoints: Vec<Arc<Field>>,
    of_orders: Vec<Arc<Field>>,
}

impl<'a> Checker<'a> {
    fn new(schema: &'a Schema) -> Self {
        let shared = |fields: Vec<Field>| fields.into_iter().map(Arc::new).collect();
        Self {
            schema,
            needs: Needs::default(),
            sets: 0,
            bound: None,
            of_touchpoints: shared(element::of_touchpoints()),
            of_orders: shared(element::of_orders()),
        }
    }

    fn program(self, root: Node, syntax: &Syntax) -> Program {
        Program { root: Arc::new(root), text: syntax.to_string().into(), needs: self.needs }
    }

    /// Something true or false. Outside a set it is a program of its own, with its text and its needs.
    fn condition(&mut self, syntax: &Syntax) -> Checked<Node> {
        let outer = std::mem::take(&mut self.needs);
        let checked = self.check(syntax);
        let needs = std::mem::replace(&mut self.needs, outer);
        self.needs.join(&needs);
        let (node, ty) = checked?;
        if !ty.fits(&Type::Bool) {
            return Err(expected(syntax, "something true or false", &ty));
        }
        let logic = matches!(node, Node::And(..) | Node::Or(..) | Node::Not(..) | Node::Condition(..));
        if logic || self.bound.is_some() {
            return Ok(node);
        }
        Ok(Node::Condition(Box::new(Program { root: Arc::new(node), text: syntax.to_string().into(), needs })))
    }

    fn number(&mut self, syntax: &Syntax) -> Checked<Node> {
        self.of_type(syntax, &Type::Number, "a number")
    }

    fn of_type(&mut self, syntax: &Syntax, wanted: &Type, words: &str) -> Checked<Node> {
        let (node, ty) = self.check(syntax)?;
        if ty.fits(wanted) { Ok(node) } else { Err(expected(syntax, words, &ty)) }
    }

    fn check(&mut self, syntax: &Syntax) -> Checked<Typed> {
        match &syntax.part {
            Part::Bool(truth) => Ok((Node::Constant(Value::Bool(*truth)), Type::Bool)),
            Part::Number(number) => Ok((Node::Constant(Value::Number(*number)), Type::Number)),
            Part::Text(text) => Ok((Node::Constant(Value::Text(text.as_str().into())), Type::Text)),
            Part::List(parts) => self.list(parts),
            Part::Name(name) => self.name(syntax, name),
            Part::Select(operand, field) => self.select(syntax, operand, field),
            Part::Has(operand, field) => {
                let (node, _) = self.select(syntax, operand, field)?;
                Ok((Node::Has(Box::new(node)), Type::Bool))
            }
            Part::Call(target, name, arguments) => self.call(syntax, target.as_deref(), name, arguments),
        }
    }

    fn list(&mut self, parts: &[Syntax]) -> Checked<Typed> {
        let mut ty = Type::Dynamic;
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            let (node, own) = self.check(part)?;
            if !own.fits(&ty) {
                return Err(ExpressionError::new(
                    part.at,
                    format!("a list has values of one type; this is a {}, the first a {}", own.name(), ty.name()),
                ));
            }
            ty = own;
            nodes.push(node);
        }
        Ok((Node::List(nodes), Type::List(Box::new(ty))))
    }

    fn name(&mut self, syntax: &Syntax, name: &str) -> Checked<Typed> {
        let refuse = |message: String| Err(ExpressionError::new(syntax.at, message));
        match name {
            "now" => {
                self.needs.clock = true;
                Ok((Node::Now, Type::Instant))
            }
            "identifiers" => {
                self.needs.identifiers = true;
                Ok((Node::Identifiers, Type::List(Box::new(Type::Text))))
            }
            "traits" | "metrics" | "consents" => refuse(format!("`{name}` needs a name: `{name}.NAME`")),
            _ if self.bound.as_ref().is_some_and(|(bound, _)| bound == name) => {
                refuse(format!("`{name}` is a whole element; name a field of it: `{name}.store`"))
            }
            _ => refuse(unknown("the name", name, ROOTS.iter().copied())),
        }
    }

    fn select(&mut self, syntax: &Syntax, operand: &Syntax, field: &str) -> Checked<Typed> {
        if let Part::Name(root) = &operand.part {
            match root.as_str() {
                "traits" => {
                    self.needs.traits.insert(field.to_owned());
                    return Ok((Node::Trait(field.to_owned()), Type::Dynamic));
                }
                "consents" => {
                    self.needs.consents = true;
                    return Ok((Node::Consent(field.to_owned()), Type::Text));
                }
                "metrics" => return self.metric(syntax, field),
                _ => {}
            }
        }
        if let Some((which, source)) = self.element(operand)? {
            let shared = !matches!(which, Which::Bound);
            let (node, ty) = self.field(syntax, which, &source, field)?;
            return Ok((if shared { self.shared(syntax, node) } else { node }, ty));
        }
        let (node, ty) = self.check(operand)?;
        let key = Node::Constant(Value::Text(field.into()));
        match ty {
            Type::Map(value) => Ok((Node::Entry(Box::new(node), Box::new(key)), *value)),
            Type::Dynamic => Ok((Node::Entry(Box::new(node), Box::new(key)), Type::Dynamic)),
            other => Err(ExpressionError::new(syntax.at, format!("a {} has no field `{field}`", other.name()))),
        }
    }

    fn metric(&mut self, syntax: &Syntax, name: &str) -> Checked<Typed> {
        let Some(metric) = self.schema.metrics.get(name) else {
            let message = unknown("the metric", name, self.schema.metrics.keys().map(String::as_str));
            return Err(ExpressionError::new(syntax.at, message));
        };
        self.needs.metrics.insert(name.to_owned());
        Ok((Node::Metric(name.to_owned()), metric.ty.clone()))
    }

    /// A question that is asked of the customer alone, so that equal ones are worked out once.
    fn shared(&mut self, syntax: &Syntax, node: Node) -> Node {
        let text: Arc<str> = syntax.to_string().into();
        self.needs.shared.insert(Arc::clone(&text));
        Node::Shared(Shared::new(text), Box::new(node))
    }

    /// Something is asked of a set; by looking at single members, unless the profile has counted them.
    fn asks(&mut self, set: &Set, counted: bool) {
        self.needs.choices.extend(Choice::of(set));
        if counted {
            self.needs.counts = true;
        } else {
            self.needs.reach = self.needs.reach.max(set.reach());
        }
    }

    /// An element that fields can be read from: the bound one, or the first or last of a set.
    fn element(&mut self, syntax: &Syntax) -> Checked<Option<(Which, Source)>> {
        match &syntax.part {
            Part::Name(name) => {
                let bound = self.bound.as_ref().filter(|(bound, _)| bound == name);
                Ok(bound.map(|(_, source)| (Which::Bound, source.clone())))
            }
            Part::Call(Some(target), name, arguments)
                if matches!(name.as_str(), "first" | "last") && arguments.is_empty() =>
            {
                let Some(set) = self.set(target)? else { return Ok(None) };
                self.asks(&set, false);
                let source = set.source.clone();
                let set = Arc::new(set);
                Ok(Some((if name == "first" { Which::First(set) } else { Which::Last(set) }, source)))
            }
            _ => Ok(None),
        }
    }

    fn field(&mut self, syntax: &Syntax, which: Which, source: &Source, name: &str) -> Checked<Typed> {
        let (fields, what) = match source {
            Source::Touchpoints(_) => (&self.of_touchpoints, "the field of touchpoints"),
            Source::Orders => (&self.of_orders, "the field of orders"),
        };
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            return Err(ExpressionError::new(syntax.at, unknown(what, name, fields.iter().map(|field| field.name))));
        };
        Ok((Node::Field(which, Arc::clone(field)), field.ty.clone()))
    }

    fn count_set(&mut self, syntax: &Syntax) -> Checked<()> {
        self.sets += 1;
        if self.sets > SETS_MAX {
            let message = format!("more than {SETS_MAX} sets of touchpoints; split it into segments");
            return Err(ExpressionError::new(syntax.at, message));
        }
        Ok(())
    }
}

/// Names that stand at the beginning.
const ROOTS: [&str; 14] = [
    "traits",
    "metrics",
    "consents",
    "identifiers",
    "now",
    "touchpoints",
    "orders",
    "segment",
    "sequence",
    "percentile",
    "anniversary",
    "net",
    "duration",
    "timestamp",
];

fn expected(syntax: &Syntax, words: &str, ty: &Type) -> ExpressionError {
    ExpressionError::new(syntax.at, format!("expected {words}, but `{}` is a {}", shortened(syntax), ty.name()))
}

fn shortened(syntax: &Syntax) -> String {
    let text = syntax.to_string();
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}

/// The text of an argument that has to be written out.
fn literal_text<'a>(syntax: &'a Syntax, words: &str) -> Checked<&'a str> {
    match &syntax.part {
        Part::Text(text) => Ok(text),
        _ => Err(ExpressionError::new(syntax.at, format!("expected {words}, written out as a text in quotes"))),
    }
}

/// A length of time that has to be written out, not below zero, in microseconds.
fn literal_span(syntax: &Syntax) -> Checked<i64> {
    let micros = crate::span::parse(literal_text(syntax, "a length of time such as \"90d\"")?);
    let micros = micros.map_err(|message| ExpressionError::new(syntax.at, message))?;
    if micros < 0 { Err(ExpressionError::new(syntax.at, "this length of time is below zero")) } else { Ok(micros) }
}

fn arguments<const N: usize>(syntax: &Syntax, name: &str, given: &[Syntax], form: &str) -> Checked<()> {
    if given.len() == N {
        return Ok(());
    }
    Err(ExpressionError::new(syntax.at, format!("`{name}` takes {N}, not {}: `{form}`", given.len())))
}

/// A measure compiled apart, so that it can be taken of every customer.
fn measure(source: &Syntax, schema: &Schema) -> Checked<Program> {
    let mut checker = Checker::new(schema);
    let root = checker.number(source)?;
    Ok(checker.program(root, source))
}

const ONE: ExactSum = ExactSum(1_000_000_000_000);

#[cfg(test)]
mod tests;
