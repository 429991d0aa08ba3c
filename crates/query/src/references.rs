//! What definitions say of the products and stores of a timeline's page, where the touchpoints themselves say nothing.
//!
//! Read when asked for: the fold never depends on it, so it may change at any time without anything being folded again.

use std::collections::BTreeMap;

use definition::{Body, Kind, Version};
use proto::customer::{ItemReference, References, StorePlace, TimelineEntry};
use store::{Snapshot, StoreError};
use types::record::{Item, ProductReference, Touchpoint};

/// Puts beside each touchpoint what its products' and store's newest definitions add to it.
pub(crate) fn fill(snapshot: &Snapshot<'_>, entries: &mut [TimelineEntry]) -> Result<(), StoreError> {
    if store::definition::progress(snapshot)?.applied == 0 {
        return Ok(());
    }
    let mut newest = Newest { snapshot, seen: BTreeMap::new() };
    for entry in entries {
        if let Some(touchpoint) = &entry.touchpoint {
            entry.references = newest.of(touchpoint)?;
        }
    }
    Ok(())
}

/// Each definition is looked up once a page.
struct Newest<'a> {
    snapshot: &'a Snapshot<'a>,
    seen: BTreeMap<(Kind, String), Option<Version>>,
}

impl Newest<'_> {
    fn of(&mut self, touchpoint: &Touchpoint) -> Result<Option<References>, StoreError> {
        let mut items = Vec::new();
        for (index, item) in (0..).zip(&touchpoint.items) {
            items.extend(self.item(index, item)?);
        }
        let store = self.store(&touchpoint.store_id)?;
        Ok((!items.is_empty() || store.is_some()).then_some(References { items, store }))
    }

    fn item(&mut self, index: u32, item: &Item) -> Result<Option<ItemReference>, StoreError> {
        if ![&item.category, &item.brand, &item.name].iter().any(|text| text.is_empty()) {
            return Ok(None);
        }
        let Some(Version { number, body: Some(Body::Product(product)), .. }) =
            self.newest(Kind::Product, &item.product_id)?
        else {
            return Ok(None);
        };
        let lacking = |said: &str, known: &str| if said.is_empty() { known.to_owned() } else { String::new() };
        let product = ProductReference {
            category: lacking(&item.category, &product.category),
            brand: lacking(&item.brand, &product.brand),
            name: lacking(&item.name, &product.name),
        };
        let adds = product != ProductReference::default();
        Ok(adds.then_some(ItemReference { index, product: Some(product), version: *number }))
    }

    fn store(&mut self, store_id: &str) -> Result<Option<StorePlace>, StoreError> {
        let place = match self.newest(Kind::Store, store_id)? {
            Some(Version { number, body: Some(Body::Store(store)), .. }) => {
                Some(StorePlace { store: Some(store.clone()), version: *number })
            }
            _ => None,
        };
        Ok(place)
    }

    fn newest(&mut self, kind: Kind, name: &str) -> Result<Option<&Version>, StoreError> {
        if name.is_empty() || name.contains('\0') {
            return Ok(None);
        }
        let key = (kind, name.to_owned());
        if !self.seen.contains_key(&key) {
            let found = store::definition::newest(self.snapshot, kind, name)?;
            self.seen.insert(key.clone(), found);
        }
        Ok(self.seen.get(&key).and_then(Option::as_ref))
    }
}
