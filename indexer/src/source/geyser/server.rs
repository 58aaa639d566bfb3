//! A server: where it is, how it knows its customer, and how it is known.

use std::{fmt, path::Path, str::FromStr, time::Duration};

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use super::GeyserError;
use crate::error::redact;

/// Bytes that may be under way: HTTP/2 lets the server send no more before what came is
/// read.
const WINDOW: u32 = 1 << 20;

/// Why a setting was refused. Never shows the value of one that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeyserSettingError {
    #[error("{0:?} is not an http:// or https:// URL")]
    Url(String),
    #[error("the token has characters that an HTTP header cannot carry")]
    Token,
    #[error("geyser_ca: {0}")]
    Authorities(String),
}

/// The address of a Geyser server's gRPC interface.
#[derive(Clone, PartialEq, Eq)]
pub struct GeyserUrl(String);

impl FromStr for GeyserUrl {
    type Err = GeyserSettingError;

    fn from_str(url: &str) -> Result<Self, GeyserSettingError> {
        let known = url.starts_with("http://") || url.starts_with("https://");
        if known && Endpoint::from_shared(url.to_owned()).is_ok() {
            Ok(Self(url.to_owned()))
        } else {
            Err(GeyserSettingError::Url(redact(url)))
        }
    }
}

impl fmt::Debug for GeyserUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

/// What the server's operator gave out to tell customers apart.
#[derive(Clone, PartialEq)]
pub struct GeyserToken(MetadataValue<Ascii>);

impl FromStr for GeyserToken {
    type Err = GeyserSettingError;

    fn from_str(token: &str) -> Result<Self, GeyserSettingError> {
        let mut value = MetadataValue::try_from(token).map_err(|_| GeyserSettingError::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for GeyserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Who is believed about a server beside the authorities of the public web: those of its
/// operator, where they have their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities(Vec<u8>);

impl Authorities {
    /// Reads a file of certificates (PEM).
    ///
    /// # Errors
    /// When it cannot be read, or holds none.
    pub fn read(path: &Path) -> Result<Self, GeyserSettingError> {
        let refused = |problem: String| GeyserSettingError::Authorities(problem);
        let pem = std::fs::read(path)
            .map_err(|error| refused(format!("{} cannot be read: {error}", path.display())))?;
        let mut certificates = CertificateDer::pem_slice_iter(&pem).peekable();
        if certificates.peek().is_none() {
            let begin = "-----BEGIN CERTIFICATE-----";
            return Err(refused(format!("no {begin} is in {}", path.display())));
        }
        match certificates.find_map(Result::err) {
            None => Ok(Self(pem)),
            Some(error) => Err(refused(format!("{} is not PEM: {error}", path.display()))),
        }
    }
}

/// A server.
#[derive(Clone, Debug, PartialEq)]
pub struct GeyserServer {
    pub url: GeyserUrl,
    pub token: Option<GeyserToken>,
    pub authorities: Option<Authorities>,
}

impl GeyserServer {
    pub(super) async fn connect(
        &self,
        patience: Duration,
        keep_alive: Duration,
    ) -> Result<Channel, GeyserError> {
        let GeyserUrl(url) = &self.url;
        let mut endpoint = Endpoint::from_shared(url.clone())?
            .connect_timeout(patience)
            .http2_keep_alive_interval(keep_alive)
            .keep_alive_timeout(keep_alive)
            .keep_alive_while_idle(true)
            .tcp_keepalive(Some(Duration::from_secs(30)))
            .tcp_nodelay(true)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW);
        if url.starts_with("https://") {
            let mut tls = ClientTlsConfig::new().with_webpki_roots();
            if let Some(Authorities(pem)) = &self.authorities {
                tls = tls.ca_certificate(Certificate::from_pem(pem));
            }
            endpoint = endpoint.tls_config(tls)?;
        }
        Ok(endpoint.connect().await?)
    }

    /// Shows the token to the server.
    pub(super) fn name_in<T>(&self, request: &mut Request<T>) {
        if let Some(GeyserToken(token)) = &self.token {
            request.metadata_mut().insert("x-token", token.clone());
        }
    }
}
