//! What a customer's touchpoints come to, question by question, as `docs/metrics.md` has them.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::value::Kind as Value;
use types::record::{ConsentStatus, Touchpoint};

use super::{
    Answers,
    amount::{self, Amounts, ONE},
    calendar,
    counting::Seen,
    orders,
};

const COUNTS: [(&str, &[&str]); 21] = [
    ("visits", &["store_entered"]),
    ("zones_entered", &["zone_entered"]),
    ("app_opens", &["application_opened"]),
    ("views", &["page_viewed", "screen_viewed"]),
    ("product_views", &["product_viewed"]),
    ("searches", &["products_searched"]),
    ("cart_additions", &["product_added"]),
    ("checkouts", &["checkout_started"]),
    ("messages_sent", &["message_sent"]),
    ("messages_delivered", &["message_delivered"]),
    ("messages_opened", &["message_opened"]),
    ("messages_clicked", &["message_clicked"]),
    ("coupons_issued", &["coupon_issued"]),
    ("coupons_redeemed", &["coupon_redeemed"]),
    ("coupons_expired", &["coupon_expired"]),
    ("promotion_views", &["promotion_viewed"]),
    ("promotion_clicks", &["promotion_clicked"]),
    ("cases_opened", &["case_opened"]),
    ("cases_resolved", &["case_resolved"]),
    ("complaints", &["complaint_filed"]),
    ("touchpoints", &[]),
];

const INSTANTS: [(&str, &[&str], bool); 6] = [
    ("first_visit_at", &["store_entered"], true),
    ("last_visit_at", &["store_entered"], false),
    ("last_cart_at", &["product_added", "cart_viewed"], false),
    ("last_message_at", &["message_sent"], false),
    ("first", &[], true),
    ("last", &[], false),
];

type Text = fn(&Touchpoint) -> &str;

const TEXTS: [(&str, &[&str], Text, bool); 8] = [
    ("first_store", &[], |touchpoint| &touchpoint.store_id, true),
    ("last_store", &[], |touchpoint| &touchpoint.store_id, false),
    ("first_channel", &[], |touchpoint| &touchpoint.channel, true),
    ("last_channel", &[], |touchpoint| &touchpoint.channel, false),
    ("first_campaign", &[], campaign, true),
    ("last_campaign", &[], campaign, false),
    ("last_search", &["products_searched"], |touchpoint| &touchpoint.search_query, false),
    ("last_product_viewed", &["product_viewed"], product, false),
];

/// All answers.
pub(super) fn of(touchpoints: &[&Seen]) -> Answers {
    let mut sorted = touchpoints.to_vec();
    sorted.sort_by(|left, right| left.place().cmp(&right.place()));
    let mut answers = Answers::new();
    told_by_kind(&sorted, &mut answers);
    sums(&sorted, &mut answers);
    activity(&sorted, &mut answers);
    member(&sorted, &mut answers);
    orders::answer(&sorted, &mut answers);
    answers
}

fn of_kinds<'a>(sorted: &[&'a Seen], kinds: &[&str]) -> Vec<&'a Seen> {
    let wanted = |seen: &&Seen| kinds.is_empty() || kinds.contains(&seen.touchpoint.kind.as_str());
    sorted.iter().copied().filter(wanted).collect()
}

fn told_by_kind(sorted: &[&Seen], answers: &mut Answers) {
    for (name, kinds) in COUNTS {
        let count = of_kinds(sorted, kinds).len();
        if count > 0 {
            answers.insert(name.to_owned(), count.to_string());
        }
    }
    for (name, kinds, first) in INSTANTS {
        let mut found = of_kinds(sorted, kinds).into_iter().map(Seen::at);
        if let Some(at) = if first { found.next() } else { found.next_back() } {
            answers.insert(name.to_owned(), at.to_string());
        }
    }
    for (name, kinds, text, first) in TEXTS {
        let texts = of_kinds(sorted, kinds).into_iter().map(|seen| text(&seen.touchpoint));
        let mut texts = texts.filter(|text| !text.is_empty());
        if let Some(text) = if first { texts.next() } else { texts.next_back() } {
            answers.insert(name.to_owned(), text.to_owned());
        }
    }
}

fn sums(sorted: &[&Seen], answers: &mut Answers) {
    for (name, kind) in [("store_dwell", "store_exited"), ("zone_dwell", "zone_dwelled")] {
        let seconds: i128 = of_kinds(sorted, &[kind]).iter().map(|seen| seconds(&seen.touchpoint)).sum();
        if seconds != 0 {
            answers.insert(name.to_owned(), seconds.to_string());
        }
    }
    let points = |kind: &str| -> i128 {
        of_kinds(sorted, &[kind]).iter().map(|seen| i128::from(seen.touchpoint.points) * ONE).sum()
    };
    let (earned, spent) = (points("points_earned"), points("points_spent"));
    for (name, points, there) in [
        ("points_earned", earned, earned != 0),
        ("points_spent", spent, spent != 0),
        ("points_balance", earned - spent, earned != 0 || spent != 0),
    ] {
        there.then(|| answers.insert(name.to_owned(), points.to_string()));
    }
    let mut costs = Amounts::new();
    for seen in sorted {
        amount::add(&mut costs, 1, &amount::money(seen.touchpoint.cost.as_ref()).unwrap_or_default());
    }
    (!costs.is_empty()).then(|| answers.insert("costs".to_owned(), amount::text(&costs)));
    let mut scores: BTreeMap<&str, Vec<i128>> = BTreeMap::new();
    for seen in of_kinds(sorted, &["survey_answered", "product_reviewed"]) {
        if let Some(score) = &seen.touchpoint.score {
            scores.entry(&score.scale).or_default().push((score.value * 1e6).round() as i128 * 1_000_000);
        }
    }
    for (scale, values) in scores {
        let mean = amount::divided(values.iter().sum(), values.len() as i128);
        answers.insert(format!("mean_score/{scale}"), mean.to_string());
    }
}

fn activity(sorted: &[&Seen], answers: &mut Answers) {
    let mut days = BTreeSet::new();
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut times: BTreeMap<&str, i128> = BTreeMap::new();
    for seen in sorted {
        let touchpoint = &seen.touchpoint;
        days.insert(calendar::day(seen.at()));
        *times.entry(&touchpoint.store_id).or_default() += seconds(touchpoint);
        let categories: BTreeSet<&str> = touchpoint.items.iter().map(|item| item.category.as_str()).collect();
        let mut texts = vec![("month", calendar::month(seen.at()))];
        texts.extend(
            [("kind", &touchpoint.kind), ("store", &touchpoint.store_id), ("channel", &touchpoint.channel)]
                .map(|(by, text)| (by, text.clone())),
        );
        texts.extend(categories.into_iter().map(|text| ("category", text.to_owned())));
        for by in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            *counts.entry(by).or_default() += 1;
        }
    }
    for (plural, by) in [("stores", "store"), ("channels", "channel"), ("categories", "category")] {
        let distinct = counts.keys().filter(|(held, _)| *held == by).count();
        (distinct > 0).then(|| answers.insert(format!("distinct_{plural}"), distinct.to_string()));
    }
    (!days.is_empty()).then(|| answers.insert("active_days".to_owned(), days.len().to_string()));
    for ((by, text), count) in counts {
        answers.insert(format!("touchpoints_by_{by}/{text}"), count.to_string());
    }
    for (store, seconds) in times.into_iter().filter(|(store, seconds)| !store.is_empty() && *seconds != 0) {
        answers.insert(format!("time_by_store/{store}"), seconds.to_string());
    }
}

/// The last word on each trait and purpose; a trait set to null is none.
fn member(sorted: &[&Seen], answers: &mut Answers) {
    for seen in sorted {
        for (name, value) in seen.touchpoint.traits.iter().flat_map(|traits| &traits.fields) {
            let name = format!("trait/{name}");
            match &value.kind {
                None | Some(Value::NullValue(_)) => drop(answers.remove(&name)),
                Some(kind) => drop(answers.insert(name, format!("{kind:?}"))),
            }
        }
        for consent in &seen.touchpoint.consents {
            let granted = consent.status() == ConsentStatus::Granted;
            answers.insert(format!("consent/{}", consent.purpose), format!("{granted} {}", seen.at()));
        }
    }
}

fn seconds(touchpoint: &Touchpoint) -> i128 {
    let exact = |time: &prost_types::Duration| i128::from(time.seconds) * ONE + i128::from(time.nanos) * 1_000;
    touchpoint.duration.as_ref().map_or(0, exact)
}

fn campaign(touchpoint: &Touchpoint) -> &str {
    touchpoint.campaign.as_ref().map_or("", |campaign| &campaign.name)
}

fn product(touchpoint: &Touchpoint) -> &str {
    touchpoint.items.iter().map(|item| item.product_id.as_str()).find(|text| !text.is_empty()).unwrap_or_default()
}
