//! Whom a batch asks for. Owns what is refused before anything is waited for or read.

use bytes::Bytes;
use proto::{customer::CustomerRef, encoded};
use tonic::Status;

use crate::status;

/// Most customers of one batch request.
const BATCH_MAX: usize = 1_000;

/// One of them.
#[derive(Debug, PartialEq)]
pub(super) enum Asked<'a> {
    /// Namespace and value, neither of them empty, where the request lies.
    Identifier(&'a str, &'a str),
    Any(CustomerRef),
}

/// All of them, in their order.
pub(super) fn asked<'a>(customers: &'a [Bytes]) -> Result<Vec<Asked<'a>>, Status> {
    if customers.is_empty() || customers.len() > BATCH_MAX {
        return Err(status::invalid("customers", format!("{} given; send 1 to {BATCH_MAX}", customers.len())));
    }
    let one = |(at, who): (usize, &'a Bytes)| match encoded::identifier(who) {
        Some((namespace, value)) if !namespace.is_empty() && !value.is_empty() => {
            Ok(Asked::Identifier(namespace, value))
        }
        _ => encoded::customer_ref(who, format_args!("customers[{at}]")).map(Asked::Any),
    };
    customers.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use proto::customer::customer_ref::Ref;
    use tonic::Code;
    use types::record::Identifier;

    use super::*;

    fn reference(of: Ref) -> Bytes {
        CustomerRef { r#ref: Some(of) }.encode_to_vec().into()
    }

    fn identifier(namespace: &str, value: &str) -> Ref {
        Ref::Identifier(Identifier { namespace: namespace.to_owned(), value: value.to_owned() })
    }

    #[test]
    fn all_are_read_in_their_order_whatever_names_them() {
        let id = Ref::CustomerId("x".to_owned());
        let customers =
            [identifier("user_id", "ann"), id.clone(), identifier("email", ""), identifier("email", "A@b.eu")];
        let customers = customers.map(reference);
        let any = |of| Asked::Any(CustomerRef { r#ref: Some(of) });
        let expected = vec![
            Asked::Identifier("user_id", "ann"),
            any(id),
            any(identifier("email", "")),
            Asked::Identifier("email", "A@b.eu"),
        ];
        assert_eq!(asked(&customers).unwrap(), expected);
    }

    #[test]
    fn who_cannot_be_read_is_named_by_the_place() {
        let customers = [reference(identifier("user_id", "ann")), Bytes::from_static(b"\x0a\x04\x12\x02\xff\xfe")];
        let status = asked(&customers).unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with("customers[1]."), "{}", status.message());
    }

    #[test]
    fn none_and_too_many_are_refused() {
        for count in [0, BATCH_MAX + 1] {
            let status = asked(&vec![reference(identifier("user_id", "ann")); count]).unwrap_err();
            assert!(status.message().contains(&format!("{count} given; send 1 to 1000")), "{}", status.message());
        }
        assert_eq!(asked(&vec![reference(identifier("user_id", "ann")); BATCH_MAX]).unwrap().len(), BATCH_MAX);
    }
}
