//! By what way a contact was made: channel, campaign, device.
//!
//! Never takes what tells a person's whereabouts or machine apart: address, user agent, position and network are dropped.

use types::record::{Campaign, Device, Touchpoint};

use super::fields::Fields;
use super::kept;
use super::message::{Call, Message};
use crate::check::Findings;

/// Fills in the channel, the campaign and the device, and puts what is kept of the context among the properties.
pub(super) fn read(message: &mut Message<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let mut campaign = message.context.object("campaign", findings);
    let mut app = message.context.object("app", findings);
    let page = message.context.object("page", findings);
    touchpoint.channel = channel(message, !page.is_empty(), !app.is_empty(), findings);
    touchpoint.campaign = read_campaign(&mut campaign, findings);
    touchpoint.device = read_device(message, &mut app, findings);
    kept::keep(message, campaign, page);
}

/// What the message says of its channel, in our words; else what can be told from the call and its context. Segment itself says
/// no more than `client` for browsers and apps.
fn channel(message: &mut Message<'_>, has_page: bool, has_app: bool, findings: &mut Findings) -> String {
    let said = message.context.text("channel", findings);
    let beside = message.head.text("channel", findings);
    let said = if said.is_empty() { beside } else { said };
    match (said.as_str(), message.call) {
        ("browser", _) | ("" | "client", Call::Page) => "web".to_owned(),
        ("mobile", _) | ("" | "client", Call::Screen) => "app".to_owned(),
        ("" | "client", _) if has_page => "web".to_owned(),
        ("" | "client", _) if has_app || !message.device.is_empty() => "app".to_owned(),
        _ => said,
    }
}

fn read_campaign(campaign: &mut Fields<'_>, findings: &mut Findings) -> Option<Campaign> {
    let read = Campaign {
        name: campaign.text("name", findings),
        source: campaign.text("source", findings),
        medium: campaign.text("medium", findings),
    };
    (read != Campaign::default()).then_some(read)
}

fn read_device(message: &mut Message<'_>, app: &mut Fields<'_>, findings: &mut Findings) -> Option<Device> {
    let mut os = message.context.object("os", findings);
    let read = Device {
        r#type: message.device.text("type", findings),
        os: with_version(&mut os, findings),
        app_version: with_version(app, findings),
    };
    (read != Device::default()).then_some(read)
}

/// Name and version with a space between them.
fn with_version(fields: &mut Fields<'_>, findings: &mut Findings) -> String {
    let (name, version) = (fields.text("name", findings), fields.text("version", findings));
    format!("{name} {version}").trim().to_owned()
}
