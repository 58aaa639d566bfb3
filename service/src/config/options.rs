//! What can be set: the same keys in the file, as variables and as flags.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::OptionsError;

/// Declares what a daemon can be told, as `Options`, and how it starts, as `Start`.
///
/// First the prefix of its variables and the file that shows all keys. Then, under the
/// heading that `--help` shows them below, each key with its type, what its value is
/// called, its variable after the prefix, and in brackets what else clap has to know.
/// The crate that uses it depends on clap and serde.
#[macro_export]
macro_rules! options {
    (
        prefix $prefix:literal, example $example:literal;
        $($heading:literal {
            $($(#[$about:meta])* $key:ident: $type:ty, $value:literal, $variable:literal
                $([$($more:tt)*])?;)*
        })*
    ) => {
        /// What every subcommand can be told beside [`Options`].
        #[derive(::clap::Args)]
        pub struct Start {
            #[arg(
                long,
                global = true,
                value_name = "FILE",
                env = concat!($prefix, "CONFIG"),
                help = concat!("TOML file with any of the options below; see ", $example)
            )]
            pub config: Option<std::path::PathBuf>,
            /// What is logged, as in RUST_LOG
            #[arg(
                long,
                global = true,
                value_name = "FILTER",
                env = concat!($prefix, "LOG"),
                default_value = "info"
            )]
            pub log: String,
            /// Log one JSON object a line
            #[arg(long, global = true, env = concat!($prefix, "LOG_JSON"))]
            pub log_json: bool,
        }

        impl Start {
            /// Refuses variables that mean nothing to `command`, starts the log, and
            /// fills up what was `given` with what the file says, by `read`.
            ///
            /// # Errors
            /// When a variable, the log's filter or the file makes no sense.
            pub fn complete(
                &self,
                command: &::clap::Command,
                given: Options,
                read: impl FnOnce(
                    &std::path::Path,
                ) -> Result<Options, $crate::config::OptionsError>,
            ) -> Result<Options, $crate::config::OptionsError> {
                let known = $crate::cli::known_variables(command);
                Options::refuse_unknown_variables($crate::cli::present_variables(), &known)?;
                $crate::cli::start_log(&self.log, self.log_json)?;
                Ok(match &self.config {
                    Some(path) => given.or(read(path)?),
                    None => given,
                })
            }
        }

        /// Everything that can be set. It serializes without secrets. Without
        /// `Debug`: endpoints hold API keys.
        #[derive(::clap::Args, Clone, Default, ::serde::Deserialize, ::serde::Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Options {
            $($(
                $(#[$about])*
                #[arg(
                    long,
                    global = true,
                    value_name = $value,
                    env = concat!($prefix, $variable),
                    help_heading = $heading
                    $(, $($more)*)?
                )]
                pub $key: Option<$type>,
            )*)*
        }

        impl Options {
            /// Prefix of the environment variables.
            pub const ENV_PREFIX: &str = $prefix;

            /// Every key of the file.
            pub const KEYS: &[&str] = &[$($(stringify!($key)),*),*];

            /// These, and `fallback` where they are not set.
            pub fn or(self, fallback: Self) -> Self {
                Self { $($($key: self.$key.or(fallback.$key)),*),* }
            }

            /// Refuses variables with the prefix that mean nothing.
            pub fn refuse_unknown_variables(
                present: impl IntoIterator<Item = String>,
                known: &[String],
            ) -> Result<(), $crate::config::OptionsError> {
                $crate::config::refuse_unknown(Self::ENV_PREFIX, present, known)
            }

            /// A key that is needed was not set.
            pub fn missing(key: &'static str) -> $crate::config::OptionsError {
                $crate::config::OptionsError::missing(key, Self::ENV_PREFIX)
            }
        }
    };
}

/// Reads a configuration file that may have these keys.
///
/// # Errors
/// When the file cannot be read, or holds what it must not: the error names the key.
pub fn read<T: DeserializeOwned>(path: &Path, keys: &[&str]) -> Result<T, OptionsError> {
    let text = std::fs::read_to_string(path).map_err(|source| OptionsError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| OptionsError::Parse {
        path: path.to_owned(),
        message: describe(&text, keys, &error),
    })
}

/// What is wrong with a file, and at which key. Not the whole error: it quotes the
/// line, which may hold a secret.
fn describe(text: &str, keys: &[&str], error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| {
        let line = text.get(span.start..)?.find('\n').unwrap_or(0);
        text.get(..span.start + line)
    });
    let key = before.and_then(|before| {
        before.lines().rev().find_map(|line| {
            let (key, _) = line.split_once('=')?;
            let key = key.trim();
            keys.iter().find(|known| **known == key)
        })
    });
    match key {
        Some(key) => format!("{key}: {}", error.message()),
        None => error.message().to_owned(),
    }
}

/// Refuses variables that begin with `prefix` and mean nothing.
///
/// # Errors
/// The first of them.
pub fn refuse_unknown(
    prefix: &str,
    present: impl IntoIterator<Item = String>,
    known: &[String],
) -> Result<(), OptionsError> {
    let unknown = present
        .into_iter()
        .filter(|name| name.starts_with(prefix) && !known.contains(name))
        .min();
    match unknown {
        Some(name) => Err(OptionsError::UnknownVariable(name)),
        None => Ok(()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::{Args as _, Command};

    use super::*;
    use crate::{cli::known_variables, config::Secret};

    options! {
        prefix "LOTTERY_SAMPLE_", example "sample.toml";

        "Work" {
            /// How many hands [default: 2]
            hands: u8, "COUNT", "HANDS";
            /// What nobody may see
            word: Secret, "WORD", "WORD" [hide_env_values = true];
        }
    }

    fn file(text: &str) -> Result<Options, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.toml");
        std::fs::write(&path, text).unwrap();
        read(&path, Options::KEYS).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_of_options_is_a_file_variables_and_flags() {
        let read = file("hands = 3").unwrap();
        assert_eq!((read.hands, read.word), (Some(3), None));
        let command = Options::augment_args(Start::augment_args(Command::new("sample")));
        command.clone().debug_assert();
        let known = known_variables(&command);
        let expected = ["CONFIG", "LOG", "LOG_JSON", "HANDS", "WORD"];
        assert_eq!(known, expected.map(|it| format!("LOTTERY_SAMPLE_{it}")));
        assert_eq!(Options::KEYS, ["hands", "word"]);
    }

    #[test]
    fn what_was_set_first_wins() {
        let upper = Options {
            hands: Some(1),
            ..Options::default()
        };
        let lower = file("hands = 2\nword = 'x'").unwrap();
        let both = upper.or(lower);
        assert_eq!(both.hands, Some(1));
        assert_eq!(both.word, Some("x".into()));
    }

    #[test]
    fn a_start_takes_from_its_file_what_was_not_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.toml");
        std::fs::write(&path, "hands = 2\nword = 'x'").unwrap();
        let start = Start {
            config: Some(path),
            log: "off".to_owned(),
            log_json: false,
        };
        let command = Options::augment_args(Start::augment_args(Command::new("sample")));
        let given = Options {
            hands: Some(1),
            ..Options::default()
        };
        let read = |path: &Path| read(path, Options::KEYS);
        let options = start.complete(&command, given, read).unwrap();
        assert_eq!((options.hands, options.word), (Some(1), Some("x".into())));
        let start = Start {
            log: "=".to_owned(),
            ..start
        };
        let error = start.complete(&command, Options::default(), read);
        assert!(error.err().unwrap().to_string().starts_with("--log: "));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_without_its_secrets() {
        for (text, expected) in [
            ("hand = 3", "unknown field `hand`"),
            ("hands = 300", "hands: "),
            ("word = ['SECRET']", "word: "),
            ("word = 'SECRET", "word: "),
        ] {
            let error = file(text).err().unwrap();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn variables_that_mean_nothing_are_refused_by_name() {
        let known = ["LOTTERY_SAMPLE_HANDS".to_owned()];
        let present = ["PATH", "LOTTERY_SAMPLE_HANDS", "LOTTERY_SAMPLE_HAND"];
        let refused = Options::refuse_unknown_variables(present.map(String::from), &known);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "unknown environment variable LOTTERY_SAMPLE_HAND; see --help for those that exist"
        );
        assert!(Options::refuse_unknown_variables(["PATH".to_owned()], &known).is_ok());
    }

    #[test]
    fn what_is_missing_can_be_given_three_ways() {
        assert_eq!(
            Options::missing("rpc_url").to_string(),
            "rpc_url is not set: give --rpc-url, LOTTERY_SAMPLE_RPC_URL or the key in the \
             configuration file"
        );
    }
}
