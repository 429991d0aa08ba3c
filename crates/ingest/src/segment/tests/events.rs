//! Track events: which kind each becomes, and which of its properties fill a field.

use types::Kind;
use types::record::{Coupon, Score};

use super::*;

const PRODUCT: &str = r#"{"product_id": "green-tea", "sku": "GT-100", "category": "tea", "name": "Green Tea",
    "brand": "Leaf", "variant": "100 g", "price": 12.95, "quantity": 1, "coupon": "SPRING", "position": 3,
    "url": "https://shop.example/green-tea"}"#;

const CART: &str = r#"{"cart_id": "c-77", "products": [{"product_id": "green-tea", "name": "Green Tea", "price": 12.95,
    "position": 1}, {"sku": "CUP-1", "price": 3}]}"#;

const CHECKOUT: &str = r#"{"checkout_id": "k-1", "step": 2, "shipping_method": "post", "payment_method": "card"}"#;

const EMAIL: &str = r#"{"email_id": "e-1", "email_subject": "Tea!", "campaign_id": "123", "campaign_name": "Spring"}"#;

const COUPON: &str = r#"{"order_id": "A-1001", "coupon_id": "SPRING", "coupon_name": "Spring sale", "discount": 2.5}"#;

#[test]
fn an_event_is_known_by_its_letters() {
    for event in ["Order Completed", "order_completed", "orderCompleted", "ORDER  COMPLETED", " Order-Completed "] {
        assert_eq!(read_ok(&track(event, "{}")).kind, "order_completed", "{event}");
    }
}

#[test]
fn an_event_that_nobody_knows_becomes_a_kind_by_its_name() {
    for (event, kind) in [
        ("Product Added to Wishlist", "product_added_to_wishlist"),
        ("videoPlaybackStarted", "video_playback_started"),
        ("HTTPRequest Sent", "http_request_sent"),
        ("A/B Test: Seen!", "a_b_test_seen"),
        ("$pageview", "pageview"),
        ("Level2Reached", "level2_reached"),
    ] {
        assert_eq!(read_ok(&track(event, "{}")).kind, kind, "{event}");
    }
}

#[test]
fn the_checks_say_what_to_do_about_an_unknown_kind() {
    let findings = admit(
        read_ok(&track("Product Clicked", PRODUCT)),
        RECEIVED,
        &Catalogue::default(),
        &BLOCKED,
        &Normaliser::default(),
    )
    .unwrap_err();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.reason(), finding.field.as_str()), (Reason::UnknownKind, "kind"));
    assert!(finding.description.contains("configure it as a custom kind"), "{finding:?}");
}

#[test]
fn typical_events_of_the_specification_get_in() {
    let order = r#"{"order_id": "A-1001", "total": 27.50, "currency": "USD"}"#;
    for (event, properties, kind) in [
        ("Products Searched", r#"{"query": "blue roses"}"#, "products_searched"),
        ("Product List Viewed", CART, "product_list_viewed"),
        ("Product List Filtered", CART, "product_list_filtered"),
        ("Promotion Viewed", r#"{"promotion_id": "p-1", "position": "top"}"#, "promotion_viewed"),
        ("Promotion Clicked", r#"{"promotion_id": "p-1"}"#, "promotion_clicked"),
        ("Product Clicked", PRODUCT, "product_clicked"),
        ("Product Viewed", PRODUCT, "product_viewed"),
        ("Product Added", PRODUCT, "product_added"),
        ("Product Removed", PRODUCT, "product_removed"),
        ("Cart Viewed", CART, "cart_viewed"),
        ("Checkout Started", order, "checkout_started"),
        ("Checkout Step Viewed", CHECKOUT, "checkout_step_viewed"),
        ("Checkout Step Completed", CHECKOUT, "checkout_step_completed"),
        ("Payment Info Entered", CHECKOUT, "payment_info_entered"),
        ("Order Updated", order, "order_updated"),
        ("Order Completed", order, "order_completed"),
        ("Order Refunded", order, "order_refunded"),
        ("Order Cancelled", order, "order_cancelled"),
        ("Order Canceled", r#"{"order_id": "A-1001"}"#, "order_cancelled"),
        ("Coupon Entered", COUPON, "coupon_entered"),
        ("Coupon Applied", COUPON, "coupon_applied"),
        ("Coupon Denied", r#"{"coupon": "SPRING", "reason": "expired"}"#, "coupon_denied"),
        ("Coupon Removed", COUPON, "coupon_removed"),
        ("Product Added to Wishlist", PRODUCT, "product_added_to_wishlist"),
        ("Product Removed from Wishlist", PRODUCT, "product_removed_from_wishlist"),
        ("Wishlist Product Added to Cart", PRODUCT, "wishlist_product_added_to_cart"),
        ("Product Shared", r#"{"share_via": "email", "product_id": "green-tea"}"#, "product_shared"),
        ("Cart Shared", CART, "cart_shared"),
        ("Product Reviewed", r#"{"product_id": "green-tea", "rating": "5"}"#, "product_reviewed"),
        ("Viewed Product", PRODUCT, "product_viewed"),
        ("Viewed Product Category", CART, "product_list_viewed"),
        ("Started Order", CART, "checkout_started"),
        ("Completed Order", order, "order_completed"),
        ("Application Opened", r#"{"from_background": false, "url": "shop://tea"}"#, "application_opened"),
        ("Application Installed", r#"{"version": "1.2.3", "build": 1234}"#, "application_installed"),
        ("Push Notification Received", r#"{"campaign": {"medium": "Push"}}"#, "push_notification_received"),
        ("Email Delivered", EMAIL, "message_delivered"),
        ("Email Opened", EMAIL, "message_opened"),
        ("Email Link Clicked", EMAIL, "message_clicked"),
        ("Unsubscribed", EMAIL, "unsubscribed"),
    ] {
        assert_eq!(tracked(event, properties).kind, kind, "{event}");
    }
}

#[test]
fn every_kind_of_the_catalogue_can_be_sent() {
    let properties = r#"{"store_id": "s1", "zone_id": "z1", "visit_id": "v1", "case_id": "k1", "duration": 90.5, "points": "40",
        "marketing_message_id": "mm1", "coupon_id": "SPRING", "offer_id": "f1", "score": 9, "scale": "nps", "rating": 4.5,
        "cost": "0.50", "currency": "EUR", "query": "tea", "order_id": "A-1001", "total": 5, "products": [{"sku": "CUP-1"}]}"#;
    let consent = r#""consent": {"categoryPreferences": {"Advertising": true}}"#;
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Identified) {
        let message = track(kind.name(), properties).replacen('{', &format!(r#"{{"context": {{{consent}}}, "#), 1);
        let touchpoint = admitted(&message);
        assert_eq!(touchpoint.kind, kind.name());
        assert_eq!((touchpoint.store_id.as_str(), touchpoint.visit_id.as_str()), ("s1", "v1"));
    }
}

#[test]
fn one_product_stands_in_the_properties_themselves() {
    let touchpoint = tracked("Product Added", &PRODUCT.replacen('{', r#"{"cart_id": "c-77", "currency": "usd", "#, 1));
    let item = Item {
        product_id: "green-tea".into(),
        name: "Green Tea".into(),
        category: "tea".into(),
        brand: "Leaf".into(),
        price: Some(money("12.95", "USD")),
        ..Item::default()
    };
    assert_eq!(touchpoint.items, [item]);
    assert_eq!(
        kept(&touchpoint),
        [
            r#"cart_id "c-77""#,
            r#"coupon "SPRING""#,
            r#"currency "usd""#,
            "position 3",
            r#"sku "GT-100""#,
            r#"url "https://shop.example/green-tea""#,
            r#"variant "100 g""#,
        ]
    );
}

#[test]
fn a_price_that_buys_nothing_needs_no_currency() {
    let one = tracked("Product Viewed", r#"{"sku": "CUP-1", "price": 3.20}"#);
    assert_eq!((one.items[0].price.as_ref(), kept(&one)), (None, vec!["price 3.2".to_owned()]));
    let many = tracked("Cart Viewed", CART);
    assert!(many.items.iter().all(|item| item.price.is_none()));
    let expected = [r#"cart_id "c-77""#, "products[0].position 1", "products[0].price 12.95", "products[1].price 3"];
    assert_eq!(kept(&many), expected, "in the items' order");
}

#[test]
fn emails_are_messages() {
    let opened = tracked("Email Opened", EMAIL);
    assert_eq!((opened.channel.as_str(), opened.marketing_message_id.as_str()), ("email", "123"));
    assert_eq!(opened.campaign.as_ref().unwrap().name, "Spring");
    assert_eq!(kept(&opened), [r#"email_id "e-1""#, r#"email_subject "Tea!""#]);
    assert_eq!(tracked("Email Opened", r#"{"email_id": "e-1"}"#).marketing_message_id, "e-1");
}

#[test]
fn coupons_reviews_and_answers() {
    let applied = tracked("Coupon Applied", COUPON);
    assert_eq!(applied.coupon, Some(Coupon { coupon_id: "SPRING".into(), offer_id: String::new() }));
    assert_eq!((applied.order_id(), kept(&applied).len()), ("A-1001", 2));
    let review = r#"{"product_id": "green-tea", "review_id": "r-1", "review_body": "Good", "rating": "4.5"}"#;
    let reviewed = tracked("Product Reviewed", review);
    assert_eq!(reviewed.score, Some(Score { scale: "rating".into(), value: 4.5 }));
    assert_eq!(kept(&reviewed), [r#"review_body "Good""#, r#"review_id "r-1""#]);
    let dwelled = tracked("Zone Dwelled", r#"{"store_id": "s1", "zone_id": "z1", "duration": 90.25}"#);
    assert_eq!(dwelled.duration, Some(prost_types::Duration { seconds: 90, nanos: 250_000_000 }));
    assert_eq!(tracked("Points Earned", r#"{"points": 4e1}"#).points, 40);
}

#[test]
fn an_event_of_ones_own_keeps_its_properties_as_they_are() {
    let properties =
        r#"{"total": "none", "products": "all", "currency": 7, "order_id": null, "query": {"a": [1, null]}}"#;
    let touchpoint = read_ok(&track("Quiz Finished", properties));
    assert_eq!((touchpoint.kind.as_str(), &touchpoint.order, touchpoint.items.len()), ("quiz_finished", &None, 0));
    assert_eq!(
        kept(&touchpoint),
        ["currency 7", r#"products "all""#, "query.a[0] 1", "query.a[1] null", r#"total "none""#]
    );
}
