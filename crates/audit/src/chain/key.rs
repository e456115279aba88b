//! The key that a writer signs with: Ed25519, in a file that its owner alone reads, as `openssl genpkey -algorithm ed25519`
//! makes it.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use thiserror::Error;

/// What a public key of Ed25519 begins with as SubjectPublicKeyInfo (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Most bytes of a file of keys.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It cannot be made.
    #[error("make the signing key `{}`; give this user the right to write there, or set `spool.signing-key`", path.display())]
    Make {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("read the key `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read the file.
    #[error("the signing key `{}` can be read by others (mode {mode:03o}): `chmod 600` it", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is something else in the file.
    #[error("`{}` holds no {what} of Ed25519 in PEM: `openssl genpkey -algorithm ed25519` makes a key, `openssl pkey -pubout` shows its public one", path.display())]
    NoKey {
        /// Which one.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
}

/// Signs checkpoints.
pub struct SigningKey(Ed25519KeyPair);

/// What its signatures are checked with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl SigningKey {
    /// A new one.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub fn generate() -> io::Result<Self> {
        let pkcs8 = generate_pkcs8()?;
        Ed25519KeyPair::from_pkcs8(&pkcs8)
            .map(SigningKey)
            .map_err(|error| io::Error::other(error.to_string()))
    }

    /// The key in the file at `path`. Where there is none, one is made, with its public key beside it.
    pub(crate) fn load_or_make(path: &Path) -> Result<Self, KeyError> {
        if !path.exists() {
            make(path).map_err(|source| KeyError::Make { path: path.to_owned(), source })?;
        }
        let read = |source| KeyError::Read { path: path.to_owned(), source };
        let mode = std::fs::metadata(path).map_err(read)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
        let no_key = || KeyError::NoKey { path: path.to_owned(), what: "private key" };
        let pem = read_file(path)?;
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
        // OpenSSL's files have no public key in them that could be compared.
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8.secret_pkcs8_der()).map_err(|_| no_key())?;
        Ok(SigningKey(pair))
    }

    /// What its signatures are checked with.
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        for (place, byte) in key.iter_mut().zip(self.0.public_key().as_ref()) {
            *place = *byte;
        }
        PublicKey(key)
    }

    /// The same for the same bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        for (place, byte) in signature.iter_mut().zip(self.0.sign(bytes).as_ref()) {
            *place = *byte;
        }
        signature
    }
}

/// The key stays out of logs.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public()).finish()
    }
}

impl PublicKey {
    /// Whether the key signed `bytes`.
    pub(super) fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(bytes, signature).is_ok()
    }

    /// As a file.
    pub fn to_pem(self) -> String {
        pem("PUBLIC KEY", &[SPKI_HEAD.as_slice(), &self.0].concat())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The public keys in a file, one at least.
///
/// # Errors
///
/// [`KeyError`] where there is none, or one of another kind.
pub fn read_public_keys(path: &Path) -> Result<Vec<PublicKey>, KeyError> {
    let no_key = || KeyError::NoKey { path: path.to_owned(), what: "public key" };
    let text = read_file(path)?;
    let keys: Vec<PublicKey> = SubjectPublicKeyInfoDer::pem_slice_iter(&text)
        .map(|key| key.ok().and_then(|key| key.strip_prefix(&SPKI_HEAD)?.try_into().ok()).map(PublicKey))
        .collect::<Option<_>>()
        .ok_or_else(no_key)?;
    if keys.is_empty() { Err(no_key()) } else { Ok(keys) }
}

fn read_file(path: &Path) -> Result<Vec<u8>, KeyError> {
    let read = |source| KeyError::Read { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(read)?.len();
    if FILE_BYTES_MAX < bytes {
        return Err(read(io::Error::other(format!(
            "it has {bytes} bytes, keys have {FILE_BYTES_MAX} at most"
        ))));
    }
    std::fs::read(path).map_err(read)
}

/// Makes a key at `path`, whole or not at all, and its public key in `path` with `.pub` behind it.
fn make(path: &Path) -> io::Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let pkcs8 = generate_pkcs8()?;
    let public = Ed25519KeyPair::from_pkcs8(&pkcs8)
        .map(SigningKey)
        .map_err(|error| io::Error::other(error.to_string()))?
        .public();
    put(&with_ending(path, ".pub"), &public.to_pem())?;
    put(path, &pem("PRIVATE KEY", &pkcs8))
}

fn generate_pkcs8() -> io::Result<Vec<u8>> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    Ok(pkcs8.map_err(|_| io::Error::other("the system has no random numbers"))?.as_ref().to_vec())
}

/// Writes a file that its owner alone reads, whole or not at all.
pub(crate) fn put(path: &Path, text: &str) -> io::Result<()> {
    let new = with_ending(path, ".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    // Records rest on it from now on: it must be there after a power cut too.
    file.sync_all()?;
    std::fs::rename(&new, path)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("signing.key");
        let made = SigningKey::load_or_make(&path).unwrap();
        let loaded = SigningKey::load_or_make(&path).unwrap();
        assert_eq!(made.public(), loaded.public());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(read_public_keys(&dir.path().join("signing.key.pub")).unwrap(), [made.public()]);
        assert!(made.public().has_signed(b"a", &loaded.sign(b"a")));
        assert!(!made.public().has_signed(b"b", &loaded.sign(b"a")));
    }

    /// The example of RFC 8410, section 10, in the form that OpenSSL writes.
    #[test]
    fn keys_of_openssl_are_read() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("key");
        put(&path, OPENSSL_KEY).unwrap();
        let public = dir.path().join("public");
        put(&public, OPENSSL_PUBLIC_KEY).unwrap();
        let key = SigningKey::load_or_make(&path).unwrap().public();
        assert_eq!(read_public_keys(&public).unwrap(), [key]);
        assert_eq!(key.to_pem(), OPENSSL_PUBLIC_KEY);
    }

    const OPENSSL_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const OPENSSL_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn what_is_no_key_is_named_with_the_mend() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("signing.key");
        put(&path, "nonsense").unwrap();
        let told = |path: &Path| SigningKey::load_or_make(path).unwrap_err().to_string();
        assert!(told(&path).contains("signing.key` holds no private key of Ed25519"), "{}", told(&path));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(told(&path).ends_with("can be read by others (mode 640): `chmod 600` it"), "{}", told(&path));
        let error = read_public_keys(&path).unwrap_err().to_string();
        assert!(error.contains("holds no public key of Ed25519"), "{error}");
        assert!(read_public_keys(dir.path().join("none").as_path()).is_err());
    }
}
