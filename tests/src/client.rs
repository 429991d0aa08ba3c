//! A gRPC client of a server process, with short calls for tests.

use std::time::Duration;

use patron::client::Server as Connection;
use proto::{
    customer::{Customer, CustomerRef, GetCustomerRequest, customer_ref},
    ingest::{PublishRequest, PublishResult, publish_result::Outcome},
};
use tonic::Status;
use types::record::{Position, Touchpoint};

use crate::{process::Server, touchpoints::identifier_of};

/// Connects to a server process.
pub async fn connect(server: &Server) -> Connection {
    Connection::connect(&server.grpc).await.expect("the server answers")
}

/// Publishes a batch.
pub async fn publish(connection: &Connection, touchpoints: Vec<Touchpoint>) -> Result<Vec<PublishResult>, Status> {
    Ok(connection.ingest().publish(PublishRequest { touchpoints }).await?.into_inner().results)
}

/// Publishes one touchpoint that must be accepted.
pub async fn accept(connection: &Connection, touchpoint: Touchpoint) -> Position {
    let results = publish(connection, vec![touchpoint]).await.expect("the server answers");
    match results.into_iter().next().and_then(|result| result.outcome) {
        Some(Outcome::Accepted(accepted)) => accepted.position.expect("accepted says where"),
        other => panic!("not accepted: {other:?}"),
    }
}

/// Who, by `NAMESPACE:VALUE`.
pub fn who(identifier: &str) -> Option<CustomerRef> {
    Some(CustomerRef { r#ref: Some(customer_ref::Ref::Identifier(identifier_of(identifier))) })
}

/// The customer who holds an identifier, once a position is folded.
pub async fn customer(connection: &Connection, identifier: &str, after: Option<Position>) -> Result<Customer, Status> {
    let min_position = after.into_iter().collect();
    let request = GetCustomerRequest { customer: who(identifier), min_position, ..GetCustomerRequest::default() };
    Ok(connection.customers().get_customer(request).await?.into_inner().customer.expect("an answer has a customer"))
}

/// The customer who holds an identifier, asked for with a deadline.
pub async fn hurried(connection: &Connection, identifier: &str, deadline: Duration) -> Result<Customer, Status> {
    let request = GetCustomerRequest { customer: who(identifier), ..GetCustomerRequest::default() };
    let mut request = tonic::Request::new(request);
    request.set_timeout(deadline);
    Ok(connection.customers().get_customer(request).await?.into_inner().customer.expect("an answer has a customer"))
}

/// A metric's count.
pub fn count(customer: &Customer, name: &str) -> i64 {
    use proto::customer::metric_value::Value;
    match customer.metrics.get(name).and_then(|metric| metric.value.as_ref()) {
        Some(Value::Count(count)) => *count,
        _ => 0,
    }
}
