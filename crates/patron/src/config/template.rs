//! The file that `patron config init` writes: every setting with its default and a line on what it does.

/// A configuration file that changes nothing.
pub const TEMPLATE: &str = r#"# Patron's configuration. Every line shows a default; remove the `#` to change it.
# Each key can also be set by an environment variable (PATRON_GRPC_ADDR is grpc.addr) and some by a flag; flags win.

# Directory of journal and state.
#data_dir = "./patron-data"
# Secret text from which all derived ids and keys come; fixed for the life of the data.
#hash_key = "patron"

# Most bytes of memory for all that is kept by size: cached blocks, writes that are not in files yet, answers, what counts need.
# Each has a setting of its own below; one that is not given is a share of this.
#memory_bytes = 1644167168

# Listen beyond this machine although there is no encryption and no sign-in yet: only in a network where everybody who
# reaches the addresses below may read and write everything.
#trusted_network = false

[grpc]
# The defaults of the processes differ: patron projector listens on ports 7710 and 7711, patron query on 7720 and 7721.
#addr = "127.0.0.1:7700"

[http]
# Metrics and health.
#addr = "127.0.0.1:7701"

[journal]
# Partitions, and so shards, when the journal is created; fixed afterwards.
#partitions = 4
# Size of a segment file of the embedded journal.
#segment_bytes_max = 67108864
# Bytes of appends that may wait for the disk or the brokers.
#pending_bytes_max = 67108864
# Off loses accepted touchpoints with the power.
#fsync = true

[kafka]
# HOST:PORT, several separated by commas. Empty keeps the journal in the data directory.
#brokers = ""
# What the names of Patron's topics and groups begin with.
#topic_prefix = ""
# Replicas of topics that Patron creates. 0: three where there are three brokers, else one.
#replication_factor = 0
#compression = "zstd"
#delivery_timeout_ms = 30000
# Bytes fetched ahead for a partition.
#prefetch_bytes_max = 8388608
# Longest wait of a start for the cluster.
#start_timeout_ms = 30000

# Properties of librdkafka, passed on: SASL, TLS and others. Each can also be set by an environment variable
# (PATRON_KAFKA_PROPERTIES_SASL_PASSWORD is sasl.password).
# [kafka.properties]
# "security.protocol" = "SASL_SSL"
# "sasl.mechanism" = "SCRAM-SHA-512"
# "sasl.username" = "patron"

[ingest]
#append_timeout_ms = 10000
#stream_batches_under_way_max = 8
#publishes_under_way_max = 256
# Consumer group of the raw topics, behind the topic prefix.
#raw_group = "patron-ingest"

# Topics of others that are read as touchpoints: their names, the form of their records (segment_json or
# touchpoint_protobuf), and the system that they come from.
# [ingest.raw_topics.app-events]
# format = "segment_json"
# source = "app"

[projector]
#batch_records_max = 16384
# Shares of memory_bytes: records of a batch, of which up to three are in memory, decoded too, and the fragments touched last.
#batch_bytes_max = 16777216
#warm_bytes = 134217728

[store]
# Shares of memory_bytes: cached blocks of all that is read from files, and writes that are not in files yet.
#cache_bytes = 268435456
#write_buffer_bytes = 268435456
#sync = true

[rebuild]
# Memory for records of a generation that is loaded beside the one that is served, and for its writes. A share of memory_bytes.
#memory_bytes = 134217728

[publish]
# Memory for what was told and is not in files yet. A share of memory_bytes.
#write_buffer_bytes = 67108864
# Identity changes kept for those who follow them; whoever is further behind lists the customers anew. 0: all.
#identity_changes_max = 0
# The same of segments entered and left.
#membership_changes_max = 0

# Segments entered and left, relayed to a topic of the cluster: exactly one projector may be told to.
[publish.membership_changes]
# Its name behind the topic prefix, such as membership-changes. Empty: nothing is relayed.
#topic = ""
# Form of its records: json or protobuf, of patron.segment.v1.MembershipChange.
#format = "json"
# Partitions when it is created. 0: as many as touchpoints has.
#partitions = 0

[query]
# Longest wait for min_position where the caller sets no deadline.
#wait_max_ms = 10000
# Bytes of memory for customers that were looked up lately, as they were answered; what has changed since is read anew. 0: none.
# A share of memory_bytes.
#hot_bytes = 67108864
# Bytes of memory for merged profiles of customers that were looked up lately, decoded: of one who has changed since, only the months and
# orders that did are read anew. 0: none. A share of memory_bytes.
#profiles_bytes = 67108864
# Memory for what counts of segments and expressions keep: customers, and whom each condition is true for. With more customers
# than that, and with 0, every count walks through all of them. A share of memory_bytes.
#counts_memory_bytes_max = 536870912
# How long that is kept after the last count.
#counts_idle_ms = 900000
# Where patron query finds the projectors; each holds all customers, any one answers.
#projectors = ["http://127.0.0.1:7710"]
# The ingest by which a patron projector defines segments (CreateSegment, UpdateSegment, DeleteSegment); patron up needs none.
#ingest = "http://127.0.0.1:7700"

[segments]
# The clock of windows: wall, watermark (as far as the touchpoints' occurred_at has come), or fixed:2026-03-01T00:00:00Z.
#clock = "wall"
# Whose days, weeks and months the calendar has, and when the population is cut: an IANA name such as Asia/Shanghai.
#time_zone = "UTC"

# Contact caps: at most so many message_sent touchpoints of a channel in a span that ends now, e.g. two in seven days; `any`
# is for all channels together. At most 8 a channel.
# [contact.caps]
# email = ["2/7d", "5/30d"]
# sms = ["1/7d"]
# any = ["3/7d"]

[scrub]
# Fragments folded anew from their touchpoints and compared with the state, each second. 0: none.
#fragments_per_second = 20
# Fragments with more touchpoints are passed over.
#touchpoints_max = 10000

[kinds]
# Kinds of touchpoints beside the built-in ones.
#custom = []

[identity]
# Namespaces from the strongest to the weakest; those not named follow in the built-in order.
#priority = []
# An identifier with more neighbours than a customer may have identifiers is shared and links nobody.
#identifiers_max = 1000
# Namespaces that never link.
#weak = ["ip_address"]
# Region whose national phone numbers are read (`0664 ...` with "AT"); "" reads only numbers with + or 00. Two letters of
# ISO 3166; fixed for the life of the data.
#phone_region = ""

# Most identifiers of a namespace that one customer may have. Entries add to the defaults.
#[identity.limits]
#user_id = 1
#loyalty_card = 5
#email = 5
#phone = 5

# Most identifiers of a namespace that one customer may gain in one ISO week. Entries add to the defaults.
#[identity.limits_per_week]
#device_id = 5
#anonymous_id = 5
#cookie = 5

# Most neighbours of stronger namespaces before an identifier is shared (a kiosk, a till) and links nobody. Entries add too.
#[identity.sharing]
#device_id = 20
#anonymous_id = 20
#cookie = 20
#receipt = 20

# Values that stand for nobody, beside the built-in list: namespace (`*` for all) to values.
#[identity.blocked]
#"*" = ["n.n."]
#phone = ["0000*"]

# The same by regular expressions, each for the whole value in any case (syntax of Rust's regex crate: no look-around).
#[identity.blocked_patterns]
#loyalty_card = ["9999\\d{8}"]

[log]
# human or json
#format = "human"
# As in RUST_LOG.
#filter = "info"
"#;
