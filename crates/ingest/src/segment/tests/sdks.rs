//! What the official SDKs really send; see `fixtures/README.md`.

use super::*;

pub(super) const SDKS: [(&str, &str); 4] = [
    ("analytics-node", include_str!("../fixtures/analytics-node.ndjson")),
    ("analytics-next", include_str!("../fixtures/analytics-next.ndjson")),
    ("analytics-python", include_str!("../fixtures/analytics-python.ndjson")),
    ("rudder-sdk-node", include_str!("../fixtures/rudder-sdk-node.ndjson")),
];

/// Kind, channel and identifiers of each message of an SDK, anonymous ids apart.
fn told(sdk: &str) -> Vec<(String, String, String)> {
    let (_, messages) = SDKS.into_iter().find(|(name, _)| *name == sdk).unwrap();
    let known = |touchpoint: &Touchpoint| {
        who(touchpoint).into_iter().filter(|one| !one.starts_with("anonymous_id")).collect::<Vec<_>>().join(" ")
    };
    let told = |touchpoint: Touchpoint| (touchpoint.kind.clone(), touchpoint.channel.clone(), known(&touchpoint));
    messages.lines().map(|message| told(admitted(message))).collect()
}

fn message(sdk: &str, line: usize) -> Touchpoint {
    let (_, messages) = SDKS.into_iter().find(|(name, _)| *name == sdk).unwrap();
    admitted(messages.lines().nth(line).unwrap())
}

fn hold(sdk: &str, expected: &[(&str, &str, &str)]) {
    let told = told(sdk);
    let told: Vec<(&str, &str, &str)> =
        told.iter().map(|(kind, channel, who)| (kind.as_str(), channel.as_str(), who.as_str())).collect();
    assert_eq!(told, expected, "{sdk}");
}

#[test]
fn every_message_has_id_and_time() {
    for (sdk, messages) in SDKS {
        for message in messages.lines() {
            let touchpoint = read_ok(message);
            assert!(!touchpoint.message_id.is_empty() && touchpoint.occurred_at.is_some(), "{sdk}: {message}");
            assert!(
                kept(&admitted(message)).iter().all(|line| !line.contains("192.0.2.7") && !line.contains("Mozilla"))
            );
        }
    }
}

#[test]
fn node() {
    let ann = "user_id:u-1001 email:ann@shop.example phone:+4315550100";
    hold(
        "analytics-node",
        &[
            ("identified", "", ann),
            ("identifiers_linked", "", "user_id:u-1001"),
            ("page_viewed", "web", "user_id:u-1001"),
            ("screen_viewed", "app", "user_id:u-1001"),
            ("order_completed", "web", "user_id:u-1001"),
            ("group_joined", "", "user_id:u-1001"),
            ("identifiers_linked", "", "user_id:u-1001"),
        ],
    );
    let order = message("analytics-node", 4);
    assert_eq!(order.order.unwrap().total, Some(money("23.80", "EUR")));
    let lines: Vec<(&str, &str)> = order
        .items
        .iter()
        .map(|item| (item.product_id.as_str(), item.price.as_ref().unwrap().amount.as_str()))
        .collect();
    assert_eq!(lines, [("green-tea", "12.95"), ("CUP-1", "0.40")]);
    assert_eq!(order.store_id, "s1");
}

#[test]
fn browser() {
    hold(
        "analytics-next",
        &[
            ("page_viewed", "web", ""),
            ("identifiers_linked", "web", "user_id:u-1001"),
            ("identified", "web", "user_id:u-1001 email:ann@shop.example"),
            ("product_added", "web", "user_id:u-1001"),
            ("order_completed", "web", "user_id:u-1001"),
            ("consent_changed", "web", "user_id:u-1001"),
            ("screen_viewed", "app", "user_id:u-1001"),
            ("group_joined", "web", "user_id:u-1001"),
            ("identifiers_linked", "web", "user_id:u-1001"),
        ],
    );
    let page = message("analytics-next", 0);
    assert_eq!(page.campaign.as_ref().unwrap().name, "spring");
    assert!(kept(&page).iter().any(|line| line.starts_with("url ")), "{:?}", kept(&page));
    let alias = message("analytics-next", 1);
    assert_eq!(alias.identifiers.len(), 2, "the previous id is the anonymous one");
    assert_eq!(message("analytics-next", 3).items[0].price, Some(money("12.95", "EUR")));
    assert_eq!(message("analytics-next", 5).consents.len(), 2);
}

#[test]
fn python() {
    hold(
        "analytics-python",
        &[
            ("identified", "", "user_id:4711 email:ann@shop.example"),
            ("order_completed", "", "user_id:4711.0"),
            ("page_viewed", "web", "user_id:u-1001"),
            ("screen_viewed", "app", "user_id:u-1001"),
            ("group_joined", "", "user_id:u-1001"),
            ("identifiers_linked", "", "user_id:u-1001"),
        ],
    );
    assert_eq!(who(&message("analytics-python", 5)), ["user_id:u-1001", "anonymous_id:a-1"]);
}

#[test]
fn rudderstack() {
    let ann = "user_id:u-1001 email:ann@shop.example braze_external_id:b-1";
    hold(
        "rudder-sdk-node",
        &[
            ("identified", "server", ann),
            ("product_viewed", "server", "user_id:u-1001"),
            ("page_viewed", "server", "user_id:u-1001"),
            ("screen_viewed", "server", "user_id:u-1001"),
            ("group_joined", "server", "user_id:u-1001"),
            ("identifiers_linked", "server", "user_id:u-1001"),
        ],
    );
    assert_eq!(message("rudder-sdk-node", 0).occurred().to_string(), "2026-03-01T10:15:00.25Z");
}
