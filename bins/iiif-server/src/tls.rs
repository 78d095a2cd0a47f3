//! The certificate of `https://`, read again when its files change.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::listen::TlsFiles;

/// How often the files are looked at: whoever renews a certificate does so days before it ends.
const REFRESH_TIME: Duration = Duration::from_mins(1);

/// The versions of HTTP that clients may choose from (RFC 7301), the better one first.
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];
pub(crate) const HTTP2: &[u8] = b"h2";

/// A certificate and its key, as their files have them.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: TlsFiles,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    pem: Pem,
    key: Arc<CertifiedKey>,
}

/// What the files contain.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// One of them is a secret.
impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pem(******)")
    }
}

impl Certificate {
    pub(crate) fn read(files: TlsFiles) -> anyhow::Result<Self> {
        let pem = Pem::read(&files)?;
        let key = Arc::new(pem.parse(&files)?);
        let current = RwLock::new(Current { pem, key });
        Ok(Self { files, current })
    }

    /// Returns how connections are encrypted with it.
    pub(crate) fn config(self: &Arc<Self>) -> anyhow::Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        let resolver = Arc::clone(self);
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(resolver as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }

    /// Reads the files whenever they change. What cannot be used is logged, and the last good
    /// certificate stays: the two files are seldom replaced in one go.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut told = None;
        loop {
            tokio::time::sleep(REFRESH_TIME).await;
            let problem = match self.refresh() {
                Ok(Refreshed::Same) => None,
                Ok(Refreshed::New) => {
                    let file = self.files.certificate.display();
                    tracing::info!("the certificate of `{file}` changed and is in use");
                    None
                }
                Err(error) => Some(format!("{error:#}")),
            };
            if let Some(problem) = problem.as_ref().filter(|it| Some(*it) != told.as_ref()) {
                tracing::error!("the certificate changed and is not in use: {problem}");
            }
            told = problem;
        }
    }

    fn refresh(&self) -> anyhow::Result<Refreshed> {
        let pem = Pem::read(&self.files)?;
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.pem == pem {
            return Ok(Refreshed::Same);
        }
        drop(current);
        let key = Arc::new(pem.parse(&self.files)?);
        let current = self.current.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Current { pem, key };
        Ok(Refreshed::New)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Refreshed {
    Same,
    New,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
    }
}

impl Pem {
    fn read(files: &TlsFiles) -> anyhow::Result<Self> {
        let read = |path: &Path, what: &str| {
            let bytes = std::fs::read(path);
            bytes.with_context(|| format!("cannot read the {what} `{}`", path.display()))
        };
        Ok(Self {
            certificate: read(&files.certificate, "certificate")?,
            key: read(&files.key, "key")?,
        })
    }

    fn parse(&self, files: &TlsFiles) -> anyhow::Result<CertifiedKey> {
        let (certificate, key) = (files.certificate.display(), files.key.display());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| {
            anyhow!("`{certificate}` has no certificate; expected a certificate in PEM, and its chain behind it")
        })?;
        // What the parser says may quote the key.
        let private = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_secret| {
            anyhow!("`{key}` has no key; expected a key in PEM, as PKCS#8, PKCS#1 or SEC1, without a password")
        })?;
        let certified = CertifiedKey::from_der(chain, private, &default_provider());
        certified.with_context(|| {
            format!(
                "cannot use the key `{key}` with the certificate `{certificate}`; expected an RSA, \
                 ECDSA or Ed25519 key, and the certificate that was made for it"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(files: &TlsFiles) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        std::fs::write(&files.certificate, &certificate).unwrap();
        std::fs::write(&files.key, &key).unwrap();
        (certificate, key)
    }

    fn shown(certificate: &Certificate) -> Vec<u8> {
        let current = certificate.current.read().unwrap();
        current.key.cert[0].to_vec()
    }

    #[test]
    fn a_certificate_that_is_renewed_is_in_use_and_half_of_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("cert.pem"),
            key: folder.path().join("key.pem"),
        };
        write(&files);
        let certificate = Certificate::read(files.clone()).unwrap();
        let first = shown(&certificate);
        assert_eq!(certificate.refresh().unwrap(), Refreshed::Same);

        let (renewed, key) = write(&files);
        std::fs::write(&files.key, "").unwrap();
        let error = format!("{:#}", certificate.refresh().unwrap_err());
        assert!(error.contains("key.pem` has no key; expected"), "{error}");
        assert_eq!(shown(&certificate), first);

        std::fs::write(&files.key, key).unwrap();
        assert_eq!(certificate.refresh().unwrap(), Refreshed::New);
        assert_ne!(shown(&certificate), first);

        // The key of another certificate.
        write(&files);
        std::fs::write(&files.certificate, renewed).unwrap();
        let error = format!("{:#}", certificate.refresh().unwrap_err());
        assert!(error.contains("cannot use the key"), "{error}");
        assert!(!format!("{certificate:?}").contains("PRIVATE"));
    }
}
