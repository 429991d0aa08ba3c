//! Settings without a cluster, and the producer against errors that a real broker does not give on demand: librdkafka's own
//! mock cluster injects them. It proves nothing else; the conformance suite runs against real brokers.

use std::time::{Duration, Instant};

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::producer::Producer;
use super::*;

const TOPIC: &str = "touchpoints";

fn with(property: &str, value: &str) -> KafkaSettings {
    let mut settings = KafkaSettings::new("127.0.0.1:1");
    settings.properties.insert(property.to_owned(), value.to_owned());
    settings
}

#[test]
fn properties_that_correctness_rests_on_are_refused_and_others_pass() {
    for (property, _) in settings::RESERVED {
        let error = with(property, "x").check().unwrap_err().to_string();
        assert!(error.contains(property) && error.contains("remove it"), "{error}");
    }
    let error = with("sasl.mechanims", "PLAIN").check().unwrap_err().to_string();
    assert!(error.contains("sasl.mechanims"), "{error}");
    for (property, value) in [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("ssl.ca.location", "probe"),
        ("linger.ms", "7"),
    ] {
        with(property, value).check().unwrap();
    }
}

/// The security that managed clusters ask for is built in: what fails is the address, not the setting.
#[test]
fn sasl_and_tls_are_spoken() {
    for (protocol, mechanism) in [("SASL_SSL", "SCRAM-SHA-512"), ("SASL_SSL", "PLAIN"), ("SSL", "PLAIN")] {
        let mut settings = with("security.protocol", protocol);
        for (property, value) in [("sasl.mechanism", mechanism), ("sasl.username", "u"), ("sasl.password", "p")] {
            settings.properties.insert(property.to_owned(), value.to_owned());
        }
        let error = Cluster::connect(settings, Duration::ZERO).unwrap_err();
        assert!(matches!(error, OpenError::Kafka(KafkaError::Unreachable { .. })), "{protocol}, {mechanism}: {error}");
    }
}

#[test]
fn secrets_are_known_as_such() {
    for property in
        ["sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"]
    {
        assert!(is_secret(property), "{property}");
    }
    for property in ["sasl.username", "security.protocol", "ssl.ca.location", "ssl.certificate.location"] {
        assert!(!is_secret(property), "{property}");
    }
}

/// A mock cluster of three brokers with the topic, and a producer for it whose records wait for at most two seconds.
fn mocked() -> (MockCluster<'static, DefaultProducerContext>, Producer) {
    let cluster = MockCluster::new(3).unwrap();
    cluster.create_topic(TOPIC, 2, 3).unwrap();
    let settings =
        KafkaSettings { delivery_timeout: Duration::from_secs(2), ..KafkaSettings::new(cluster.bootstrap_servers()) };
    (cluster, Producer::new(&settings).unwrap())
}

fn records(count: u64) -> Vec<NewRecord> {
    (0..count)
        .map(|n| NewRecord { partition: (n % 2) as u32, value: n.to_string().into(), ..NewRecord::default() })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_pass_double_nothing_and_keep_the_order() {
    let (cluster, producer) = mocked();
    producer.append(TOPIC, records(2)).await.unwrap();
    let errors = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ];
    cluster.request_errors(RDKafkaApiKey::Produce, &errors);
    let positions = producer.append(TOPIC, records(200)).await.unwrap();
    let expected: Vec<_> = (0..200).map(|n| Position { partition: n % 2, offset: 1 + u64::from(n / 2) }).collect();
    assert_eq!(positions, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_are_gone_are_told_as_unavailable_and_it_goes_on_when_they_are_back() {
    let (cluster, producer) = mocked();
    producer.append(TOPIC, records(2)).await.unwrap();
    (1..=3).for_each(|broker| cluster.broker_down(broker).unwrap());
    let refused = producer.append(TOPIC, records(10)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Unavailable { .. }), "{refused}");
    assert!(refused.is_retriable());
    (1..=3).for_each(|broker| cluster.broker_up(broker).unwrap());
    for _ in 0..20 {
        match producer.append(TOPIC, records(10)).await {
            Ok(positions) => {
                assert_eq!(positions.len(), 10);
                return;
            }
            Err(error) => assert!(error.is_retriable(), "{error}"),
        }
    }
    panic!("it did not go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn little_that_may_wait_holds_callers_back_and_loses_nothing() {
    let (cluster, _) = mocked();
    let settings = KafkaSettings { pending_bytes_max: 1, ..KafkaSettings::new(cluster.bootstrap_servers()) };
    let producer = Arc::new(Producer::new(&settings).unwrap());
    let append = |producer: Arc<Producer>| tokio::spawn(async move { producer.append(TOPIC, records(2)).await });
    let calls: Vec<_> = (0..50).map(|_| append(producer.clone())).collect();
    let mut offsets = Vec::new();
    for call in calls {
        offsets.extend(call.await.unwrap().unwrap().into_iter().map(|at| (at.partition, at.offset)));
    }
    offsets.sort_unstable();
    let expected: Vec<_> = (0..2).flat_map(|partition| (0..50).map(move |offset| (partition, offset))).collect();
    assert_eq!(offsets, expected);
}

/// Brokers hear of a new topic one after the other, and a process that did not create it may ask one that has not.
#[test]
fn offsets_are_asked_for_again_while_a_broker_has_not_heard_of_the_topic() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic(TOPIC, 2, 1).unwrap();
    let cluster = Cluster::connect(KafkaSettings::new(mock.bootstrap_servers()), Duration::from_secs(5)).unwrap();
    mock.topic_error(TOPIC, RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).unwrap();
    let (began, unheard) = (Instant::now(), Duration::from_millis(500));
    std::thread::scope(|scope| {
        let ends = scope.spawn(|| cluster.ends(TOPIC, 2));
        std::thread::park_timeout(unheard);
        mock.topic_error(TOPIC, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).unwrap();
        assert_eq!(ends.join().unwrap().unwrap(), [0, 0]);
    });
    assert!(began.elapsed() >= unheard);
}

/// A broker that knows only some of a topic's partitions makes the client speak of an unknown one; it may hear of it in time.
#[test]
fn offsets_of_a_partition_that_is_not_known_yet_are_asked_for_until_the_time_is_over() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic(TOPIC, 2, 1).unwrap();
    let patience = Duration::from_secs(1);
    let settings = KafkaSettings { request_timeout: patience, ..KafkaSettings::new(mock.bootstrap_servers()) };
    let cluster = Cluster::connect(settings, Duration::from_secs(5)).unwrap();
    let began = Instant::now();
    let refused = cluster.ends(TOPIC, 3).unwrap_err();
    assert!(began.elapsed() >= patience, "{refused} after {:?}", began.elapsed());
}
