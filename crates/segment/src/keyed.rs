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
    use types::record::Item;

    use super::*;
    use crate::{Definition, Segments, facets::Facets, schema::schema};

    const SEGMENTS: [(&str, &str); 5] = [
        ("bought-x", r#"touchpoints("order_completed").where(t, "x" in t.products).count() > 0"#),
        ("members-in-a", r#"metrics.orders > 2 && touchpoints("product_viewed").where(t, t.store == "a").count() > 0"#),
        ("nobody", r#"touchpoints("product_viewed").where(t, t.store in []).count() > 0"#),
        ("viewed-any", r#"touchpoints("product_viewed").within("3d").count() > 1"#),
        ("viewed-x-or-y", r#"touchpoints("product_viewed").where(t, "x" in t.products).count() > 0 || segment("viewed-y")"#),
    ];

    /// Names of those that are looked at once this touchpoint came.
    fn looked_at(touchpoint: &Touchpoint) -> Vec<String> {
        let y = ("viewed-y", r#"touchpoints("product_viewed").where(t, "y" in t.products).count() > 0"#);
        let definition = |(name, expression): (&str, &str)| Definition {
            name: name.to_owned(),
            version: 1,
            expression: expression.to_owned(),
        };
        let definitions: Vec<Definition> = SEGMENTS.into_iter().chain([y]).map(definition).collect();
        let segments = Segments::compile(&definitions, &schema(&types::Catalogue::default(), [])).unwrap();
        let (asking, facets) = (segments.asking_for([touchpoint].into_iter()), Facets::of_touchpoint(touchpoint));
        let chosen = segments.chosen(segments.reading(facets));
        let members = chosen.flat_map(|(group, alike)| alike.touched(facets, Some(&asking), group));
        let mut names: Vec<String> =
            members.map(|member| segments.name(member.ordinal).unwrap().to_owned()).collect();
        names.sort();
        names
    }

    fn touchpoint(kind: &str, store: &str, products: &[&str]) -> Touchpoint {
        let items = products.iter().map(|one| Item { product_id: (*one).to_owned(), ..Item::default() });
        let (kind, store_id, items) = (kind.to_owned(), store.to_owned(), items.collect());
        Touchpoint { kind, store_id, items, ..Touchpoint::default() }
    }

    #[test]
    fn only_those_are_looked_at_that_ask_for_what_a_touchpoint_has() {
        assert_eq!(looked_at(&touchpoint("product_viewed", "", &["z"])), ["viewed-any"]);
        assert_eq!(looked_at(&touchpoint("product_viewed", "b", &["x", "z"])), ["viewed-any", "viewed-x-or-y"]);
        assert_eq!(looked_at(&touchpoint("product_viewed", "a", &["y"])), [
            "members-in-a",
            "viewed-any",
            "viewed-x-or-y",
            "viewed-y"
        ]);
        assert_eq!(looked_at(&touchpoint("order_completed", "", &["x"])), ["bought-x", "members-in-a"]);
        assert_eq!(looked_at(&touchpoint("visit_started", "a", &["x"])), Vec::<String>::new());
    }
}
