//! By what way a contact was made, and what of the context is kept.

use types::record::{Campaign, Consent, ConsentStatus, Device};

use super::*;

fn with_context(call: &str, context: &str) -> Touchpoint {
    admitted(&format!(r#"{{{call}, "userId": "u-1001", "context": {context}}}"#))
}

const CALL: &str = r#""type": "track", "event": "Cart Viewed""#;

#[test]
fn channels() {
    let page = r#"{"page": {"url": "https://shop.example/"}}"#;
    for (call, context, channel) in [
        (r#""type": "page", "channel": "browser""#, "{}", "web"),
        (r#""type": "page", "channel": "client""#, "{}", "web"),
        (r#""type": "screen""#, page, "app"),
        (CALL, "{}", ""),
        (CALL, page, "web"),
        (CALL, r#"{"app": {"name": "Shop"}}"#, "app"),
        (CALL, r#"{"device": {"id": "d-1"}}"#, "app"),
        (CALL, r#"{"channel": "mobile"}"#, "app"),
        (CALL, r#"{"channel": "web", "app": {"name": "Shop"}}"#, "web"),
        (r#""type": "track", "event": "Cart Viewed", "channel": "server""#, page, "server"),
        (r#""type": "track", "event": "Cart Viewed", "channel": "client""#, "{}", "client"),
        (r#""type": "track", "event": "Cart Viewed", "channel": "kiosk""#, "{}", "kiosk"),
    ] {
        assert_eq!(with_context(call, context).channel, channel, "{call} {context}");
    }
}

/// All that the specification lists under the context.
const WHOLE: &str = r#"{
    "active": true, "ip": "192.0.2.7", "userAgent": "Mozilla/5.0", "locale": "de-AT", "timezone": "Europe/Vienna",
    "groupId": "g-9", "library": {"name": "analytics.js", "version": "2.11.1"},
    "app": {"name": "Shop", "version": "545", "build": "3.0.1", "namespace": "example.shop"},
    "campaign": {"name": "spring", "source": "newsletter", "medium": "email", "term": "tea", "content": "top"},
    "device": {"id": "d-1", "advertisingId": "ad-1", "adTrackingEnabled": true, "manufacturer": "Maker", "model": "M1",
               "name": "Ann's phone", "type": "ios", "token": "t-1"},
    "location": {"city": "Wien", "latitude": 48.2, "longitude": 16.4}, "network": {"carrier": "C", "wifi": false},
    "os": {"name": "iPhone OS", "version": "8.1.3"}, "screen": {"width": 320, "height": 568},
    "page": {"path": "/tea", "referrer": "https://shop.example/", "search": "?q=1", "title": "Tea", "url": "https://shop.example/tea"},
    "referrer": {"id": "r-1", "type": "ad"}}"#;

#[test]
fn campaign_and_device_have_fields_and_the_rest_is_bounded() {
    let touchpoint = with_context(CALL, WHOLE);
    let campaign = Campaign { name: "spring".into(), source: "newsletter".into(), medium: "email".into() };
    let device = Device { r#type: "ios".into(), os: "iPhone OS 8.1.3".into(), app_version: "Shop 545".into() };
    assert_eq!((touchpoint.campaign.as_ref(), touchpoint.device.as_ref()), (Some(&campaign), Some(&device)));
    assert_eq!(who(&touchpoint), ["user_id:u-1001", "device_id:d-1"]);
    assert_eq!(
        kept(&touchpoint),
        [
            r#"context.campaign.content "top""#,
            r#"context.campaign.term "tea""#,
            r#"context.device.advertisingId "ad-1""#,
            r#"context.device.manufacturer "Maker""#,
            r#"context.device.model "M1""#,
            r#"context.groupId "g-9""#,
            r#"context.locale "de-AT""#,
            r#"context.page.referrer "https://shop.example/""#,
            r#"context.page.title "Tea""#,
            r#"context.page.url "https://shop.example/tea""#,
            r#"context.timezone "Europe/Vienna""#,
        ]
    );
}

#[test]
fn who_does_not_want_to_be_followed_is_not() {
    let device = r#"{"device": {"advertisingId": "ad-1", "adTrackingEnabled": false}}"#;
    assert_eq!(kept(&with_context(CALL, device)), [] as [&str; 0]);
}

#[test]
fn a_page_call_says_its_page_once_and_own_names_win() {
    let page = r#"{"page": {"url": "https://shop.example/tea"}}"#;
    assert_eq!(with_context(r#""type": "page""#, page).properties, None);
    let own = r#""type": "track", "event": "Cart Viewed", "properties": {"context": "own"}"#;
    assert_eq!(kept(&with_context(own, page)), [r#"context "own""#]);
}

#[test]
fn consent_is_a_decision_only_where_it_is_the_event() {
    let context = r#"{"consent": {"categoryPreferences": {"Advertising": true, "Analytics": false, "Unasked": null}}}"#;
    for event in ["Segment Consent Preference Updated", "Segment Consent Preference", "consent_changed"] {
        let touchpoint = with_context(&format!(r#""type": "track", "event": "{event}""#), context);
        let consent = |purpose: &str, status: ConsentStatus| Consent { purpose: purpose.into(), status: status.into() };
        assert_eq!(touchpoint.kind, "consent_changed");
        assert_eq!(
            touchpoint.consents,
            [consent("Advertising", ConsentStatus::Granted), consent("Analytics", ConsentStatus::Denied)]
        );
    }
    let elsewhere = with_context(CALL, context);
    assert_eq!((elsewhere.consents.len(), elsewhere.properties), (0, None));
}
