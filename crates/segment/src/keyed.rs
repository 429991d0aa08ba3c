//! Segments by the texts without which a touchpoint says nothing to them: those of one product or one store are found by it, and
//! of thousands the others are not even looked at.
//!
//! Finds more than what a touchpoint changes, never less: a text is looked for in a field, whatever the touchpoint's kind.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use expr::{Needs, element};
use types::record::Touchpoint;

use crate::groups::Group;

/// A segment by its group, and its place in there.
pub(crate) type Place = (Group, usize);

/// Where segments are that ask for touchpoints with certain texts in a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyed {
    fields: BTreeMap<&'static str, Texts>,
}

#[derive(Clone, Debug)]
struct Texts {
    field: element::Field,
    places: BTreeMap<Arc<str>, Vec<Place>>,
}

impl Keyed {
    /// Puts in a segment that needs this.
    pub(crate) fn put(&mut self, needs: &Needs, place: Place) {
        for key in needs.choices.iter().filter_map(|choice| choice.key.as_ref()) {
            let Some(texts) = self.field(key.field) else { continue };
            for value in &key.values {
                texts.places.entry(Arc::clone(value)).or_default().push(place);
            }
        }
    }

    fn field(&mut self, name: &'static str) -> Option<&mut Texts> {
        if !self.fields.contains_key(name) {
            let field = element::of_touchpoints().into_iter().find(|field| field.name == name)?;
            self.fields.insert(name, Texts { field, places: BTreeMap::new() });
        }
        self.fields.get_mut(name)
    }

    /// Segments that ask for one of the texts that these touchpoints have.
    pub(crate) fn asking<'t>(&self, touchpoints: impl Iterator<Item = &'t Touchpoint>) -> BTreeSet<Place> {
        let mut asking = BTreeSet::new();
        for touchpoint in touchpoints {
            for Texts { field, places } in self.fields.values() {
                let texts = field.texts(touchpoint);
                asking.extend(texts.iter().filter_map(|text| places.get(text)).flatten());
            }
        }
        asking
    }
}

#[cfg(test)]
mod tests {
    use expr::Element;
    use types::{ContentHash, Micros, record::Item};

    use super::*;
    use crate::{Definition, Segments, facets::Facets, groups::Member, schema::schema};

    const SEGMENTS: [(&str, &str); 8] = [
        ("bought-x", r#"touchpoints("order_completed").where(t, "x" in t.products).count() > 0"#),
        ("card-or-x", r#""card" in identifiers || segment("bought-x")"#),
        ("members-in-a", r#"metrics.orders > 2 && touchpoints("product_viewed").where(t, t.store == "a").count() > 0"#),
        ("never-x", r#"touchpoints("order_completed").where(t, "x" in t.products).count() == 0"#),
        ("nobody", r#"touchpoints("product_viewed").where(t, t.store in []).count() > 0"#),
        ("viewed-any", r#"touchpoints("product_viewed").within("3d").count() > 1"#),
        (
            "viewed-x-or-y",
            r#"touchpoints("product_viewed").where(t, "x" in t.products).count() > 0 || segment("viewed-y")"#,
        ),
        ("viewed-y", r#"touchpoints("product_viewed").where(t, "y" in t.products).count() > 0"#),
    ];

    fn segments() -> Segments {
        let definition = |(name, expression): (&str, &str)| Definition {
            name: name.to_owned(),
            version: 1,
            expression: expression.to_owned(),
        };
        let definitions: Vec<Definition> = SEGMENTS.into_iter().map(definition).collect();
        Segments::compile(&definitions, &schema(&types::Catalogue::default(), [])).unwrap()
    }

    /// Names of those that are looked at once these touchpoints came, and of those once anything may have happened to who has them.
    fn looked_at(touchpoints: &[Touchpoint]) -> [Vec<String>; 2] {
        let element = |touchpoint: &Touchpoint| Element {
            occurred_at: Micros(0),
            content: ContentHash([0; 16]),
            touchpoint: Arc::new(touchpoint.clone()),
        };
        let (segments, elements) = (segments(), touchpoints.iter().map(element).collect::<Vec<_>>());
        let asking = segments.asking(&elements).unwrap();
        let facets = touchpoints.iter().map(Facets::of_touchpoint).fold(Facets::default(), Facets::and);
        let named = |members: Vec<&Member>| {
            let mut names: Vec<_> =
                members.iter().map(|member| segments.name(member.ordinal).unwrap().to_owned()).collect();
            names.sort();
            names
        };
        let touched = segments.chosen(segments.reading(facets));
        let touched = touched.flat_map(|(group, alike)| alike.touched(facets, Some(&asking), group)).collect();
        let all =
            segments.chosen(segments.groups()).flat_map(|(group, alike)| alike.all(Some(&asking), group)).collect();
        [touched, all].map(named)
    }

    fn touchpoint(kind: &str, store: &str, products: &[&str]) -> Touchpoint {
        let items = products.iter().map(|one| Item { product_id: (*one).to_owned(), ..Item::default() });
        let (kind, store_id, items) = (kind.to_owned(), store.to_owned(), items.collect());
        Touchpoint { kind, store_id, items, ..Touchpoint::default() }
    }

    #[test]
    fn only_those_are_looked_at_that_ask_for_what_a_touchpoint_has() {
        let touched = |kind, store, products: &[&str]| {
            let [touched, _] = looked_at(&[touchpoint(kind, store, products)]);
            touched
        };
        assert_eq!(touched("product_viewed", "", &["z"]), ["viewed-any"]);
        assert_eq!(touched("product_viewed", "b", &["x", "z"]), ["viewed-any", "viewed-x-or-y"]);
        assert_eq!(touched("product_viewed", "a", &["y"]), ["members-in-a", "viewed-any", "viewed-x-or-y", "viewed-y"]);
        assert_eq!(touched("order_completed", "", &["x"]), ["bought-x", "card-or-x", "members-in-a", "never-x"]);
        assert!(touched("visit_started", "a", &["x"]).is_empty());
    }

    /// Of a customer who never had what a segment asks for only those are looked at that are true of such.
    #[test]
    fn those_are_silent_that_are_true_of_nobody_without_what_they_ask_for() {
        let all = |touchpoints: &[Touchpoint]| {
            let [_, all] = looked_at(touchpoints);
            all
        };
        let loud = ["card-or-x", "members-in-a", "never-x", "viewed-any"];
        assert_eq!(all(&[]), loud);
        assert_eq!(all(&[touchpoint("visit_started", "", &["z"])]), loud);
        let some = [touchpoint("product_viewed", "b", &["z"]), touchpoint("product_viewed", "", &["y"])];
        let asked = ["card-or-x", "members-in-a", "never-x", "viewed-any", "viewed-x-or-y", "viewed-y"];
        assert_eq!(all(&some), asked);
    }
}
