//! Sessions on the web and in the app: look, search, fill the cart, go to the checkout, order.

use rand::RngExt as _;
use types::{
    Kind,
    record::{Campaign, Device, Identifier, Item, Touchpoint},
};

use super::{
    catalogue::{CAMPAIGNS, SEARCHES, any_product},
    sales,
    script::Script,
    service::identify,
};

const REFERRERS: [&str; 4] =
    ["https://search.example/", "https://news.example/shopping", "push notification", "direct"];
const LOCALES: [&str; 4] = ["de-AT", "de-AT", "en-GB", "it-IT"];

const BROWSER_DEVICES: [(&str, &str); 4] =
    [("desktop", "Windows 11"), ("desktop", "macOS 15"), ("phone", "Android 16"), ("tablet", "iPadOS 26")];
const APP_DEVICES: [(&str, &str); 3] = [("phone", "Android 16"), ("phone", "iOS 26"), ("tablet", "iPadOS 26")];

/// What all touchpoints of one session share.
struct Session {
    source: &'static str,
    view: Kind,
    who: Vec<Identifier>,
    visit: String,
    device: Device,
    campaign: Option<Campaign>,
    /// Where the session came from, and in which language.
    context: [(&'static str, &'static str); 2],
}

/// A session in a browser: anonymous, until the person logs in.
pub(crate) fn web(script: &mut Script<'_>) {
    let who = vec![script.person.browser(script.at)];
    let device = device(script, &BROWSER_DEVICES);
    let campaign = campaign(script);
    let context = context(script);
    let mut session =
        Session { source: "web", view: Kind::PageViewed, who, visit: script.name("s"), device, campaign, context };
    look(script, &session, "/");
    if script.chance(35) {
        log_in(script, &mut session);
    }
    wander(script, &session);
    shop(script, &session);
}

/// A session in the app: the device is known, and who is logged in stays so.
pub(crate) fn app(script: &mut Script<'_>) {
    let second = script.chance(25);
    let who = script.person.user_id().into_iter().chain([script.person.device(second)]).collect();
    let device = device(script, &APP_DEVICES);
    let (visit, context) = (script.name("s"), context(script));
    let session = Session { source: "app", view: Kind::ScreenViewed, who, visit, device, campaign: None, context };
    add(script, &session, Kind::ApplicationOpened);
    look(script, &session, "home");
    wander(script, &session);
    shop(script, &session);
}

fn device(script: &mut Script<'_>, devices: &[(&str, &str)]) -> Device {
    let app_version = format!("4.{}.{}", script.rng.random_range(0..9), script.rng.random_range(0..4));
    let (r#type, os) = script.pick(devices);
    Device { r#type: r#type.to_owned(), os: os.to_owned(), app_version }
}

fn context(script: &mut Script<'_>) -> [(&'static str, &'static str); 2] {
    [("referrer", script.pick(&REFERRERS)), ("locale", script.pick(&LOCALES))]
}

fn campaign(script: &mut Script<'_>) -> Option<Campaign> {
    let (name, source, medium) = script.pick(&CAMPAIGNS);
    script.chance(20).then(|| Campaign { name: name.to_owned(), source: source.to_owned(), medium: medium.to_owned() })
}

/// From now on the session carries who the person is; the first login also tells what is known of them.
fn log_in(script: &mut Script<'_>, session: &mut Session) {
    let Some(user) = script.person.user_id() else { return };
    script.wait(3, 60);
    let browser = session.who.clone();
    session.who = std::iter::once(user)
        .chain(script.person.email().filter(|_| script.rng.random_ratio(1, 3)))
        .chain(browser)
        .collect();
    if script.chance(20) {
        let who = session.who.clone();
        identify(script, "web", &who);
    }
}

fn wander(script: &mut Script<'_>, session: &Session) {
    if script.chance(20) {
        let (name, _, _) = script.pick(&CAMPAIGNS);
        tell(add(script, session, Kind::PromotionViewed), "promotion", name);
        if script.chance(25) {
            tell(add(script, session, Kind::PromotionClicked), "promotion", name);
        }
    }
    if script.chance(35) {
        let words = script.pick(&SEARCHES);
        words.clone_into(&mut add(script, session, Kind::ProductsSearched).search_query);
    }
    if script.chance(35) {
        let category = any_product(script).category;
        tell(add(script, session, Kind::ProductListViewed), "list", &category);
    }
}

/// Products looked at; some go into the cart; some carts become orders.
fn shop(script: &mut Script<'_>, session: &Session) {
    let mut cart = Vec::new();
    for _ in 0..script.rng.random_range(1..4) {
        let product = any_product(script);
        with_item(add(script, session, Kind::ProductViewed), &product);
        if script.chance(30) {
            with_item(add(script, session, Kind::ProductAdded), &product);
            cart.push(product);
        }
    }
    if let Some(product) = cart.pop_if(|_| script.chance(15)) {
        with_item(add(script, session, Kind::ProductRemoved), &product);
    }
    if !cart.is_empty() {
        check_out(script, session, &cart);
    }
}

fn check_out(script: &mut Script<'_>, session: &Session, cart: &[Item]) {
    if script.chance(60) {
        add(script, session, Kind::CartViewed).items = cart.to_vec();
    }
    if script.chance(65) {
        add(script, session, Kind::CheckoutStarted);
        if script.chance(70) {
            script.wait(30, 240);
            sales::online(script, session.source, &session.who, cart, &session.visit);
        }
    }
}

fn look(script: &mut Script<'_>, session: &Session, page: &str) {
    let view = session.view;
    tell(add(script, session, view), "page", page);
}

fn add<'s>(script: &'s mut Script<'_>, session: &Session, kind: Kind) -> &'s mut Touchpoint {
    script.wait(2, 45);
    let touchpoint = script.add(session.source, kind, &session.who);
    session.source.clone_into(&mut touchpoint.channel);
    touchpoint.visit_id.clone_from(&session.visit);
    touchpoint.device = Some(session.device.clone());
    touchpoint.campaign.clone_from(&session.campaign);
    session.context.iter().for_each(|(name, value)| tell(touchpoint, name, value));
    touchpoint
}

fn with_item(touchpoint: &mut Touchpoint, product: &Item) {
    touchpoint.items = vec![product.clone()];
}

/// Adds a property.
fn tell(touchpoint: &mut Touchpoint, name: &str, value: &str) {
    touchpoint.properties.get_or_insert_default().fields.insert(name.to_owned(), value.into());
}
