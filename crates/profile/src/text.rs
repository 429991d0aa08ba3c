//! Texts of a touchpoint as the fold reads them, one after another and without a list of them: it reads ten a touchpoint.

use expr::TextField;
use types::record::Touchpoint;

/// The first text of a field; an empty text counts as absent.
pub(crate) fn first(field: TextField, touchpoint: &Touchpoint) -> Option<&str> {
    let text = match field {
        TextField::Category => return touchpoint.items.iter().map(|item| item.category.as_str()).find(is_there),
        TextField::Product => return touchpoint.items.iter().map(|item| item.product_id.as_str()).find(is_there),
        TextField::Kind => touchpoint.kind.as_str(),
        TextField::Store => &touchpoint.store_id,
        TextField::Channel => &touchpoint.channel,
        TextField::Campaign => touchpoint.campaign.as_ref().map_or("", |campaign| &campaign.name),
        TextField::SearchQuery => &touchpoint.search_query,
        TextField::ScoreScale => touchpoint.score.as_ref().map_or("", |score| &score.scale),
    };
    Some(text).filter(is_there)
}

/// Calls `each` with every text of a field, in order of appearance, each once; empty texts count as absent.
pub(crate) fn each<'a>(field: TextField, touchpoint: &'a Touchpoint, mut each: impl FnMut(&'a str)) {
    let several = matches!(field, TextField::Category | TextField::Product) && touchpoint.items.len() > 1;
    if several {
        field.texts(touchpoint).into_iter().for_each(each);
    } else if let Some(text) = first(field, touchpoint) {
        each(text);
    }
}

fn is_there(text: &&str) -> bool {
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use types::record::{Campaign, Item, Score};

    const FIELDS: [TextField; 8] = [
        TextField::Kind,
        TextField::Store,
        TextField::Channel,
        TextField::Campaign,
        TextField::Category,
        TextField::Product,
        TextField::SearchQuery,
        TextField::ScoreScale,
    ];

    fn text() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["", "a", "b"]).prop_map(str::to_owned)
    }

    fn any_touchpoint() -> impl Strategy<Value = Touchpoint> {
        let items = prop::collection::vec((text(), text()), 0..4);
        let single = (text(), text(), text(), text(), prop::option::of(text()), prop::option::of(text()));
        (items, single).prop_map(|(items, (kind, store_id, channel, search_query, campaign, scale))| Touchpoint {
            kind,
            store_id,
            channel,
            search_query,
            campaign: campaign.map(|name| Campaign { name, ..Campaign::default() }),
            score: scale.map(|scale| Score { scale, ..Score::default() }),
            items: items
                .into_iter()
                .map(|(product_id, category)| Item { product_id, category, ..Item::default() })
                .collect(),
            ..Touchpoint::default()
        })
    }

    proptest! {
        #[test]
        fn they_are_the_field_s(touchpoint in any_touchpoint()) {
            for field in FIELDS {
                let mut read = Vec::new();
                each(field, &touchpoint, |text| read.push(text));
                prop_assert_eq!(&read, &field.texts(&touchpoint), "{:?}", field);
                prop_assert_eq!(first(field, &touchpoint), field.first(&touchpoint), "{:?}", field);
            }
        }
    }
}
