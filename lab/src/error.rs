use std::io;

/// Why a part of the lab could not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("no port to listen on: {0}")]
    Listen(#[source] io::Error),
    #[error("no two adjacent free ports")]
    NoAdjacentPorts,
    #[error("no HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    #[error("no certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}
