use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_examples() {
    fn check(command: &clap::Command) {
        if command.has_subcommands() {
            return command.get_subcommands().filter(|inner| inner.get_name() != "help").for_each(check);
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example") && help.contains("patron "), "{}", command.get_name());
    }
    check(&Cli::command());
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    for line in [
        "patron customer get 4711",
        "patron customer timeline user_id:1 --from yesterday",
        "patron import",
        "patron import a.csv --batch 0",
        "patron import a.csv --batch 10001",
        "patron generate --rate 5",
        "patron generate --server http://a:1 --to b",
        "patron customer list --output xml",
        "patron config apply",
        "patron config get product",
        "patron config get shoe/1",
        "patron config list shoes",
        "patron export",
        "patron export --to d --format csv",
        "patron export --to d --file-bytes-max 5",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn what_is_understood() {
    for line in [
        "patron customer get loyalty_card:1 --fields traits,metrics.net --output json",
        "patron customer get 0f8b2c5e-6d1a-8c3f-9b7e-2a4d6c8e0f12",
        "patron customer list --limit 5 --include-receipts",
        "patron customer timeline user_id:1 --kind a --kind b --from 2026-03-01T00:00:00Z --oldest-first",
        "patron status --server http://a:1",
        "patron config apply a.toml b.csv --reason spring --dry-run --output json",
        "patron config diff a.toml",
        "patron config history",
        "patron config history segment/loyal --server http://a:1",
        "patron config list product --include-deleted",
        "patron config get product/a/b --version 3",
        "patron digest --output ndjson",
        "patron export --to d --format ndjson --include customers,timelines --known-only --file-bytes-max 1048576",
        "patron import --mapping m.toml a.csv - --rejects r --allow-rejects",
        "patron generate --server http://a:1 --rate 5 --uniform",
    ] {
        assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
    }
}
