//! Keypair files: the JSON array of 64 numbers that Solana's tools write.

use std::path::{Path, PathBuf};

use solana_keypair::Keypair;

/// Why a keypair file was not read.
#[derive(Debug, thiserror::Error)]
pub enum KeypairError {
    #[error("cannot read keypair file {path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is not a keypair file: expected a JSON array of 64 bytes")]
    Format { path: PathBuf },
    #[error("the two halves of the keypair in {path} do not belong together")]
    Mismatch { path: PathBuf },
}

/// Reads a keypair file. Its contents never appear in an error.
pub fn read(path: &Path) -> Result<Keypair, KeypairError> {
    let text = std::fs::read_to_string(path).map_err(|source| KeypairError::Read {
        path: path.to_owned(),
        source,
    })?;
    let bytes: Vec<u8> = serde_json::from_str(&text).map_err(|_| KeypairError::Format {
        path: path.to_owned(),
    })?;
    if bytes.len() != 64 {
        return Err(KeypairError::Format {
            path: path.to_owned(),
        });
    }
    Keypair::try_from(bytes.as_slice()).map_err(|_| KeypairError::Mismatch {
        path: path.to_owned(),
    })
}
