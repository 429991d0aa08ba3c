//! Real Kafka for tests: the broker that `./dev test` started, clusters of a test's own, and topics of others.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use journal::{
    Journal, NewRecord, PollLimits, Position, Record,
    kafka::{Cleanup, Cluster as Connection, KafkaJournal, KafkaSettings, TopicSpec},
};

/// Largest raw record of these tests.
const RAW_BYTES_MAX: usize = 48 << 20;

/// The shared broker.
pub fn brokers() -> String {
    std::env::var("PATRON_TEST_KAFKA").expect(
        "PATRON_TEST_KAFKA names no Kafka: test through ./dev test, or start one with ./dev kafka up and name its address",
    )
}

/// A topic prefix that no other test has.
pub fn prefix(test: &str) -> String {
    format!("{test}-{}-", uuid::Uuid::new_v4().simple())
}

/// Kafka's own tools and life cycle, as `./dev kafka` runs them.
pub fn script(arguments: &[&str]) -> Command {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/kafka/kafka.sh"));
    let path = std::env::var_os("PATRON_KAFKA_SH").map_or_else(beside, PathBuf::from);
    let mut command = Command::new("bash");
    command.arg(path).args(arguments).stdin(Stdio::null());
    command
}

/// Standard output of the script, which must succeed.
pub fn run_script(arguments: &[&str]) -> String {
    let output = script(arguments).output().expect("bash runs");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kafka.sh {arguments:?}: {complained}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A cluster of a test's own; stopped and wiped when dropped.
#[derive(Debug)]
pub struct Cluster {
    dir: tempfile::TempDir,
    /// `HOST:PORT,…`.
    pub brokers: String,
}

impl Cluster {
    /// Starts 1 or 3 brokers.
    pub fn start(brokers: usize) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().to_str().expect("UTF-8").to_owned();
        let said = run_script(&["up", "--dir", &path, "--brokers", &brokers.to_string()]);
        let brokers = said.lines().last().expect("its last line is the address").to_owned();
        Self { dir, brokers }
    }

    /// Starts a broker that was killed.
    pub fn start_node(&self, node: usize) {
        self.node("start", node);
    }

    /// Kills a broker without a word.
    pub fn kill_node(&self, node: usize) {
        self.node("kill", node);
    }

    /// Holds a broker up, as a long collection or a busy machine does: it is there and answers nothing.
    pub fn hold_node(&self, node: usize) {
        self.signal("STOP", node);
    }

    /// Lets a broker that was held up go on.
    pub fn release_node(&self, node: usize) {
        self.signal("CONT", node);
    }

    fn signal(&self, name: &str, node: usize) {
        let file = self.dir.path().join(format!("node-{node}/pid"));
        let pid = std::fs::read_to_string(&file).expect("a broker that was started left its id");
        let sent = Command::new("kill").args([&format!("-{name}"), pid.trim()]).status();
        assert!(sent.expect("kill runs").success(), "SIG{name} did not reach node {node}");
    }

    fn node(&self, what: &str, node: usize) {
        run_script(&[what, "--dir", self.path(), "--node", &node.to_string()]);
    }

    /// Its folder, for Kafka's own tools.
    pub fn path(&self) -> &str {
        self.dir.path().to_str().expect("UTF-8")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let down =
            script(&["down", "--dir", self.path(), "--wipe"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !std::thread::panicking() {
            assert!(down.expect("bash runs").success(), "a broker did not stop");
        }
    }
}

/// A topic of others, seen as a journal: what is appended lies there as it is.
pub fn raw_topic(brokers: &str, name: &str, partitions: u32) -> Arc<KafkaJournal> {
    open_topic(brokers, name, partitions, Cleanup::Keep, RAW_BYTES_MAX)
}

/// Any topic, seen as a journal.
pub fn open_topic(
    brokers: &str,
    name: &str,
    partitions: u32,
    cleanup: Cleanup,
    record_bytes_max: usize,
) -> Arc<KafkaJournal> {
    let connection = Connection::connect(KafkaSettings::new(brokers), Duration::from_secs(20));
    let spec = TopicSpec { name: name.to_owned(), partitions, replication: 0, cleanup, record_bytes_max };
    let journal = KafkaJournal::open(connection.expect("the broker answers"), &spec);
    Arc::new(journal.expect("the topic is there, or made"))
}

/// Puts values on a topic, spread over its partitions, in order within each.
pub async fn put(topic: &KafkaJournal, values: impl IntoIterator<Item = Vec<u8>>) -> Vec<Position> {
    let partitions = topic.topology().partitions;
    let record = |(n, value): (usize, Vec<u8>)| NewRecord {
        partition: n as u32 % partitions,
        key: format!("key-{n}").into_bytes(),
        value,
        ..NewRecord::default()
    };
    let records: Vec<NewRecord> = values.into_iter().enumerate().map(record).collect();
    let mut positions = Vec::with_capacity(records.len());
    for some in records.chunks(2_000) {
        positions.extend(topic.append(some.to_vec()).await.expect("the broker takes it"));
    }
    positions
}

/// Puts null values on a topic, which no journal writes: by Kafka's console producer.
pub fn put_nulls(brokers: &str, topic: &str, count: usize) {
    let mut producer = tool("org.apache.kafka.tools.ConsoleProducer", brokers)
        .args(["--topic", topic, "--property", "null.marker=NULL"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("java runs");
    let mut input = producer.stdin.take().expect("piped");
    (0..count).for_each(|_| input.write_all(b"NULL\n").expect("it reads"));
    drop(input);
    assert!(producer.wait().expect("it ends").success(), "the console producer failed");
}

/// One of Kafka's own tools, led to these brokers.
fn tool(class: &str, brokers: &str) -> Command {
    let libs = run_script(&["fetch"]);
    let libs = libs.lines().last().expect("its last line is the folder");
    let mut command = Command::new("java");
    command.args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &format!("{libs}/*"), class]);
    command.args(["--bootstrap-server", brokers]);
    command
}

/// Runs one of Kafka's own tools, which must succeed.
pub fn run_tool(class: &str, brokers: &str, arguments: &[&str]) {
    let output = tool(class, brokers).args(arguments).output().expect("java runs");
    assert!(output.status.success(), "{class} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// All records of a topic, from its beginning to its present end.
pub fn all(topic: &KafkaJournal) -> Vec<Record> {
    let (starts, ends) = (topic.starts().expect("it answers"), topic.ends().expect("it answers"));
    let wanted: u64 = ends.iter().zip(&starts).map(|(end, start)| end - start).sum();
    let from = (0..).zip(starts).map(|(partition, offset)| Position { partition, offset }).collect();
    let mut reader = topic.reader(from).expect("a reader");
    let mut records = Vec::new();
    while (records.len() as u64) < wanted {
        let limits = PollLimits { records_max: 1_000, bytes_max: 64 << 20 };
        let more = reader.poll(limits, Duration::from_secs(10)).expect("it is readable");
        assert!(!more.is_empty(), "{} of {wanted} records came", records.len());
        records.extend(more);
    }
    records
}

/// The mapping of a data set.
pub fn mapping(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("mappings/{name}.toml")).display().to_string()
}
