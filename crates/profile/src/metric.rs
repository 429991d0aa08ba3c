//! Declared metrics: which touchpoints each one looks at, and by which law it folds them.
//!
//! The built-in list. Numbers are written to disk and never reused; the laws for orders and activity have states of their own.

use std::sync::LazyLock;

use expr::{NumberField, TextField};
use types::Kind;

/// Number of a metric, as written to disk.
pub type MetricId = u16;

/// How a metric folds the touchpoints that it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// How many there are.
    Count,
    /// The sum of a number.
    Sum(NumberField),
    /// The sum of `cost`, by currency.
    Cost,
    /// The field's text on the first touchpoint that has one.
    First(TextField),
    /// The field's text on the last touchpoint that has one.
    Last(TextField),
    /// The earliest occurred_at.
    Earliest,
    /// The latest occurred_at.
    Latest,
    /// The mean of a number for each text of a field.
    MeanBy(TextField, NumberField),
}

/// A declared metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Number on disk.
    pub id: MetricId,
    /// Name in views.
    pub name: &'static str,
    /// What it tells.
    pub description: &'static str,
    /// Kinds that it looks at; empty means all, custom kinds included.
    pub kinds: &'static [Kind],
    /// How it folds them.
    pub law: Law,
}

const fn metric(
    id: MetricId,
    name: &'static str,
    description: &'static str,
    kinds: &'static [Kind],
    law: Law,
) -> Metric {
    Metric { id, name, description, kinds, law }
}

use Kind::{
    ApplicationOpened, CartViewed, CaseOpened, CaseResolved, CheckoutStarted, ComplaintFiled, CouponExpired,
    CouponIssued, CouponRedeemed, MessageClicked, MessageDelivered, MessageOpened, MessageSent, PageViewed,
    PointsEarned, PointsSpent, ProductAdded, ProductReviewed, ProductViewed, ProductsSearched, PromotionClicked,
    PromotionViewed, ScreenViewed, StoreEntered, StoreExited, SurveyAnswered, ZoneDwelled, ZoneEntered,
};

/// All built-in metrics, by number.
pub const BUILT_IN: &[Metric] = &[
    metric(1, "visits", "Store visits begun.", &[StoreEntered], Law::Count),
    metric(2, "first_visit_at", "When the first store visit began.", &[StoreEntered], Law::Earliest),
    metric(3, "last_visit_at", "When the last store visit began.", &[StoreEntered], Law::Latest),
    metric(
        4,
        "store_dwell",
        "Time in stores, as reported when leaving.",
        &[StoreExited],
        Law::Sum(NumberField::DurationSeconds),
    ),
    metric(5, "zone_dwell", "Time in zones of stores.", &[ZoneDwelled], Law::Sum(NumberField::DurationSeconds)),
    metric(6, "zones_entered", "Zones entered.", &[ZoneEntered], Law::Count),
    metric(7, "first_store", "Store of the first contact in a store.", &[], Law::First(TextField::Store)),
    metric(8, "last_store", "Store of the last contact in a store.", &[], Law::Last(TextField::Store)),
    metric(9, "first_channel", "Channel of the first contact.", &[], Law::First(TextField::Channel)),
    metric(10, "last_channel", "Channel of the last contact.", &[], Law::Last(TextField::Channel)),
    metric(
        11,
        "first_campaign",
        "Campaign of the first contact that came from one.",
        &[],
        Law::First(TextField::Campaign),
    ),
    metric(
        12,
        "last_campaign",
        "Campaign of the last contact that came from one.",
        &[],
        Law::Last(TextField::Campaign),
    ),
    metric(13, "app_opens", "Times the app was opened.", &[ApplicationOpened], Law::Count),
    metric(14, "views", "Pages and screens seen.", &[PageViewed, ScreenViewed], Law::Count),
    metric(15, "product_views", "Products looked at.", &[ProductViewed], Law::Count),
    metric(16, "last_product_viewed", "The product looked at last.", &[ProductViewed], Law::Last(TextField::Product)),
    metric(17, "searches", "Searches.", &[ProductsSearched], Law::Count),
    metric(18, "last_search", "The last search words.", &[ProductsSearched], Law::Last(TextField::SearchQuery)),
    metric(19, "cart_additions", "Products put into the cart.", &[ProductAdded], Law::Count),
    metric(20, "last_cart_at", "When the cart was last filled or looked at.", &[ProductAdded, CartViewed], Law::Latest),
    metric(21, "checkouts", "Checkouts started.", &[CheckoutStarted], Law::Count),
    metric(22, "messages_sent", "Marketing messages sent.", &[MessageSent], Law::Count),
    metric(23, "messages_delivered", "Marketing messages delivered.", &[MessageDelivered], Law::Count),
    metric(24, "messages_opened", "Marketing messages opened.", &[MessageOpened], Law::Count),
    metric(25, "messages_clicked", "Marketing messages clicked.", &[MessageClicked], Law::Count),
    metric(26, "last_message_at", "When the last marketing message was sent.", &[MessageSent], Law::Latest),
    metric(27, "coupons_issued", "Coupons given.", &[CouponIssued], Law::Count),
    metric(28, "coupons_redeemed", "Coupons used.", &[CouponRedeemed], Law::Count),
    metric(29, "coupons_expired", "Coupons that ran out unused.", &[CouponExpired], Law::Count),
    metric(30, "promotion_views", "Promotions shown.", &[PromotionViewed], Law::Count),
    metric(31, "promotion_clicks", "Promotions followed.", &[PromotionClicked], Law::Count),
    metric(32, "cases_opened", "Service cases opened.", &[CaseOpened], Law::Count),
    metric(33, "cases_resolved", "Service cases settled.", &[CaseResolved], Law::Count),
    metric(34, "complaints", "Complaints.", &[ComplaintFiled], Law::Count),
    metric(
        35,
        "mean_score",
        "Mean of all answers, by scale.",
        &[SurveyAnswered, ProductReviewed],
        Law::MeanBy(TextField::ScoreScale, NumberField::Score),
    ),
    metric(36, "points_earned", "Loyalty points earned.", &[PointsEarned], Law::Sum(NumberField::Points)),
    metric(37, "points_spent", "Loyalty points spent.", &[PointsSpent], Law::Sum(NumberField::Points)),
    metric(38, "costs", "Costs of serving the customer: booked costs and the cost of any touchpoint.", &[], Law::Cost),
];

impl Metric {
    /// Whether this metric looks at touchpoints of a kind.
    pub fn looks_at(&self, kind: Option<Kind>) -> bool {
        self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind))
    }
}

/// The built-in metrics that look at touchpoints of a kind, by number.
pub fn looking_at(kind: Option<Kind>) -> &'static [&'static Metric] {
    // By the kinds' order, that of `Kind::ALL`; the last looks at custom kinds.
    static BY_KIND: LazyLock<Vec<Vec<&'static Metric>>> = LazyLock::new(|| {
        let kinds = Kind::ALL.iter().copied().map(Some).chain([None]);
        kinds.map(|kind| BUILT_IN.iter().filter(|metric| metric.looks_at(kind)).collect()).collect()
    });
    BY_KIND.get(kind.map_or(Kind::ALL.len(), |kind| kind as usize)).map_or(&[], Vec::as_slice)
}

/// The built-in metric of a number.
pub fn by_id(id: MetricId) -> Option<&'static Metric> {
    BUILT_IN.iter().find(|metric| metric.id == id)
}

/// Short hash of all declarations: it changes when a metric's meaning does.
pub fn fingerprint() -> String {
    let mut hasher = blake3::Hasher::new();
    for metric in BUILT_IN {
        let kinds: Vec<&str> = metric.kinds.iter().map(|kind| kind.name()).collect();
        hasher.update(format!("{} {} {:?} {:?}\n", metric.id, metric.name, kinds, metric.law).as_bytes());
    }
    hasher.finalize().to_hex().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_names_are_unique_and_in_order() {
        assert!(BUILT_IN.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert_eq!(BUILT_IN.iter().map(|metric| metric.name).collect::<BTreeSet<_>>().len(), BUILT_IN.len());
    }

    #[test]
    fn each_kind_has_the_metrics_that_look_at_it() {
        for kind in Kind::ALL.iter().copied().map(Some).chain([None]) {
            let ids = |metrics: Vec<&Metric>| metrics.iter().map(|metric| metric.id).collect::<Vec<_>>();
            let looking = BUILT_IN.iter().filter(|metric| metric.looks_at(kind)).collect();
            assert_eq!(ids(looking_at(kind).to_vec()), ids(looking), "{kind:?}");
        }
    }
}
