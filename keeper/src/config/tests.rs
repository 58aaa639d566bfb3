#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use lottery_service::testing::shown_settings;

use super::*;

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keeper.example.toml")
}

/// The configuration that a file holds.
fn read(text: &str) -> Result<Config, OptionsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keeper.toml");
    std::fs::write(&path, text).unwrap();
    Config::complete(Options::read(&path)?)
}

fn bare() -> Config {
    read("rpc_url = \"http://127.0.0.1:8899\"").unwrap()
}

#[test]
fn the_example_is_valid_and_shows_the_defaults() {
    let path = example();
    let shown = Config::complete(Options::read(&path).unwrap()).unwrap();
    let expected = Config {
        keypair: Some(path.with_file_name("keeper.json")),
        ..bare()
    };
    assert_eq!(shown, expected);
}

#[test]
fn the_example_shows_every_key_in_a_form_that_is_read() {
    let text = std::fs::read_to_string(example()).unwrap();
    read(&shown_settings(&text, Options::KEYS)).unwrap();
}

#[test]
fn flags_win_over_the_file() {
    let flags = Options {
        lanes: Some(4),
        ..Options::default()
    };
    let file = Options {
        lanes: Some(2),
        tick_ms: Some(10),
        ..Options::default()
    };
    let both = flags.or(file);
    assert_eq!((both.lanes, both.tick_ms), (Some(4), Some(10)));
}

#[test]
fn unknown_variables_are_refused_by_name() {
    let known = ["LOTTERY_KEEPER_LANES".to_owned()];
    let present = ["PATH", "LOTTERY_KEEPER_LANES", "LOTTERY_KEEPER_LANE"];
    let error = Options::refuse_unknown_variables(present.map(String::from), &known);
    assert!(
        matches!(error, Err(OptionsError::UnknownVariable(name)) if name == "LOTTERY_KEEPER_LANE")
    );
    assert!(Options::refuse_unknown_variables(["PATH".to_owned()], &known).is_ok());
}

#[test]
fn endpoints_are_one_or_several() {
    let several = read(r#"rpc_url = ["http://a:8899/", "https://b/v2/KEY"]"#).unwrap();
    let addresses = several
        .endpoints
        .iter()
        .map(|endpoint| (endpoint.rpc_url.as_str(), endpoint.ws_url.as_str()));
    assert!(addresses.eq([
        ("http://a:8899/", "ws://a:8900/"),
        ("https://b/v2/KEY", "wss://b/v2/KEY"),
    ]));
    assert_eq!(several.oracle_rpc_url, "http://a:8899");
    let named = read("rpc_url = 'http://a'\nws_url = 'ws://b'").unwrap();
    assert_eq!(named.endpoints.len(), 1);
    assert_eq!(named.endpoints.first().unwrap().ws_url, "ws://b");
}

const SECRETS: &str = r#"
rpc_url = ["http://user:SECRET@a/v2/SECRET", "https://b/?key=SECRET"]
oracle_rpc_url = "https://c/SECRET"
database_url = "postgres://keeper:SECRET@db/keeper"
transaction_version = "v0"
lookup_tables = ["SysvarC1ock11111111111111111111111111111111"]
house = "SysvarC1ock11111111111111111111111111111111"
listen = "[::1]:9464"
journal_keep_days = 7
"#;

#[test]
fn what_is_shown_makes_the_same_configuration_but_for_the_secrets() {
    let config = read(SECRETS).unwrap();
    assert!(Config::complete(config.options()).unwrap() == config);
    for shown in [config.to_string(), format!("{config:?}")] {
        assert!(!shown.contains("SECRET"), "{shown}");
        for key in Options::KEYS.iter().filter(|key| **key != "keypair") {
            assert!(shown.contains(key), "{key} in {shown}");
        }
    }
    let plain = read("rpc_url = 'http://a:1'\nlisten = '[::1]:9464'").unwrap();
    assert_eq!(read(&plain.to_string()).unwrap(), plain);
}

#[test]
fn numbers_too_large_for_a_file_are_shown_as_its_largest() {
    let config = Config {
        min_balance: u64::MAX,
        ..bare()
    };
    assert!(config.to_string().contains(&i64::MAX.to_string()));
}

/// A file beside `rpc_url`, and what the error says.
const WRONG: &[(&str, &str)] = &[
    ("lane = 3", "`lane`"),
    ("lanes = 300", "lanes: "),
    ("lanes = 'three'", "lanes: "),
    ("close = 'yes'", "close: "),
    ("tick_ms = -1", "tick_ms: "),
    ("tick_ms = 0", "tick_ms: must be at least 1"),
    ("scan_seconds = 0", "scan_seconds: must be at least 1"),
    ("draw_jobs = 0", "draw_jobs: must be at least 1"),
    ("push_jobs = 0", "push_jobs: must be at least 1"),
    ("rpc_timeout_ms = 0", "rpc_timeout_ms: must be at least 1"),
    (
        "gateway_timeout_ms = 0",
        "gateway_timeout_ms: must be at least 1",
    ),
    ("house = 'nobody'", "house: "),
    ("ws_url = 'http://h'", "ws_url: must begin with ws://"),
    (
        "ws_url = ['ws://a', 'ws://b']",
        "ws_url: give one for each rpc_url",
    ),
    ("ws_url = 3", "ws_url: must be a text"),
    ("probe_ms = 99", "probe_ms: must be at least 100"),
    ("max_slot_lag = 0", "max_slot_lag: must be at least 1"),
    (
        "fee_percentile = 0",
        "fee_percentile: must be from 1 to 100",
    ),
    (
        "fee_percentile = 101",
        "fee_percentile: must be from 1 to 100",
    ),
    (
        "fee_urgent_percentile = 0",
        "fee_urgent_percentile: must be from 1 to 100",
    ),
    (
        "fee_urgent_percentile = 49",
        "fee_urgent_percentile: must not be below",
    ),
    (
        "fee_cap_lamports = 0\nfee_min_micro_lamports = 1",
        "fee_min_micro_lamports: must be 0",
    ),
    (
        "profit_guard = false\nmax_loss_lamports = 1",
        "max_loss_lamports: means nothing",
    ),
    ("transaction_version = 'v2'", "transaction_version: "),
    (
        "lookup_tables = ['SysvarC1ock11111111111111111111111111111111']",
        "lookup_tables: only",
    ),
    (
        "transaction_version = 'v0'\nlookup_tables = [\n'SysvarC1ock11111111111111111111111111111111',\n'SysvarC1ock11111111111111111111111111111111']",
        "lookup_tables: names a table twice",
    ),
    ("lookup_tables = ['short']", "lookup_tables: "),
    (
        "database_url = 'mysql://u:SECRET@h'",
        "database_url: must begin with postgres://",
    ),
    ("database_url = 3", "database_url: "),
    ("lease_name = ''", "lease_name: must have"),
    ("lease_name = 'a b'", "lease_name: must have"),
    ("lease_seconds = 0", "lease_seconds: must be from 1 to 60"),
    ("lease_seconds = 61", "lease_seconds: must be from 1 to 60"),
    ("without_database = 'panic'", "without_database: "),
    (
        "journal_keep_days = 0",
        "journal_keep_days: must be at least 1",
    ),
    ("listen = '9464'", "listen: "),
    ("listen = 'localhost:9464'", "listen: "),
    ("stall_seconds = 15", "stall_seconds: must be longer"),
];

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in WRONG {
        let file = format!("rpc_url = \"http://h/?key=SECRET\"\n{text}\n");
        let error = read(&file).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error:?}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[test]
fn endpoints_that_are_wrong_are_named() {
    for (text, expected) in [
        ("", "LOTTERY_KEEPER_RPC_URL"),
        ("rpc_url = []", "LOTTERY_KEEPER_RPC_URL"),
        ("rpc_url = 3", "rpc_url: must be a text, or a list"),
        ("rpc_url = ''", "rpc_url: must begin with http://"),
        (
            "rpc_url = 'ftp://SECRET'",
            "rpc_url: must begin with http://",
        ),
        (
            "rpc_url = 'http://h:65535'",
            "rpc_url: its port leaves none",
        ),
        (
            "rpc_url = ['http://a', 'http://a/']",
            "rpc_url: names an endpoint twice",
        ),
        (
            "rpc_url = ['http://a', 'http://b']\nws_url = ['ws://a', 'ws://a']",
            "ws_url: names an endpoint twice",
        ),
    ] {
        let error = read(text).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error:?}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}
