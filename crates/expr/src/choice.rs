//! What a touchpoint has to be to be in a set: of some kinds, and, where the set's conditions say so, with one of some values in a
//! field. What is not cannot change what is asked of the set.

use std::{collections::BTreeSet, sync::Arc};

use types::record::Touchpoint;

use crate::{
    element::{Field, Read},
    program::{Comparison, Node, Set, Source, Which},
    schema::Type,
    value::Value,
};

/// What touchpoints a set takes. It may take fewer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// Their kinds; any where none is named.
    pub kinds: BTreeSet<String>,
    /// What each of them has in a field; anything where there is no such condition.
    pub key: Option<Key>,
}

/// A field of touchpoints and the texts of which it must have one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Name of the field.
    pub field: &'static str,
    /// The texts; with none, no touchpoint is taken.
    pub values: BTreeSet<Arc<str>>,
}

impl Choice {
    /// What a set takes; `None` for one of orders.
    pub(crate) fn of(set: &Set) -> Option<Self> {
        let Source::Touchpoints(kinds) = &set.source else { return None };
        let mut keys = Vec::new();
        set.conditions.iter().for_each(|condition| collect(condition, &mut keys));
        // Any of them would do: the one with the fewest values says most.
        let key = keys.into_iter().min_by_key(|key| key.values.len());
        Some(Self { kinds: kinds.clone(), key })
    }
}

/// The keys without which a condition is not true.
fn collect(condition: &Node, keys: &mut Vec<Key>) {
    match condition {
        Node::Condition(part) => collect(&part.root, keys),
        Node::And(left, right) => {
            collect(left, keys);
            collect(right, keys);
        }
        Node::Compare(Comparison::Equal, left, right) => {
            let sides = [(left, right), (right, left)];
            keys.extend(sides.into_iter().find_map(|(field, text)| key(field, &Type::Text, [text.as_ref()])));
        }
        Node::In(one, of) => match of.as_ref() {
            Node::List(texts) => keys.extend(key(one, &Type::Text, texts)),
            _ => keys.extend(key(of, &Type::List(Box::new(Type::Text)), [one.as_ref()])),
        },
        _ => {}
    }
}

/// That a field of the bound element, of this type, is or has one of these; `None` if one of the nodes is something else.
fn key<'a>(field: &Node, ty: &Type, texts: impl IntoIterator<Item = &'a Node>) -> Option<Key> {
    let Node::Field(Which::Bound, field) = field else { return None };
    let text = |node: &Node| match node {
        Node::Constant(value) => as_text(value),
        _ => None,
    };
    let values = texts.into_iter().map(text).collect::<Option<_>>()?;
    (field.ty == *ty).then_some(Key { field: field.name, values })
}

impl Field {
    /// The texts that a touchpoint has in this field, by one of which a key may know it.
    pub fn texts(&self, touchpoint: &Touchpoint) -> Vec<Arc<str>> {
        let Read::Touchpoint(read) = self.read else { return Vec::new() };
        match read(touchpoint) {
            Value::Text(text) => vec![text],
            Value::List(values) => values.iter().filter_map(as_text).collect(),
            _ => Vec::new(),
        }
    }
}

fn as_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) => Some(Arc::clone(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Schema, compile};

    fn choices(source: &str) -> Vec<Choice> {
        let kinds = ["product_viewed", "order_completed"].map(str::to_owned).into();
        let schema = Schema { kinds, ..Schema::default() };
        compile(source, &schema).unwrap().needs.choices.into_iter().collect()
    }

    fn keys(source: &str) -> Vec<Option<String>> {
        let text =
            |key: Key| format!("{} {}", key.field, key.values.iter().map(|one| &**one).collect::<Vec<_>>().join("|"));
        choices(source).into_iter().map(|choice| choice.key.map(text)).collect()
    }

    #[test]
    fn keys_are_what_a_condition_cannot_be_true_without() {
        let key = |condition: &str| {
            let all = keys(&format!(r#"touchpoints("product_viewed").where(t, {condition}).within("3d").count() > 1"#));
            assert_eq!(all.len(), 1, "{condition}");
            all.into_iter().next().unwrap()
        };
        for (condition, found) in [
            (r#"t.store == "a""#, Some("store a")),
            (r#""a" == t.store"#, Some("store a")),
            (r#"t.store in ["b", "a"]"#, Some("store a|b")),
            (r#""x" in t.products"#, Some("products x")),
            (r#"t.store in ["b", "a"] && "x" in t.products && t.net > 3"#, Some("products x")),
            (r#"t.net > 3 && t.store == "a""#, Some("store a")),
            (r#"t.store != "a""#, None),
            (r#"!(t.store == "a")"#, None),
            (r#"t.store == "a" || t.net > 3"#, None),
            (r#"t.store == t.zone"#, None),
            (r#"t.store in [t.zone, "a"]"#, None),
            (r#"t.store.lowerAscii() == "a""#, None),
            (r#"t.properties.a == "a""#, None),
            (r#""a" in t.properties"#, None),
            (r#"t.net == 3"#, None),
        ] {
            assert_eq!(key(condition).as_deref(), found, "{condition}");
        }
    }

    #[test]
    fn each_set_has_its_own_choice() {
        let both = choices(
            r#"sequence(touchpoints("product_viewed").where(t, "x" in t.products), "2h", not(touchpoints("order_completed")))"#,
        );
        let keyed: Vec<(Vec<&str>, bool)> =
            both.iter().map(|one| (one.kinds.iter().map(String::as_str).collect(), one.key.is_some())).collect();
        assert_eq!(keyed, [(vec!["order_completed"], false), (vec!["product_viewed"], true)]);
        assert_eq!(
            keys(r#"touchpoints().where(t, t.kind == "visit").where(t, t.store == "a").count() > 0"#),
            [Some("kind visit".to_owned())]
        );
        assert_eq!(keys(r#"touchpoints("product_viewed").where(t, t.store == "a").last().net > 3"#).len(), 1);
        assert_eq!(keys(r#"touchpoints("product_viewed").count() > 3"#), [None]);
        assert_eq!(keys(r#"orders().where(o, o.store == "a").count() > 3"#), []);
    }
}
