//! How values are read from the file and shown again, for `#[serde(with = "values::…")]`
//! and `#[serde(serialize_with = "values::…")]`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::text::scrub;

/// An address of which only scheme, host and port are shown.
pub fn scrubbed<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(scrub).serialize(serializer)
}

/// One text, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        // In place of serde's "did not match any variant".
        let either = Self::deserialize(deserializer)
            .map_err(|_| D::Error::custom("must be a text, or a list of texts"))?;
        Ok(match either {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        })
    }
}

/// Addresses of nodes.
pub mod urls {
    use super::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<String>>, D::Error> {
        OneOrMany::read(deserializer).map(Some)
    }

    pub fn serialize<S: Serializer>(
        urls: &Option<Vec<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let shown = urls.as_ref();
        shown
            .map(|urls| urls.iter().map(scrub).collect::<Vec<_>>())
            .serialize(serializer)
    }
}

/// What is read and shown as text.
pub mod text {
    use super::*;

    pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: fmt::Display>,
    {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }

    pub fn serialize<T: fmt::Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .map(ToString::to_string)
            .serialize(serializer)
    }
}

/// Several of the same.
pub mod texts {
    use super::*;

    pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: fmt::Display>,
    {
        let texts = OneOrMany::read(deserializer)?;
        let values: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
        values.map(Some).map_err(D::Error::custom)
    }

    pub fn serialize<T: fmt::Display, S: Serializer>(
        values: &Option<Vec<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let shown = values.as_ref();
        shown
            .map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>())
            .serialize(serializer)
    }
}
