//! Operators, and which call is what.

use super::{Checked, Checker, Comparison, ExpressionError, Node, Syntax, Type, Typed, Value, arguments, expected};
use crate::{program::Operation, syntax::Part};

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        syntax: &Syntax,
        target: Option<&Syntax>,
        name: &str,
        given: &[Syntax],
    ) -> Checked<Typed> {
        match (target, name, given) {
            (None, "_&&_", [left, right]) => self.logic(left, right, Node::And),
            (None, "_||_", [left, right]) => self.logic(left, right, Node::Or),
            (None, "!_", [operand]) => Ok((Node::Not(Box::new(self.condition(operand)?)), Type::Bool)),
            (None, "-_", [operand]) => self.negate(operand),
            (None, "_?_:_", [condition, one, other]) => self.choice(condition, one, other),
            (None, "@in", [value, list]) => self.contained(value, list),
            (None, "_[_]", [operand, key]) => self.index(syntax, operand, key),
            (None, _, [left, right]) => match (comparison(name), operation(name)) {
                (Some(comparison), _) => self.compare(comparison, left, right),
                (_, Some(operation)) => self.arithmetic(syntax, operation, left, right),
                _ => self.function(syntax, name, given),
            },
            (None, _, _) => self.function(syntax, name, given),
            (Some(target), _, _) => self.method(syntax, target, name, given),
        }
    }

    fn logic(&mut self, left: &Syntax, right: &Syntax, join: fn(Box<Node>, Box<Node>) -> Node) -> Checked<Typed> {
        Ok((join(Box::new(self.condition(left)?), Box::new(self.condition(right)?)), Type::Bool))
    }

    fn choice(&mut self, condition: &Syntax, one: &Syntax, other: &Syntax) -> Checked<Typed> {
        let condition = self.condition(condition)?;
        let ((one_node, one_type), (other_node, other_type)) = (self.check(one)?, self.check(other)?);
        if !one_type.fits(&other_type) {
            return Err(expected(other, &format!("a {} as in the other case", one_type.name()), &other_type));
        }
        Ok((Node::If(Box::new(condition), Box::new(one_node), Box::new(other_node)), one_type))
    }

    fn contained(&mut self, value: &Syntax, list: &Syntax) -> Checked<Typed> {
        let ((value_node, value_type), (list_node, list_type)) = (self.check(value)?, self.check(list)?);
        let element = match &list_type {
            Type::List(element) => element.as_ref().clone(),
            Type::Map(_) => Type::Text,
            Type::Dynamic => Type::Dynamic,
            other => return Err(expected(list, "a list", other)),
        };
        if !value_type.fits(&element) {
            return Err(expected(value, &format!("a {} as in the list", element.name()), &value_type));
        }
        Ok((Node::In(Box::new(value_node), Box::new(list_node)), Type::Bool))
    }

    fn index(&mut self, syntax: &Syntax, operand: &Syntax, key: &Syntax) -> Checked<Typed> {
        if let (Part::Name(_), Part::Text(name)) = (&operand.part, &key.part)
            && matches!(&operand.part, Part::Name(root) if ["traits", "metrics", "consents"].contains(&root.as_str()))
        {
            return self.select(syntax, operand, name);
        }
        let (node, ty) = self.check(operand)?;
        let key = self.of_type(key, &Type::Text, "a key, which is a text")?;
        match ty {
            Type::Map(value) => Ok((Node::Entry(Box::new(node), Box::new(key)), *value)),
            Type::Dynamic => Ok((Node::Entry(Box::new(node), Box::new(key)), Type::Dynamic)),
            other => Err(expected(operand, "a map", &other)),
        }
    }

    fn negate(&mut self, operand: &Syntax) -> Checked<Typed> {
        let (node, ty) = self.check(operand)?;
        let zero = match ty {
            Type::Number | Type::Dynamic => Value::Number(types::ExactSum(0)),
            Type::Span => Value::Span(crate::moving::Moving::fixed(0)),
            other => return Err(expected(operand, "a number or a length of time", &other)),
        };
        Ok((Node::Arithmetic(Operation::Subtract, Box::new(Node::Constant(zero)), Box::new(node)), ty))
    }

    fn arithmetic(&mut self, syntax: &Syntax, operation: Operation, left: &Syntax, right: &Syntax) -> Checked<Typed> {
        let ((left_node, left_type), (right_node, right_type)) = (self.check(left)?, self.check(right)?);
        let Some(ty) = result(operation, &left_type, &right_type) else {
            let message = format!("a {} and a {} cannot be reckoned so", left_type.name(), right_type.name());
            return Err(ExpressionError::new(syntax.at, message));
        };
        Ok((Node::Arithmetic(operation, Box::new(left_node), Box::new(right_node)), ty))
    }

    fn function(&mut self, syntax: &Syntax, name: &str, given: &[Syntax]) -> Checked<Typed> {
        match name {
            "size" => {
                arguments::<1>(syntax, name, given, "size(LIST)")?;
                given.first().map_or_else(|| Err(ExpressionError::new(syntax.at, "size of what?")), |of| self.size(of))
            }
            _ => self.global(syntax, name, given),
        }
    }
}

/// The type of a result; `None` where two types do not go together.
fn result(operation: Operation, left: &Type, right: &Type) -> Option<Type> {
    use Operation::{Add, Divide, Multiply, Subtract};
    Some(match (operation, left, right) {
        (_, Type::Number | Type::Dynamic, Type::Number | Type::Dynamic) => Type::Number,
        (Add | Subtract, Type::Instant, Type::Span) | (Add, Type::Span, Type::Instant) => Type::Instant,
        (Subtract, Type::Instant, Type::Instant) | (Add | Subtract, Type::Span, Type::Span) => Type::Span,
        (Multiply | Divide, _, _) | (Add | Subtract, _, _) => return None,
    })
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "_==_" => Comparison::Equal,
        "_!=_" => Comparison::NotEqual,
        "_<_" => Comparison::Less,
        "_<=_" => Comparison::LessOrEqual,
        "_>_" => Comparison::Greater,
        "_>=_" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "_+_" => Operation::Add,
        "_-_" => Operation::Subtract,
        "_*_" => Operation::Multiply,
        "_/_" => Operation::Divide,
        _ => return None,
    })
}
