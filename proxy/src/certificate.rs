//! What is read from certificates: PEM files, whom one names, and what a log-in is bound to. Who signed a certificate and whether it holds is rustls's business.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Any, Decode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Common name (RFC 5280, appendix A).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Reads a certificate and those that lead to its authority.
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error| format!("cannot read certificates from {}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if chain.is_empty() {
        return Err(format!("there is no certificate (`-----BEGIN CERTIFICATE-----`) in {}", path.display()));
    }
    Ok(chain)
}

/// Reads a private key.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| format!("cannot read a private key from {}: {error}", path.display()))
}

/// Reads the certificates of authorities.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(path)? {
        roots.add(certificate).map_err(|error| {
            format!("there is a certificate that no authority can use in {}: {error}", path.display())
        })?;
    }
    Ok(roots)
}

/// Whether a certificate is `name`'s: it is its common name, or one of its alternative names (mail address or DNS
/// name), letter for letter.
pub(crate) fn names(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return false };
    let subject = &certificate.tbs_certificate.subject;
    let mut common = subject.0.iter().flat_map(|part| part.0.iter()).filter(|part| part.oid == COMMON_NAME);
    if common.any(|part| text(&part.value) == Some(name)) {
        return true;
    }
    let Ok(Some((_, alternatives))) = certificate.tbs_certificate.get::<SubjectAltName>() else {
        return false;
    };
    alternatives.0.iter().any(|alternative| match alternative {
        GeneralName::Rfc822Name(found) | GeneralName::DnsName(found) => found.as_str() == name,
        _ => false,
    })
}

fn text(value: &Any) -> Option<&str> {
    let utf8 = Utf8StringRef::try_from(value).ok().map(|text| text.as_str());
    let printable = || PrintableStringRef::try_from(value).ok().map(|text| text.as_str());
    let ia5 = || Ia5StringRef::try_from(value).ok().map(|text| text.as_str());
    utf8.or_else(printable).or_else(ia5)
}

/// The hash of a server's certificate that a log-in is bound to (`tls-server-end-point`, RFC 5929, 4.1). `None` where
/// its signature's algorithm has no single hash.
pub(crate) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let algorithm = Certificate::from_der(certificate).ok()?.signature_algorithm.oid.to_string();
    Some(match algorithm.as_str() {
        // MD5 and SHA-1 with RSA, SHA-1 with ECDSA: SHA-256 takes their place. SHA-256 with RSA and with ECDSA.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.10045.4.1"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.3.2" => Sha256::digest(certificate).to_vec(),
        // SHA-384 with RSA and with ECDSA.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(certificate).to_vec(),
        // SHA-512 with RSA and with ECDSA.
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(certificate).to_vec(),
        _ => return None,
    })
}
