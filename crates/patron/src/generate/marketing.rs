//! Marketing: a message is sent, arrives, is opened and followed; a coupon is given, and used or not.

use rand::RngExt as _;
use types::{
    Kind,
    record::{Campaign, Coupon, Identifier, Touchpoint},
};

use super::{
    catalogue::{CAMPAIGNS, STORES, euros},
    sales,
    script::Script,
};

/// One message of a campaign and what becomes of it.
struct Message {
    id: String,
    channel: &'static str,
    campaign: Campaign,
    who: Vec<Identifier>,
}

/// A message to whoever can be reached; nobody is sent one who cannot be.
pub(crate) fn play(script: &mut Script<'_>) {
    let Some((channel, address)) = address(script) else { return sales::play(script) };
    let (name, _, _) = script.pick(&CAMPAIGNS);
    let campaign = Campaign { name: name.to_owned(), source: "campaigns".to_owned(), medium: channel.to_owned() };
    let message = Message { id: script.name("m"), channel, campaign, who: vec![address] };
    add(script, &message, Kind::MessageSent).cost = (channel == "sms").then(|| euros(7));
    for (kind, percent, least, most) in
        [(Kind::MessageDelivered, 97, 1, 30), (Kind::MessageOpened, 45, 60, 14_400), (Kind::MessageClicked, 40, 5, 120)]
    {
        if !script.chance(percent) {
            return;
        }
        script.wait(least, most);
        add(script, &message, kind);
    }
    if script.chance(70) {
        coupon(script, &message);
    }
}

fn address(script: &mut Script<'_>) -> Option<(&'static str, Identifier)> {
    let person = &script.person;
    let mail = person.email().map(|email| ("email", email));
    let others = [person.wechat().map(|id| ("wechat", id)), person.phone().map(|phone| ("sms", phone))];
    let other = others.into_iter().flatten().next();
    if script.rng.random_ratio(1, 4) { other.or(mail) } else { mail.or(other) }
}

/// The coupon goes to the loyalty account; it is used at a till within days, or runs out.
fn coupon(script: &mut Script<'_>, message: &Message) {
    let who = if script.person.record().is_empty() { message.who.clone() } else { script.person.record() };
    let coupon = Coupon { coupon_id: script.name("c"), offer_id: format!("{}-10", message.campaign.name) };
    script.wait(1, 20);
    with_coupon(script, &who, Kind::CouponIssued, &coupon, message);
    if script.chance(40) {
        script.wait_hours(2, 96);
        with_coupon(script, &who, Kind::CouponRedeemed, &coupon, message);
        script.wait(1, 5);
        let (store, _) = script.pick(&STORES);
        let card: Vec<Identifier> = script.person.card().into_iter().collect();
        sales::at_till(script, store, &card, "");
    } else {
        script.wait_hours(168, 168);
        with_coupon(script, &who, Kind::CouponExpired, &coupon, message);
    }
}

fn with_coupon(script: &mut Script<'_>, who: &[Identifier], kind: Kind, coupon: &Coupon, message: &Message) {
    let touchpoint = script.add("loyalty", kind, who);
    touchpoint.coupon = Some(coupon.clone());
    touchpoint.campaign = Some(message.campaign.clone());
}

fn add<'s>(script: &'s mut Script<'_>, message: &Message, kind: Kind) -> &'s mut Touchpoint {
    let touchpoint = script.add("campaigns", kind, &message.who);
    touchpoint.marketing_message_id.clone_from(&message.id);
    message.channel.clone_into(&mut touchpoint.channel);
    touchpoint.campaign = Some(message.campaign.clone());
    touchpoint
}
