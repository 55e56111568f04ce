//! Who acts.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::id::{ActorId, SubjectId};
use crate::name::Name;

/// Who acts, and in which role of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// An opaque id; who it is stands elsewhere, sealed like anybody's data.
    pub id: ActorId,
    /// The role; `None` for the SDK itself and for a data subject.
    pub role: Option<Name>,
    /// The certificate with which a member of staff came, where there was one.
    pub certificate: Option<Fingerprint>,
}

impl Actor {
    /// A member of staff or a service, in a role.
    #[must_use]
    pub const fn staff(id: ActorId, role: Name) -> Self {
        Self { id, role: Some(role), certificate: None }
    }

    /// With the certificate that whoever let it in has verified: the VPN, the bastion, the proxy.
    #[must_use]
    pub fn with_certificate(self, certificate: Fingerprint) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// The data subject, acting on its own data.
    #[must_use]
    pub fn subject(id: SubjectId) -> Self {
        Self { id: ActorId::from(id.as_uuid()), role: None, certificate: None }
    }

    /// The SDK itself: sweeps, resumed work, policy evolution.
    #[must_use]
    pub const fn system() -> Self {
        Self { id: ActorId::SYSTEM, role: None, certificate: None }
    }
}

/// The SHA-256 of a certificate in DER: what `openssl x509 -fingerprint -sha256` shows.
///
/// It tells certificates apart and verifies none: that whoever came held the private key is for the
/// one that let them in to say. One certificate is one person's, so it prints nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of_der(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}
