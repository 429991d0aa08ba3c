//! The file that `patron config init` writes: every setting with its default and a line on what it does.

/// A configuration file that changes nothing.
pub const TEMPLATE: &str = r#"# Patron's configuration. Every line shows a default; remove the `#` to change it.
# Each key can also be set by an environment variable (PATRON_GRPC_ADDR is grpc.addr) and some by a flag; flags win.

# Directory of journal and state.
#data_dir = "./patron-data"
# Secret text from which all derived ids and keys come; fixed for the life of the data.
#hash_key = "patron"

[grpc]
#addr = "127.0.0.1:7700"

[http]
# Metrics and health.
#addr = "127.0.0.1:7701"

[journal]
# Partitions, and so shards, when the journal is created; fixed afterwards.
#partitions = 4
#segment_bytes_max = 67108864
# Bytes of appends that may wait for the disk.
#pending_bytes_max = 67108864
# Off loses accepted touchpoints with the power.
#fsync = true

[ingest]
#append_timeout_ms = 10000
#stream_batches_under_way_max = 8
#publishes_under_way_max = 256

[projector]
#batch_records_max = 4096
#batch_bytes_max = 16777216

[store]
#cache_bytes = 268435456
#write_buffer_bytes = 268435456
#sync = true

[query]
# Longest wait for min_position where the caller sets no deadline.
#wait_max_ms = 10000

[kinds]
# Kinds of touchpoints beside the built-in ones.
#custom = []

[identity]
# Namespaces from the strongest to the weakest; those not named follow in the built-in order.
#priority = []
#identifiers_max = 1000

# Most identifiers of a namespace that one customer may have. Entries add to the defaults.
#[identity.limits]
#user_id = 1
#loyalty_card = 5
#email = 5
#phone = 5

# Values that stand for nobody, beside the built-in list: namespace (`*` for all) to values.
#[identity.blocked]
#"*" = ["n.n."]
#phone = ["0000*"]

[log]
# human or json
#format = "human"
# As in RUST_LOG.
#filter = "info"
"#;
