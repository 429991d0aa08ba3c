//! Who a message speaks of: the ids of the specification, e-mail and phone, the device, external ids.
//!
//! Never judges whether a value stands for somebody, and never takes a group's id or address for a person's.

use proto::ingest::Reason;
use types::record::Identifier;

use super::event::snake_case;
use super::fields::Fields;
use super::message::{Call, Message};
use crate::check::Findings;

const USER: &str = "user_id";
const ANONYMOUS: &str = "anonymous_id";

/// All identifiers of a message.
pub(super) fn read(message: &mut Message<'_>, findings: &mut Findings) -> Vec<Identifier> {
    let user = message.head.text("userId", findings);
    let anonymous = message.head.text("anonymousId", findings);
    let mut list = Vec::new();
    if message.call == Call::Alias {
        let previous = message.head.text("previousId", findings);
        add(&mut list, namespace_of_previous(&previous, &anonymous), previous);
    }
    add(&mut list, USER, user);
    add(&mut list, ANONYMOUS, anonymous);
    add(&mut list, "device_id", message.device.text("id", findings));
    addresses(message, &mut list, findings);
    ["externalIds", "externalId"].iter().for_each(|name| external(name, &mut message.context, &mut list, findings));
    list
}

/// A previous id is an anonymous id or a user id; the specification does not say which. Where the message carries an anonymous
/// id of its own and the previous one is another, it is a user id, as the browser's SDK fills it in; and so is an e-mail
/// address, which nobody draws at random.
fn namespace_of_previous(previous: &str, anonymous: &str) -> &'static str {
    let another = !anonymous.is_empty() && anonymous != previous;
    if another || previous.contains('@') { USER } else { ANONYMOUS }
}

/// The traits are the person's only on an identify call; those that an earlier one said are the person's on every call.
fn addresses(message: &mut Message<'_>, list: &mut Vec<Identifier>, findings: &mut Findings) {
    for name in ["email", "phone"] {
        if message.call == Call::Identify {
            add(list, name, message.traits.peek(name, findings));
        }
        add(list, name, message.known_traits.peek(name, findings));
    }
    add(list, "email", message.properties.text("email", findings));
}

/// Ids of `accounts` are not a person's. RudderStack has the list under the singular.
fn external(name: &str, context: &mut Fields<'_>, list: &mut Vec<Identifier>, findings: &mut Findings) {
    for mut entry in context.objects(name, findings) {
        let collection = entry.text("collection", findings);
        let (kind, value) = (entry.text("type", findings), entry.text("id", findings));
        if !value.is_empty() && (collection.is_empty() || collection == "users") {
            match snake_case(&kind) {
                Some(namespace) => add(list, &namespace, value),
                None => no_namespace(&entry.path_of("type"), findings),
            }
        }
    }
}

fn no_namespace(path: &str, findings: &mut Findings) {
    let description = "it makes no namespace; name the kind of id in letters a to z, digits and `_`, a letter first";
    findings.add(Reason::Malformed, format_args!("{path}"), description);
}

fn add(list: &mut Vec<Identifier>, namespace: &str, value: String) {
    if !value.is_empty() {
        list.push(Identifier { namespace: namespace.to_owned(), value });
    }
}
