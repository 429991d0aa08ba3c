//! Answers from memory, and from profiles in memory, are those that the state gives: byte for byte beside a server that keeps none, over everything that moves
//! customers; exact at what they say to cover while others write; and of the generation that is served.
#![cfg(test)]

use std::path::Path;

use patron::client::Server as Connection;
use prost::Message as _;
use prost_types::FieldMask;
use proto::{
    customer::{
        BatchGetCustomersRequest, BatchGetCustomersResponse, Customer, CustomerRef, GetCustomerRequest,
        GetCustomerResponse, customer_ref::Ref,
    },
    ingest::DecideIdentityRequest,
};
use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use tests::{
    client::{accept, connect, publish, who},
    process::{Server, wait_a_little},
    touchpoints::{identifier_of, order, touchpoint},
};
use tonic::Code;
use types::record::{IdentityAction, Position, Touchpoint};

const MARCH: i64 = 1_772_323_200;
const STEPS: usize = 120;
const WITHOUT_ANSWERS: (&str, &str) = ("PATRON_QUERY_HOT_BYTES", "0");
const WITHOUT_PROFILES: (&str, &str) = ("PATRON_QUERY_PROFILES_BYTES", "0");
const MASKS: [&[&str]; 5] = [
    &[],
    &["first_touchpoint_at.seconds", "consents"],
    &["customer_id", "identifiers", "refused_links"],
    &["traits", "metrics.orders", "metrics.net", "last_touchpoint_at"],
    &["touchpoint_count", "contact"],
];

/// A server that keeps answers, and one that keeps none and is told the same.
struct Twins {
    hot: Connection,
    cold: Connection,
    random: ChaCha8Rng,
    steps: usize,
    /// The last place of each journal.
    last: [Vec<Position>; 2],
}

fn names() -> Vec<String> {
    let mut names: Vec<String> =
        (0..4).flat_map(|at| [format!("user_id:u{at}"), format!("email:A{at}@shop.eu")]).collect();
    names.extend((0..3).map(|at| format!("loyalty_card:000{at} 1234")));
    names.extend(["device_id:kiosk", "anonymous_id:a1", "user_id:nobody"].map(str::to_owned));
    names
}

impl Twins {
    fn servers(&self) -> [(usize, &Connection); 2] {
        [(0, &self.hot), (1, &self.cold)]
    }

    fn name(&mut self) -> String {
        let mut names = names();
        names.pop();
        names.choose(&mut self.random).unwrap().clone()
    }

    async fn publish(&mut self, sent: Touchpoint) {
        for (at, position) in
            [accept(&self.hot, sent.clone()).await, accept(&self.cold, sent).await].into_iter().enumerate()
        {
            self.last[at] = vec![position];
        }
    }

    async fn decide(&mut self, action: IdentityAction, left: &str, right: &str) {
        let mut last = Vec::new();
        for (_, server) in self.servers() {
            let request = DecideIdentityRequest {
                decision_id: format!("d{}", self.steps),
                action: action.into(),
                left: Some(identifier_of(left)),
                right: Some(identifier_of(right)),
                reason: "the two spoke up".into(),
                operator: "desk".into(),
                decided_at: Some(prost_types::Timestamp { seconds: MARCH + self.steps as i64, nanos: 0 }),
            };
            match server.identity().decide_identity(request).await {
                Ok(answer) => last.push(answer.into_inner().position.unwrap()),
                // Two spellings of one identifier, or one that is never linked.
                Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{status}"),
            }
        }
        for (at, position) in last.into_iter().enumerate() {
            self.last[at] = vec![position];
        }
    }

    /// Something that moves customers.
    async fn step(&mut self) {
        self.steps += 1;
        let (second, message) = (MARCH + self.random.random_range(0..1_000), format!("m{}", self.steps));
        let (one, other) = (self.name(), self.name());
        match self.random.random_range(0..10) {
            0..3 => self.publish(touchpoint("page_viewed", &message, second, &one)).await,
            3..5 => {
                let of = format!("o{}", self.random.random_range(0..5));
                self.publish(order(&message, second, &one, &of, "2.50")).await;
            }
            5..7 => {
                let mut both = touchpoint("identifiers_linked", &message, second, &one);
                both.identifiers.push(identifier_of(&other));
                self.publish(both).await;
            }
            7 => {
                // A name that was sent before, with another content: the earlier one counts, and a fragment is folded anew.
                let again = format!("m{}", self.random.random_range(1..=self.steps));
                self.publish(Touchpoint {
                    store_id: "s9".into(),
                    ..touchpoint("page_viewed", &again, second - 5_000, &one)
                })
                .await;
            }
            8 => {
                // A kiosk, until it has been at so many that it links nobody.
                for visitor in 0..4 {
                    let mut at = touchpoint("page_viewed", &format!("{message}v{visitor}"), second, "device_id:kiosk");
                    at.identifiers.push(identifier_of(&format!("user_id:visitor{}-{visitor}", self.steps)));
                    self.publish(at).await;
                }
            }
            _ => {
                use IdentityAction::{Link, Separate, Unlink, Withdraw};
                let action = *[Link, Separate, Unlink, Withdraw].choose(&mut self.random).unwrap();
                self.decide(action, &one, &other).await;
            }
        }
    }

    /// All answers of a server by a mask, one by one and together.
    async fn answers(
        &self,
        at: usize,
        asked: &[CustomerRef],
        paths: &[&str],
    ) -> (BatchGetCustomersResponse, Vec<Option<GetCustomerResponse>>) {
        let (_, server) = self.servers()[at];
        let read_mask = Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
        let min_position = self.last[at].clone();
        let request = BatchGetCustomersRequest {
            customers: asked.to_vec(),
            read_mask: read_mask.clone(),
            min_position: min_position.clone(),
        };
        let batch = server.customers().batch_get_customers(request).await.unwrap().into_inner();
        let mut alone = Vec::new();
        for one in asked {
            let request = GetCustomerRequest {
                customer: Some(one.clone()),
                read_mask: read_mask.clone(),
                min_position: min_position.clone(),
                ..GetCustomerRequest::default()
            };
            alone.push(match server.customers().get_customer(request).await {
                Ok(answer) => Some(answer.into_inner()),
                Err(status) => {
                    assert_eq!(status.code(), Code::NotFound, "{status}");
                    None
                }
            });
        }
        (batch, alone)
    }

    /// Both say the same of everybody, the one with a memory twice.
    async fn compare(&self, paths: &[&str]) {
        let mut asked: Vec<CustomerRef> = names().iter().filter_map(|name| who(name)).collect();
        let (known, _) = self.answers(1, &asked, &["customer_id"]).await;
        let ids = known.results.into_iter().filter_map(|result| result.customer).map(|customer| customer.customer_id);
        asked.extend(ids.map(|id| CustomerRef { r#ref: Some(Ref::CustomerId(id)) }));
        let (fresh, alone) = self.answers(1, &asked, paths).await;
        for again in 0..2 {
            let (hot, hot_alone) = self.answers(0, &asked, paths).await;
            for (at, asked) in asked.iter().enumerate() {
                let expected = without_clock(fresh.results[at].customer.as_ref());
                let told = |customer| format!("step {}, {again}, {paths:?}, {asked:?}: {customer}", self.steps);
                assert_eq!(without_clock(hot.results[at].customer.as_ref()), expected, "{}", told("in a batch"));
                let (one, other) = (alone[at].as_ref(), hot_alone[at].as_ref());
                assert_eq!(
                    without_clock(other.and_then(|answer| answer.customer.as_ref())),
                    expected,
                    "{}",
                    told("alone")
                );
                if let (Some(one), Some(other)) = (one, other) {
                    assert_eq!(one.applied, other.applied, "{}", told("what it covers"));
                }
            }
            assert_eq!(hot.applied, fresh.applied, "step {}", self.steps);
        }
    }
}

/// The bytes of a customer, without the instant at which a channel was looked at.
fn without_clock(customer: Option<&Customer>) -> Option<Vec<u8>> {
    let mut customer = customer?.clone();
    customer.contact.iter_mut().for_each(|channel| channel.evaluated_at = None);
    Some(customer.encode_to_vec())
}

fn started(dir: &Path, environment: &[(&str, &str)]) -> Server {
    let environment: Vec<_> = [("PATRON_JOURNAL_PARTITIONS", "1"), ("PATRON_HASH_KEY", "the same in both")]
        .iter()
        .chain(environment)
        .copied()
        .collect();
    Server::start_with(dir, &environment).unwrap()
}

/// A counter of look-ups.
fn counted(server: &Server, what: &str) -> f64 {
    server.metric(&format!("patron_query_{what}_total")).unwrap_or_default()
}

/// Takes a server that remembers so much, and one that remembers nothing, through everything that moves customers; counters of the first.
async fn compared(remembered: &[(&str, &str)]) -> [f64; 2] {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (hot, cold) = (started(one.path(), remembered), started(other.path(), &[WITHOUT_ANSWERS, WITHOUT_PROFILES]));
    let mut twins = Twins {
        hot: connect(&hot).await,
        cold: connect(&cold).await,
        random: ChaCha8Rng::seed_from_u64(11),
        steps: 0,
        last: [Vec::new(), Vec::new()],
    };
    for step in 0..STEPS {
        twins.step().await;
        twins.compare(MASKS[step % MASKS.len()]).await;
    }
    for mask in MASKS {
        twins.compare(mask).await;
    }
    assert_eq!(["hot_hits", "profiles_hits"].map(|what| counted(&cold, what)), [0.0; 2]);
    ["hot_hits", "profiles_hits"].map(|what| counted(&hot, what))
}

#[tokio::test]
async fn everything_that_moves_customers_shows_as_in_a_server_without_a_memory() {
    let [answers, profiles] = compared(&[]).await;
    assert!(answers > 1_000.0 && profiles > 100.0, "{answers} and {profiles} from memory");
}

#[tokio::test]
async fn and_so_it_does_where_profiles_alone_are_remembered() {
    let [answers, profiles] = compared(&[WITHOUT_ANSWERS]).await;
    assert!(answers == 0.0 && profiles > 1_000.0, "{answers} and {profiles} from memory");
}

#[tokio::test]
async fn an_answer_is_exact_at_what_it_covers_while_others_publish() {
    const SENT: usize = 600;
    let dir = tempfile::tempdir().unwrap();
    let server = started(dir.path(), &[]);
    let (publisher, reader) = (connect(&server).await, connect(&server).await);
    let publishing = tokio::spawn(async move {
        for number in 0..SENT {
            // Every other one is Ann's, the rest are Bob's.
            let of = if number % 2 == 0 { "user_id:ann" } else { "user_id:bob" };
            let sent = touchpoint("page_viewed", &format!("m{number}"), MARCH + number as i64, of);
            publish(&publisher, vec![sent]).await.unwrap();
        }
    });
    let read_mask = Some(FieldMask { paths: vec!["touchpoint_count".to_owned()] });
    let customers: Vec<CustomerRef> = ["user_id:ann", "user_id:bob"].into_iter().filter_map(who).collect();
    let (mut last, mut answers) = (0, 0_u64);
    while last < SENT as u64 {
        answers += 1;
        let request = BatchGetCustomersRequest {
            customers: customers.clone(),
            read_mask: read_mask.clone(),
            ..Default::default()
        };
        let answer = reader.customers().batch_get_customers(request).await.unwrap().into_inner();
        let covers = answer.applied.first().map_or(0, |applied| applied.next_offset);
        let counts: Vec<i64> = answer
            .results
            .iter()
            .map(|result| result.customer.as_ref().map_or(0, |customer| customer.touchpoint_count))
            .collect();
        let covered = i64::try_from(covers).unwrap();
        assert_eq!(counts, [(covered + 1) / 2, covered / 2], "at {covers}");
        assert!(covers >= last, "no answer goes back: {covers} after {last}");
        last = covers;
        let request =
            GetCustomerRequest { customer: who("user_id:ann"), read_mask: read_mask.clone(), ..Default::default() };
        if let Ok(answer) = reader.customers().get_customer(request).await.map(tonic::Response::into_inner) {
            let covered = i64::try_from(answer.applied[0].next_offset).unwrap();
            assert_eq!(answer.customer.unwrap().touchpoint_count, (covered + 1) / 2, "at {covered}");
            assert!(answer.applied[0].next_offset >= last);
            last = answer.applied[0].next_offset;
        }
    }
    publishing.await.unwrap();
    assert!(counted(&server, "hot_hits") > 0.0 && counted(&server, "hot_misses") > 0.0, "{answers} answers");
}

#[tokio::test]
async fn another_generation_is_asked_anew_and_so_is_the_one_gone_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("patron.toml");
    std::fs::write(&config, "").unwrap();
    let data = dir.path().join("data");
    let mut command = tests::process::up(&data);
    command.arg("--config").arg(&config);
    let server = Server::spawn(command).unwrap();
    let connection = connect(&server).await;
    let mut last = None;
    for (message, email) in [("l1", "email:one@x.example"), ("l2", "email:two@x.example")] {
        let mut linked = touchpoint("identifiers_linked", message, MARCH, "loyalty_card:4711");
        linked.identifiers.push(identifier_of(email));
        last = Some(accept(&connection, linked).await);
    }
    let held = async || {
        let card = tests::client::customer(&connection, "loyalty_card:4711", last).await.unwrap();
        assert_eq!(card, tests::client::customer(&connection, "loyalty_card:4711", last).await.unwrap(), "asked twice");
        card.identifiers.len()
    };
    assert_eq!(held().await, 3);
    // One more e-mail address is one too many.
    std::fs::write(&config, "[identity.limits]\nemail = 1\n").unwrap();
    let config = config.to_str().unwrap();
    server.ask(&["rebuild", "start", "--config", config]);
    while !server.ask(&["rebuild", "status", "--output", "json"]).contains("REBUILD_STATE_CAUGHT_UP") {
        wait_a_little();
    }
    server.ask(&["rebuild", "promote"]);
    assert_eq!(held().await, 2);
    server.ask(&["rebuild", "rollback"]);
    assert_eq!(held().await, 3);
}
