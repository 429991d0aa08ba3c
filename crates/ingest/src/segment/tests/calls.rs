//! The six calls: who they speak of, which kind they become, whose traits they carry.

use super::*;

fn trait_names(touchpoint: &Touchpoint) -> Vec<&str> {
    touchpoint.traits.iter().flat_map(|traits| traits.fields.keys()).map(String::as_str).collect()
}

#[test]
fn identify_tells_traits_and_ids() {
    let touchpoint = admitted(
        r#"{"type": "identify", "userId": "u-1001", "anonymousId": "a-1", "messageId": "m-1", "channel": "browser",
            "timestamp": "2026-03-01T10:15:00.250Z", "sentAt": "2026-03-01T10:15:01Z", "receivedAt": "2026-03-01T10:15:02Z",
            "context": {"ip": "192.0.2.7", "userAgent": "Mozilla/5.0"}, "integrations": {"All": true}, "version": "1.1",
            "traits": {"name": "Ann Gruber", "email": "Ann@Shop.example", "phone": "+43 1 5550100", "logins": 5,
                       "plan": null, "address": {"city": "Wien", "country": "Austria"}}}"#,
    );
    assert_eq!(touchpoint.kind, "identified");
    assert_eq!(who(&touchpoint), ["user_id:u-1001", "email:ann@shop.example", "phone:+4315550100", "anonymous_id:a-1"]);
    assert_eq!(trait_names(&touchpoint), ["address", "email", "logins", "name", "phone", "plan"]);
    let plan = &touchpoint.traits.as_ref().unwrap().fields["plan"];
    assert_eq!(plan.kind, Some(ValueKind::NullValue(0)), "null removes a trait");
    assert_eq!((touchpoint.channel.as_str(), touchpoint.properties), ("web", None));
}

#[test]
fn identify_without_traits_links() {
    for traits in ["", r#", "traits": {}"#, r#", "traits": null"#, r#", "traits": []"#] {
        let message = format!(r#"{{"type": "identify", "userId": "u-1001", "anonymousId": "a-1"{traits}}}"#);
        let touchpoint = admitted(&message);
        assert_eq!((touchpoint.kind.as_str(), &touchpoint.traits), ("identifiers_linked", &None));
        assert_eq!(who(&touchpoint), ["user_id:u-1001", "anonymous_id:a-1"]);
    }
}

#[test]
fn pages_and_screens_keep_name_and_category() {
    let page = admitted(
        r#"{"type": "page", "anonymousId": "a-1", "name": "Tea", "category": "Shop",
            "properties": {"url": "https://shop.example/tea", "title": "Tea", "name": "Own"}}"#,
    );
    assert_eq!((page.kind.as_str(), page.channel.as_str()), ("page_viewed", "web"));
    assert_eq!(
        kept(&page),
        [r#"category "Shop""#, r#"name "Own""#, r#"title "Tea""#, r#"url "https://shop.example/tea""#]
    );
    let screen = admitted(
        r#"{"type": "screen", "anonymousId": "a-1", "name": "Cart", "properties": {"store_id": "s1", "variation": "b"}}"#,
    );
    assert_eq!((screen.kind.as_str(), screen.channel.as_str()), ("screen_viewed", "app"));
    assert_eq!(
        (screen.store_id.as_str(), kept(&screen)),
        ("s1", vec![r#"name "Cart""#.into(), r#"variation "b""#.into()])
    );
}

#[test]
fn a_group_gives_a_person_neither_traits_nor_ids() {
    let touchpoint = admitted(
        r#"{"type": "group", "userId": "u-1001", "groupId": "g-9",
            "traits": {"name": "Tea Lovers", "email": "club@shop.example", "phone": "1", "employees": 329},
            "context": {"traits": {"email": "Ann@Shop.example", "firstName": "Ann"}}}"#,
    );
    assert_eq!((touchpoint.kind.as_str(), &touchpoint.traits), ("group_joined", &None));
    assert_eq!(who(&touchpoint), ["user_id:u-1001", "email:ann@shop.example"]);
    assert_eq!(
        kept(&touchpoint),
        [
            r#"group_id "g-9""#,
            r#"group_traits.email "club@shop.example""#,
            "group_traits.employees 329",
            r#"group_traits.name "Tea Lovers""#,
            r#"group_traits.phone "1""#
        ]
    );
}

#[test]
fn alias_links_what_a_person_was_called_before() {
    for (ids, expected) in [
        (r#""previousId": "a-1""#, "anonymous_id:a-1"),
        (r#""previousId": "a-1", "anonymousId": "a-1""#, "anonymous_id:a-1"),
        (r#""previousId": "old", "anonymousId": "a-1""#, "user_id:old"),
        (r#""previousId": "ann@shop.example""#, "user_id:ann@shop.example"),
        (r#""previousId": 4711"#, "anonymous_id:4711"),
    ] {
        let touchpoint = admitted(&format!(r#"{{"type": "alias", "userId": "u-1001", {ids}}}"#));
        assert_eq!(touchpoint.kind, "identifiers_linked");
        assert!(who(&touchpoint).contains(&expected.to_owned()), "{ids}: {:?}", touchpoint.identifiers);
        assert!(who(&touchpoint).contains(&"user_id:u-1001".to_owned()));
    }
    let same = admitted(r#"{"type": "alias", "userId": "u-1001", "previousId": "u-1001", "anonymousId": "a-1"}"#);
    assert_eq!(who(&same), ["user_id:u-1001", "anonymous_id:a-1"]);
}

#[test]
fn only_identify_tells_traits() {
    let touchpoint = admitted(
        r#"{"type": "track", "event": "Cart Viewed", "userId": "u-1001",
            "context": {"traits": {"email": "Ann@Shop.example", "phone": 431555, "city": "Wien"}}}"#,
    );
    assert_eq!(touchpoint.traits, None, "an earlier call's traits would beat what was learned since");
    assert_eq!(who(&touchpoint), ["user_id:u-1001", "email:ann@shop.example", "phone:431555"]);
    let rudder = admitted(r#"{"type": "identify", "userId": "u-1001", "context": {"traits": {"city": "Wien"}}}"#);
    assert_eq!((rudder.kind.as_str(), trait_names(&rudder)), ("identified", vec!["city"]));
    let both =
        r#"{"type": "identify", "userId": "u-1001", "traits": {"city": "Graz"}, "context": {"traits": {"old": 1}}}"#;
    assert_eq!(trait_names(&admitted(both)), ["city"]);
}

#[test]
fn ids_may_be_numbers_and_come_from_all_over() {
    let touchpoint = admitted(
        r#"{"type": "track", "event": "Cart Viewed", "userId": 4711.0, "anonymousId": null,
            "properties": {"email": "Ann@Shop.example"},
            "context": {"device": {"id": "d-1"}, "externalId": [{"type": "brazeExternalId", "id": "b-1"}], "externalIds": [
                {"id": "c-1", "type": "Loyalty Card", "collection": "users", "encoding": "none"},
                {"id": 17, "type": "android.idfa"}, {"id": "acme", "type": "account_id", "collection": "accounts"},
                {"id": "", "type": "?"}]}}"#,
    );
    assert_eq!(
        who(&touchpoint),
        [
            "user_id:4711",
            "loyalty_card:c-1",
            "email:ann@shop.example",
            "android_idfa:17",
            "braze_external_id:b-1",
            "device_id:d-1"
        ]
    );
    assert_eq!(kept(&touchpoint), [] as [&str; 0]);
}

#[test]
fn what_is_not_said_is_left_to_the_caller() {
    let touchpoint = read_ok(r#"{"type": "page"}"#);
    assert_eq!((touchpoint.message_id.as_str(), &touchpoint.occurred_at), ("", &None));
    assert_eq!((touchpoint.source.as_str(), touchpoint.identifiers.len()), ("web", 0));
}

#[test]
fn the_collectors_time_goes_before_the_clients() {
    let both = r#"{"type": "page", "timestamp": "2026-03-01T11:15:00.250+01:00", "originalTimestamp": "2026-03-01T09:00:00Z"}"#;
    assert_eq!(read_ok(both).occurred().to_string(), "2026-03-01T10:15:00.25Z");
    let client = r#"{"type": "page", "timestamp": null, "originalTimestamp": "2026-03-01T09:00:00.123456789Z"}"#;
    assert_eq!(read_ok(client).occurred().to_string(), "2026-03-01T09:00:00.123456Z");
}
