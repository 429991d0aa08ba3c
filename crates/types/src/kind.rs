//! The catalogue of kinds: what a touchpoint can say happened, and what it must carry to say it.
//!
//! Names follow the Segment e-commerce specification where it has one, in snake case. Custom kinds come from configuration and
//! require nothing. Kinds are data for checks; what a kind does to a profile is the profile crate's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Which of the three supports of customer relationship management a kind belongs to, or the member's own record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// Store visits.
    Visit,
    /// App and web actions.
    Digital,
    /// Orders and what becomes of them.
    Sales,
    /// Messages, coupons, promotions.
    Marketing,
    /// Cases, complaints, surveys, reviews.
    Service,
    /// Traits, consents, points.
    Member,
    /// Costs booked on a customer.
    Cost,
}

/// A field that a kind cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Required {
    /// `store_id`
    Store,
    /// `zone_id`
    Zone,
    /// `duration`
    Duration,
    /// `order.order_id`
    OrderId,
    /// At least one item.
    Items,
    /// At least one item, or an order total.
    ItemsOrTotal,
    /// `marketing_message_id`
    MarketingMessage,
    /// `coupon.coupon_id`
    Coupon,
    /// `case_id`
    Case,
    /// `score`
    Score,
    /// `traits`
    Traits,
    /// At least one consent.
    Consents,
    /// `points` > 0
    Points,
    /// `cost`
    Cost,
    /// `search_query`
    SearchQuery,
}

macro_rules! kinds {
    ($($variant:ident $name:literal $support:ident [$($required:ident),*] $doc:literal;)*) => {
        /// A kind of the built-in catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $doc] $variant,)*
        }

        impl Kind {
            /// All kinds, in the catalogue's order.
            pub const ALL: &[Kind] = &[$(Kind::$variant),*];

            /// The name in touchpoints.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// The kind of that name; `None` for custom kinds.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Kind::$variant),)* _ => None }
            }

            /// Which support it belongs to.
            pub fn support(self) -> Support {
                match self { $(Kind::$variant => Support::$support,)* }
            }

            /// What a touchpoint of this kind must carry.
            pub fn requires(self) -> &'static [Required] {
                match self { $(Kind::$variant => &[$(Required::$required),*],)* }
            }

            /// One line on what happened.
            pub fn description(self) -> &'static str {
                match self { $(Kind::$variant => $doc,)* }
            }
        }
    };
}

kinds! {
    StoreEntered "store_entered" Visit [Store] "A visit to a store began.";
    ZoneEntered "zone_entered" Visit [Store, Zone] "The visitor entered a zone of the store.";
    ZoneDwelled "zone_dwelled" Visit [Store, Zone, Duration] "The visitor stayed in a zone for a while.";
    ZoneExited "zone_exited" Visit [Store, Zone] "The visitor left a zone.";
    StoreExited "store_exited" Visit [Store] "The visit ended; `duration` is its length where known.";
    ApplicationOpened "application_opened" Digital [] "The app was opened.";
    PageViewed "page_viewed" Digital [] "A web page was seen.";
    ScreenViewed "screen_viewed" Digital [] "A screen of the app was seen.";
    ProductsSearched "products_searched" Digital [SearchQuery] "The customer searched.";
    ProductListViewed "product_list_viewed" Digital [] "A list or category was seen.";
    ProductViewed "product_viewed" Digital [Items] "A product was looked at.";
    ProductAdded "product_added" Digital [Items] "A product went into the cart.";
    ProductRemoved "product_removed" Digital [Items] "A product left the cart.";
    CartViewed "cart_viewed" Digital [] "The cart was looked at.";
    CheckoutStarted "checkout_started" Digital [] "The customer went to the checkout.";
    OrderCompleted "order_completed" Sales [OrderId, ItemsOrTotal] "An order was placed, in store or online.";
    OrderLineCompleted "order_line_completed" Sales [OrderId, Items] "One line of an order, for sources that report line by line; lines of an order add up.";
    OrderCancelled "order_cancelled" Sales [OrderId] "An order was cancelled as a whole.";
    OrderRefunded "order_refunded" Sales [OrderId, ItemsOrTotal] "Money was given back; `order.refund` or the items say how much.";
    OrderReturned "order_returned" Sales [OrderId, ItemsOrTotal] "Goods came back; the items say which, their sum or `order.refund` how much was given back.";
    MessageSent "message_sent" Marketing [MarketingMessage] "A marketing message was sent.";
    MessageDelivered "message_delivered" Marketing [MarketingMessage] "It arrived.";
    MessageOpened "message_opened" Marketing [MarketingMessage] "It was opened.";
    MessageClicked "message_clicked" Marketing [MarketingMessage] "A link in it was followed.";
    CouponIssued "coupon_issued" Marketing [Coupon] "A coupon was given.";
    CouponRedeemed "coupon_redeemed" Marketing [Coupon] "A coupon was used.";
    CouponExpired "coupon_expired" Marketing [Coupon] "A coupon ran out unused.";
    PromotionViewed "promotion_viewed" Marketing [] "A promotion was shown.";
    PromotionClicked "promotion_clicked" Marketing [] "A promotion was followed.";
    CaseOpened "case_opened" Service [Case] "A service case was opened.";
    CaseResolved "case_resolved" Service [Case] "A service case was settled.";
    ComplaintFiled "complaint_filed" Service [] "The customer complained.";
    SurveyAnswered "survey_answered" Service [Score] "A survey question was answered.";
    ProductReviewed "product_reviewed" Service [Items, Score] "A product was reviewed.";
    Identified "identified" Member [Traits] "Something is now known of the person.";
    IdentifiersLinked "identifiers_linked" Member [] "The identifiers are now known to be one person's; nothing else is said.";
    ConsentChanged "consent_changed" Member [Consents] "The person decided on being contacted.";
    PointsEarned "points_earned" Member [Points] "Loyalty points were earned.";
    PointsSpent "points_spent" Member [Points] "Loyalty points were spent.";
    CostBooked "cost_booked" Cost [Cost] "A cost of serving this customer was booked.";
}

/// Custom kinds beside the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    custom: BTreeSet<String>,
}

impl Catalogue {
    /// A catalogue with custom kinds.
    ///
    /// # Errors
    /// A custom kind that repeats a built-in name, or is no lower-case snake-case name of at most 64 bytes.
    pub fn with_custom(custom: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let custom: BTreeSet<String> = custom.into_iter().collect();
        for name in &custom {
            if Kind::of_name(name).is_some() {
                return Err(format!("custom kind `{name}` is built in already; choose another name"));
            }
            if !is_name(name) {
                return Err(format!(
                    "custom kind `{name}` must be lower-case letters, digits and `_`, at most 64 bytes"
                ));
            }
        }
        Ok(Self { custom })
    }

    /// Whether touchpoints of this kind are taken.
    pub fn contains(&self, name: &str) -> bool {
        Kind::of_name(name).is_some() || self.custom.contains(name)
    }

    /// All names, built-in first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        Kind::ALL.iter().map(|kind| kind.name()).chain(self.custom.iter().map(String::as_str))
    }
}

/// Whether a text is a name as namespaces and kinds have it: lower-case letters, digits, `_`; 1 to 64 bytes; a letter first.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= 64 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_name(kind.name()), Some(*kind));
            assert!(is_name(kind.name()));
        }
    }

    #[test]
    fn custom_kinds() {
        let catalogue = Catalogue::with_custom(["wifi_seen".to_owned()]).unwrap();
        assert!(catalogue.contains("wifi_seen") && catalogue.contains("order_completed"));
        assert!(!catalogue.contains("other"));
        assert!(Catalogue::with_custom(["order_completed".to_owned()]).is_err());
        assert!(Catalogue::with_custom(["Wifi Seen".to_owned()]).is_err());
    }
}
