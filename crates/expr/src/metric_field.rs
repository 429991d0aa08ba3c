//! Fields of a touchpoint that built-in metrics read, as texts or as exact numbers.

use types::{Decimal, ExactSum, record::Touchpoint};

/// A field read as text. A touchpoint may have none, one or (items) several of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextField {
    /// `kind`
    Kind,
    /// `store_id`
    Store,
    /// `channel`
    Channel,
    /// `campaign.name`
    Campaign,
    /// `items[].category`, each distinct one once
    Category,
    /// `items[].product_id`, each distinct one once
    Product,
    /// `search_query`
    SearchQuery,
    /// `score.scale`
    ScoreScale,
}

impl TextField {
    /// Every text of this field, in order of appearance, each once; empty texts count as absent.
    pub fn texts(self, touchpoint: &Touchpoint) -> Vec<&str> {
        let single = match self {
            Self::Kind => touchpoint.kind.as_str(),
            Self::Store => &touchpoint.store_id,
            Self::Channel => &touchpoint.channel,
            Self::Campaign => touchpoint.campaign.as_ref().map_or("", |campaign| &campaign.name),
            Self::SearchQuery => &touchpoint.search_query,
            Self::ScoreScale => touchpoint.score.as_ref().map_or("", |score| &score.scale),
            Self::Category => return distinct(touchpoint.items.iter().map(|item| item.category.as_str())),
            Self::Product => return distinct(touchpoint.items.iter().map(|item| item.product_id.as_str())),
        };
        distinct(std::iter::once(single))
    }

    /// The first text of this field.
    pub fn first(self, touchpoint: &Touchpoint) -> Option<&str> {
        self.texts(touchpoint).into_iter().next()
    }
}

/// A field read as an exact number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberField {
    /// `points`
    Points,
    /// `duration`, in seconds
    DurationSeconds,
    /// `score.value`, kept to six decimals
    Score,
}

impl NumberField {
    /// The number; `None` where the touchpoint has none.
    pub fn number(self, touchpoint: &Touchpoint) -> Option<ExactSum> {
        match self {
            Self::Points => (touchpoint.points != 0).then(|| whole(touchpoint.points)),
            Self::DurationSeconds => touchpoint
                .duration
                .as_ref()
                .map(|duration| whole(duration.seconds).plus(ExactSum(i128::from(duration.nanos) * 1_000))),
            Self::Score => touchpoint.score.as_ref().and_then(|score| Decimal::from_f64(score.value)).map(Into::into),
        }
    }
}

fn whole(number: i64) -> ExactSum {
    ExactSum(i128::from(number) * 1_000_000_000_000)
}

fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for text in texts {
        if !text.is_empty() && !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::record::{Item, Score};

    #[test]
    fn texts_are_distinct_and_not_empty() {
        let item = |category: &str| Item { category: category.into(), ..Item::default() };
        let touchpoint =
            Touchpoint { items: vec![item("tea"), item(""), item("tea"), item("cups")], ..Touchpoint::default() };
        assert_eq!(TextField::Category.texts(&touchpoint), ["tea", "cups"]);
        assert_eq!(TextField::Store.first(&touchpoint), None);
    }

    #[test]
    fn scores_are_exact_to_six_decimals() {
        let score = Some(Score { scale: "nps".into(), value: 0.1 + 0.2 });
        let touchpoint = Touchpoint { score, ..Touchpoint::default() };
        assert_eq!(NumberField::Score.number(&touchpoint).map(ExactSum::to_text).as_deref(), Some("0.3"));
    }
}
