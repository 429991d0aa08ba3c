//! What a definition must be to get in, seen by itself: names, lengths, what its kind needs.
//!
//! Owns the form in which definitions are kept, so that equal ones have equal bytes. Never looks at what is defined already.

use std::collections::BTreeMap;

use types::{
    kind::is_name,
    limits::{DESCRIPTION_BYTES_MAX, EXPRESSION_BYTES_MAX, TEXT_BYTES_MAX},
    record::{Definition, ProductReference, SegmentDefinition, StoreReference},
};

use crate::{Body, Kind};

/// What is wrong with one field of one definition of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misformed {
    /// Which definition of the set, from 0.
    pub index: usize,
    /// The field within the definition, e.g. `product.brand`.
    pub field: String,
    /// What is wrong, and the remedy.
    pub description: String,
}

/// Texts without the blanks around them.
pub fn trim(definition: &mut Definition) {
    let trim = |text: &mut String| {
        if text.trim().len() < text.len() {
            *text = text.trim().to_owned();
        }
    };
    trim(&mut definition.name);
    match &mut definition.body {
        Some(Body::Product(ProductReference { category, brand, name })) => [category, brand, name].map(trim),
        Some(Body::Store(StoreReference { region, name, format })) => [region, name, format].map(trim),
        Some(Body::Segment(SegmentDefinition { expression, description, display_name })) => {
            [expression, description, display_name].map(trim)
        }
        None => return,
    };
}

/// Everything that is wrong with the definitions of a set, in their order.
pub fn findings(definitions: &[Definition]) -> Vec<Misformed> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    for (index, definition) in definitions.iter().enumerate() {
        let mut add = |field: &str, description: String| {
            found.push(Misformed { index, field: field.to_owned(), description });
        };
        of_one(definition, &mut add);
        if let Some(first) = seen.insert((definition.kind, &definition.name), index)
            && !definition.name.is_empty()
        {
            add("name", format!("definition {first} of the set names the same; name each once"));
        }
    }
    found
}

type Add<'a> = dyn FnMut(&str, String) + 'a;

fn of_one(definition: &Definition, add: &mut Add<'_>) {
    let Some(kind) = Kind::of(definition.kind) else {
        let kinds = Kind::ALL.map(|kind| kind.to_proto().as_str_name()).join(", ");
        return add("kind", format!("give one of {kinds}"));
    };
    of_name(kind, &definition.name, add);
    match &definition.body {
        None if definition.deleted => {}
        None => add(kind.name(), "it is not given; say what it is, or say `deleted`".to_owned()),
        Some(_) if definition.deleted => add("deleted", "what is deleted has no content; leave one out".to_owned()),
        Some(body) if Kind::of_body(body) != kind => {
            add(Kind::of_body(body).name(), format!("the kind is {kind}; give the content of a {kind}"));
        }
        Some(Body::Product(body)) => of_product(body, add),
        Some(Body::Store(body)) => of_store(body, add),
        Some(Body::Segment(body)) => of_segment(body, add),
    }
}

fn of_name(kind: Kind, name: &str, add: &mut Add<'_>) {
    if name.is_empty() {
        add("name", "it is not given; every definition has a name".to_owned());
    } else if kind == Kind::Segment && !is_name(name) {
        let rule = "a segment is named by 1 to 64 lower-case letters, digits and `_`, a letter first";
        add("name", format!("{rule}; what people read may stand in display_name"));
    } else {
        of_text("name", name, TEXT_BYTES_MAX, add);
    }
}

fn of_product(ProductReference { category, brand, name }: &ProductReference, add: &mut Add<'_>) {
    let texts = [("product.category", category), ("product.brand", brand), ("product.name", name)];
    if texts.iter().all(|(_, text)| text.is_empty()) {
        add("product", "nothing is said of it; give category, brand or name, or say `deleted`".to_owned());
    }
    texts.iter().for_each(|(field, text)| of_text(field, text, TEXT_BYTES_MAX, add));
}

fn of_store(StoreReference { region, name, format }: &StoreReference, add: &mut Add<'_>) {
    let texts = [("store.region", region), ("store.name", name), ("store.format", format)];
    if texts.iter().all(|(_, text)| text.is_empty()) {
        add("store", "nothing is said of it; give region, name or format, or say `deleted`".to_owned());
    }
    texts.iter().for_each(|(field, text)| of_text(field, text, TEXT_BYTES_MAX, add));
}

fn of_segment(segment: &SegmentDefinition, add: &mut Add<'_>) {
    let SegmentDefinition { expression, description, display_name } = segment;
    if expression.is_empty() {
        add("segment.expression", "it is not given; say who is in the segment".to_owned());
    }
    of_length("segment.expression", expression, EXPRESSION_BYTES_MAX, add);
    of_length("segment.description", description, DESCRIPTION_BYTES_MAX, add);
    of_text("segment.display_name", display_name, TEXT_BYTES_MAX, add);
}

/// One line of at most so many bytes.
fn of_text(field: &str, text: &str, bytes_max: usize, add: &mut Add<'_>) {
    if text.contains(char::is_control) {
        add(field, "it has a line break or another control character; write it as one line".to_owned());
    }
    of_length(field, text, bytes_max, add);
}

fn of_length(field: &str, text: &str, bytes_max: usize, add: &mut Add<'_>) {
    if text.len() > bytes_max {
        add(field, format!("the text has {} bytes, the limit is {bytes_max}; shorten it", text.len()));
    }
}
