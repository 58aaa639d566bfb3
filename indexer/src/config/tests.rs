#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use lottery_service::testing::{shown_settings, text};

use super::*;

const EXAMPLE: &str = "deploy/indexer.toml";

fn options(text: &str) -> Result<Options, OptionsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("indexer.toml");
    std::fs::write(&path, text).unwrap();
    Options::read(&path)
}

/// The configuration that a file holds, where no other tool's variables are set.
fn read(text: &str) -> Result<Config, OptionsError> {
    Config::load(options(text)?, |_| None)
}

/// The same beside variables of other tools.
fn read_beside(text: &str, variables: &[(&str, &str)]) -> Config {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Config::load(options(text).unwrap(), variable).unwrap()
}

#[test]
fn the_example_is_valid_and_shows_the_defaults() {
    assert_eq!(read(&text(EXAMPLE)).unwrap(), read("").unwrap());
}

#[test]
fn the_example_shows_every_key_in_a_form_that_is_read() {
    read(&shown_settings(&text(EXAMPLE), Options::KEYS)).unwrap();
}

#[test]
fn what_other_tools_read_counts_where_nothing_else_is_named() {
    let variables = [
        ("RPC_URL", "https://general/KEY"),
        ("WS_URL", "wss://general/KEY"),
        ("DATABASE_URL", "postgres://general/x"),
        ("DATABASE_READ_URL", "postgres://replica/x"),
    ];
    let config = read_beside("", &variables);
    assert_eq!(config.endpoint.rpc_url, "https://general/KEY");
    assert_eq!(config.endpoint.ws_url, "wss://general/KEY");
    assert_eq!(config.database.options.get_host(), "general");
    assert_eq!(config.readable().options.get_host(), "replica");

    // Another node's WebSocket, and another database's replica, are no use.
    let config = read_beside(
        "rpc_url = 'http://own:1'\ndatabase_url = 'postgres://own/x'",
        &variables,
    );
    assert_eq!(config.endpoint.rpc_url, "http://own:1");
    assert_eq!(config.endpoint.ws_url, "ws://own:2");
    assert_eq!(config.database.options.get_host(), "own");
    assert_eq!(config.readable().options.get_host(), "own");

    // Set to nothing is not set.
    let empty = variables.map(|(name, _)| (name, ""));
    assert_eq!(read_beside("", &empty), read("").unwrap());
}

#[test]
fn a_node_on_this_machine_is_followed_unless_told_otherwise() {
    let config = read("").unwrap();
    assert_eq!(config.endpoint.rpc_url, "http://127.0.0.1:8899");
    assert_eq!(config.endpoint.ws_url, "ws://127.0.0.1:8900");
    assert_eq!(config.commitment, Commitment::Confirmed);
    assert_eq!(config.events_keep_months, None);
    assert_eq!(config.statistics, Some(Duration::from_secs(600)));
    assert_eq!(
        read("statistics_seconds = 0").unwrap().statistics,
        None,
        "0 is never"
    );
}

const SECRETS: &str = r#"
rpc_url = "https://user:SECRET@a/v2/SECRET"
ws_url = "wss://a/SECRET"
source = "geyser"
geyser_url = "https://b/SECRET"
geyser_token = "SECRET"
geyser_ca = "/etc/ssl/geyser.pem"
database_url = "postgres://indexer:SECRET@db/lottery"
database_read_url = "postgres://reader:SECRET@replica/lottery"
events_keep_months = 24
metrics_listen = "[::1]:9465"
"#;

#[test]
fn what_is_shown_makes_the_same_configuration_but_for_the_secrets() {
    let config = read(SECRETS).unwrap();
    assert!(Config::complete(config.options()).unwrap() == config);
    for shown in [config.to_string(), format!("{config:?}")] {
        assert!(!shown.contains("SECRET"), "{shown}");
        for key in Options::KEYS {
            assert!(shown.contains(key), "{key} in {shown}");
        }
    }
    for shown in [
        format!("{:?}", config.endpoint),
        format!("{:?} {}", config.database, config.database),
        format!("{:?}", config.geyser),
    ] {
        assert!(!shown.contains("SECRET"), "{shown}");
    }
    let plain = read("rpc_url = 'http://a:1'\nevents_keep_months = 3").unwrap();
    assert_eq!(read(&plain.to_string()).unwrap(), plain);
}

/// What they hold is looked at when it is needed.
#[test]
fn files_of_certificates_that_are_none_are_refused() {
    for (file, problem) in [
        ("/nowhere/ca.pem", "/nowhere/ca.pem cannot be read"),
        (
            "Cargo.toml",
            "no -----BEGIN CERTIFICATE----- is in Cargo.toml",
        ),
    ] {
        let config = read(&format!("geyser_url = 'https://h'\ngeyser_ca = '{file}'")).unwrap();
        let refused = config.geyser.unwrap().server().unwrap_err().to_string();
        assert!(refused.starts_with("geyser_ca: "), "{refused}");
        assert!(refused.contains(problem), "{refused}");
    }
    let broken = tempfile::NamedTempFile::new().unwrap();
    let text = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    std::fs::write(broken.path(), text).unwrap();
    let refused = Authorities::read(broken.path()).unwrap_err().to_string();
    assert!(refused.contains("is not PEM"), "{refused}");
}

/// A file, and what the error says.
const WRONG: &[(&str, &str)] = &[
    ("rpc = 'http://h'", "`rpc`"),
    ("rpc_url = 3", "rpc_url: "),
    ("rpc_url = ''", "rpc_url: must begin with http://"),
    ("rpc_url = 'ftp://SECRET'", "rpc_url: must begin with"),
    (
        "rpc_url = 'http://h:65535'",
        "rpc_url: its port leaves none",
    ),
    ("ws_url = 'http://SECRET'", "ws_url: must begin with ws://"),
    ("source = 'carrier pigeon'", "source: "),
    (
        "source = 'geyser'",
        "source: is \"geyser\", but there is no geyser_url",
    ),
    (
        "geyser_url = 'h:10000/SECRET'",
        "geyser_url: must begin with http://",
    ),
    (
        "geyser_token = 'SECRET'",
        "geyser_token: means nothing without geyser_url",
    ),
    (
        "geyser_url = 'http://h'\ngeyser_token = \"SECRET\\n\"",
        "geyser_token: has characters that an HTTP header cannot carry",
    ),
    (
        "geyser_ca = 'ca.pem'",
        "geyser_ca: means nothing without geyser_url",
    ),
    ("commitment = 'final'", "commitment: "),
    ("snapshot_seconds = 0", "snapshot_seconds: must be from 1"),
    (
        "snapshot_seconds = 86401",
        "snapshot_seconds: must be from 1 to 86400",
    ),
    (
        "stream_silence_seconds = 0",
        "stream_silence_seconds: must be from 1 to 3600",
    ),
    ("ledger_ms = 49", "ledger_ms: must be from 50 to 600000"),
    (
        "database_url = 'mysql://u:SECRET@h'",
        "database_url: must begin with postgres://",
    ),
    (
        "database_url = 'postgres://u:SECRET@h:port/x'",
        "database_url: must be of the form",
    ),
    (
        "database_read_url = 'replica'",
        "database_read_url: must begin with postgres://",
    ),
    (
        "database_connections = 9",
        "database_connections: must be from 10 to 1000",
    ),
    (
        "events_keep_months = 0",
        "events_keep_months: must be at least 1; leave it out",
    ),
    (
        "partitions_ahead_months = 0",
        "partitions_ahead_months: must be from 1 to 120",
    ),
    (
        "statistics_seconds = 86401",
        "statistics_seconds: must be from 1 to 86400",
    ),
    ("statistics_seconds = -1", "statistics_seconds: "),
    ("listen = '8080'", "listen: "),
    ("listen = 'localhost:8080'", "listen: "),
    (
        "metrics_listen = '127.0.0.1:8080'",
        "metrics_listen: is the address of the API",
    ),
    (
        "stall_seconds = 15",
        "stall_seconds: must be longer than stream_silence_seconds",
    ),
    (
        "source = 'polling'\nstall_seconds = 30",
        "stall_seconds: must be longer than snapshot_seconds",
    ),
    (
        "ledger_ms = 120000",
        "stall_seconds: must be longer than ledger_ms",
    ),
    ("drain_seconds = 0", "drain_seconds: must be from 1 to 600"),
];

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in WRONG {
        let error = read(text).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error:?}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}
