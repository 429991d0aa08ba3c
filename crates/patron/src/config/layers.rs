//! The layers of configuration as TOML tables, laid over one another key by key.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use toml::{Table, Value};

use super::{Config, memory};

/// Prefix of environment variables: `PATRON_GRPC_ADDR` is `grpc.addr`.
const PREFIX: &str = "PATRON_";
/// Tables whose keys the user names.
const OPEN: [&str; 8] = [
    "contact.caps",
    "identity.limits",
    "identity.limits_per_week",
    "identity.sharing",
    "identity.blocked",
    "identity.blocked_patterns",
    "ingest.raw_topics",
    PROPERTIES,
];
/// The table of librdkafka's properties.
const PROPERTIES: &str = "kafka.properties";

/// What is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("configuration, {origin}: {key}: {problem}")]
pub struct ConfigError {
    origin: String,
    key: String,
    problem: String,
}

impl ConfigError {
    /// A value that does not do, wherever it came from.
    pub(super) fn value(key: &str, problem: impl Into<String>) -> Self {
        Self { origin: "checked as a whole".to_owned(), key: key.to_owned(), problem: problem.into() }
    }

    fn at(origin: &str, key: &str, problem: impl Into<String>) -> Self {
        Self { origin: origin.to_owned(), key: key.to_owned(), problem: problem.into() }
    }
}

/// Settings by dotted key, as texts: those of flags and of the environment.
pub type Overrides = BTreeMap<String, String>;

/// The settings among environment variables, by dotted key. Variables that name no setting are not Patron's to judge.
pub fn environment(variables: impl Iterator<Item = (String, String)>) -> Overrides {
    let keys: BTreeMap<String, String> = leaves(&defaults()).into_iter().map(|key| (variable(&key), key)).collect();
    let key = |name: &str| keys.get(name).cloned().or_else(|| property(name));
    variables.filter_map(|(name, value)| Some((key(&name)?, value))).collect()
}

/// `PATRON_KAFKA_PROPERTIES_SASL_PASSWORD` is librdkafka's `sasl.password`: its names have dots and no underscores.
fn property(name: &str) -> Option<String> {
    let property = name.strip_prefix(&format!("{}_", variable(PROPERTIES)))?;
    Some(format!("{PROPERTIES}.{}", property.to_lowercase().replace('_', ".")))
}

/// Loads, layers and checks the configuration.
///
/// # Errors
/// Names the layer, the key, the problem and the remedy.
pub fn load(file: Option<&Path>, environment: &Overrides, flags: &Overrides) -> Result<Config, ConfigError> {
    load_over(&Config::default(), file, environment, flags)
}

/// The same over other defaults.
///
/// # Errors
/// As `load`.
pub fn load_over(
    defaults: &Config,
    file: Option<&Path>,
    environment: &Overrides,
    flags: &Overrides,
) -> Result<Config, ConfigError> {
    let mut merged = Table::try_from(defaults).expect("settings have a TOML form");
    let mut given: BTreeSet<String> = [environment, flags].into_iter().flat_map(Overrides::keys).cloned().collect();
    if let Some(file) = file {
        let origin = format!("file {}", file.display());
        let table = read(file, &origin)?;
        check_keys(&merged, &table, "", &origin)?;
        given.extend(leaves(&table));
        overlay(&mut merged, table);
    }
    let mut config = typed_config(&merged).map_err(|problem| ConfigError::at("defaults and file", "value", problem))?;
    for (origin, overrides) in [("environment", environment), ("flags", flags)] {
        for (key, text) in overrides {
            set(&mut merged, key, text, origin)?;
            // One by one, so that the error can name the key.
            config = typed_config(&merged).map_err(|problem| ConfigError::at(origin, key, problem))?;
        }
    }
    if given.contains(memory::BOUND) {
        for (key, bytes) in memory::shares(config.memory_bytes).filter(|(key, _)| !given.contains(*key)) {
            set(&mut merged, key, &bytes.to_string(), "shares of memory_bytes")?;
        }
        config =
            typed_config(&merged).map_err(|problem| ConfigError::at("shares of memory_bytes", "value", problem))?;
    }
    config.check()?;
    Ok(config)
}

fn typed_config(merged: &Table) -> Result<Config, String> {
    Value::Table(merged.clone()).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn defaults() -> Table {
    Table::try_from(Config::default()).expect("settings have a TOML form")
}

fn read(file: &Path, origin: &str) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        ConfigError::at(
            origin,
            "file",
            format!("{error}; give the path of a readable file, or write one with `patron config init`"),
        )
    })?;
    let table: Table =
        text.parse().map_err(|error: toml::de::Error| ConfigError::at(origin, "syntax", error.to_string()))?;
    // Types are checked on the file alone, so that the error can show its line. Unknown keys are told with a suggestion elsewhere.
    match toml::from_str::<Config>(&text) {
        Err(error) if !error.message().starts_with("unknown field") => {
            return Err(ConfigError::at(origin, "value", shown(&error, &text)));
        }
        _ => {}
    }
    Ok(table)
}

/// The error with the line that it speaks of, unless a secret may stand there.
fn shown(error: &toml::de::Error, text: &str) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let secret = line.contains("hash_key") || journal::kafka::is_secret(line);
    if !secret {
        return error.to_string();
    }
    // Not even the parser's message: it repeats the value.
    format!("line {}: this value has the wrong type; write it as a text in quotes", before.matches('\n').count() + 1)
}

/// Every key of a layer must be a key of the defaults.
fn check_keys(known: &Table, given: &Table, path: &str, origin: &str) -> Result<(), ConfigError> {
    for (key, value) in given {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (known.get(key), value) {
            (None, _) => return Err(ConfigError::at(origin, &full, unknown(known, key))),
            (Some(Value::Table(known)), Value::Table(given)) if !OPEN.contains(&full.as_str()) => {
                check_keys(known, given, &full, origin)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn unknown(known: &Table, key: &str) -> String {
    let nearest =
        known.keys().max_by(|left, right| strsim::jaro_winkler(left, key).total_cmp(&strsim::jaro_winkler(right, key)));
    let suggestion = nearest.filter(|nearest| strsim::jaro_winkler(nearest, key) > 0.7);
    match suggestion {
        Some(nearest) => format!("there is no such key; did you mean `{nearest}`?"),
        None => format!("there is no such key; there are {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => overlay(base, over),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

/// Sets one key from text, read as the type that its default has.
fn set(table: &mut Table, key: &str, text: &str, origin: &str) -> Result<(), ConfigError> {
    let of_properties = key.strip_prefix(PROPERTIES).and_then(|rest| rest.strip_prefix('.'));
    let (parents, last) = match of_properties {
        Some(property) => (Some(PROPERTIES), property),
        None => key.rsplit_once('.').map_or((None, key), |(parents, last)| (Some(parents), last)),
    };
    let mut inner = table;
    for step in parents.into_iter().flat_map(|parents| parents.split('.')) {
        inner = inner
            .get_mut(step)
            .and_then(Value::as_table_mut)
            .ok_or_else(|| ConfigError::at(origin, key, "there is no such key"))?;
    }
    let text_only = Value::String(String::new());
    let held = if of_properties.is_some() { Some(&text_only) } else { inner.get(last) };
    let held = held.ok_or_else(|| ConfigError::at(origin, key, "there is no such key"))?;
    let value = typed(held, text).map_err(|problem| ConfigError::at(origin, key, problem))?;
    inner.insert(last.to_owned(), value);
    Ok(())
}

fn typed(held: &Value, text: &str) -> Result<Value, String> {
    match held {
        Value::Integer(_) => text.parse().map(Value::Integer).map_err(|_| format!("`{text}` is no whole number")),
        Value::Boolean(_) => {
            text.parse().map(Value::Boolean).map_err(|_| format!("`{text}` is neither true nor false"))
        }
        Value::Array(_) => {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            Ok(Value::Array(entries.map(|entry| Value::String(entry.to_owned())).collect()))
        }
        Value::String(_) => Ok(Value::String(text.to_owned())),
        _ => Err("can only be set in a file".to_owned()),
    }
}

fn leaves(table: &Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => keys.extend(leaves(inner).into_iter().map(|below| format!("{key}.{below}"))),
            _ => keys.push(key.clone()),
        }
    }
    keys
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "_"))
}
