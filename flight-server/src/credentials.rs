//! The users and tokens that may connect.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{constant_time, digest};

/// A secret's SHA-256: what is kept, compared and looked up in its place.
pub(crate) type Fingerprint = [u8; 32];

/// The name of the caller where nobody has to log in.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// Users with passwords, and tokens that stand for a name; or everybody. Holds fingerprints only.
#[derive(Clone)]
pub struct Credentials {
    open: bool,
    users: BTreeMap<String, Fingerprint>,
    tokens: Vec<(Arc<str>, Fingerprint)>,
}

impl Credentials {
    /// Everybody is let in as `anonymous`.
    pub fn open() -> Self {
        Self {
            open: true,
            users: BTreeMap::new(),
            tokens: Vec::new(),
        }
    }

    /// Nobody is let in but the users and bearers that are added.
    pub fn closed() -> Self {
        Self {
            open: false,
            ..Self::open()
        }
    }

    /// Adds a user; a second password for a name replaces the first. An empty password opens
    /// nothing.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>, password: &str) -> Self {
        if !password.is_empty() {
            self.users.insert(user.into(), fingerprint(password));
        }
        self
    }

    /// Adds a bearer token and the name that its bearer goes by. An empty token opens nothing.
    #[must_use]
    pub fn with_token(mut self, name: &str, token: &str) -> Self {
        if !token.is_empty() {
            self.tokens.push((name.into(), fingerprint(token)));
        }
        self
    }

    /// Whether everybody is let in.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The user, if the password is theirs. Takes as long for an unknown user as for a wrong
    /// password.
    pub(crate) fn user(&self, user: &str, password: &str) -> Option<Arc<str>> {
        let given = fingerprint(password);
        let nobody = [0; 32];
        let (known, expected) = match self.users.get(user) {
            Some(expected) => (true, expected),
            None => (false, &nobody),
        };
        (same(&given, expected) && known).then(|| user.into())
    }

    /// The name that a token stands for.
    pub(crate) fn bearer(&self, given: &Fingerprint) -> Option<Arc<str>> {
        let mut found = None;
        for (name, expected) in &self.tokens {
            if same(given, expected) {
                found = Some(Arc::clone(name));
            }
        }
        found
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("open", &self.open)
            .field("users", &self.users.len())
            .field("tokens", &self.tokens.len())
            .finish()
    }
}

/// The fingerprint of a secret.
pub(crate) fn fingerprint(secret: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    bytes
}

fn same(a: &Fingerprint, b: &Fingerprint) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_open_only_their_own_door() {
        let c = Credentials::closed()
            .with_user("ann", "s3cret")
            .with_token("job", "t0ken");
        assert_eq!(c.user("ann", "s3cret").as_deref(), Some("ann"));
        assert_eq!(c.user("ann", "wrong"), None);
        assert_eq!(c.user("bob", "s3cret"), None);
        assert_eq!(c.bearer(&fingerprint("t0ken")).as_deref(), Some("job"));
        assert_eq!(c.bearer(&fingerprint("s3cret")), None);
        assert!(!c.is_open() && Credentials::open().is_open());
        assert_eq!(
            format!("{c:?}"),
            "Credentials { open: false, users: 1, tokens: 1 }"
        );
    }

    #[test]
    fn an_empty_secret_opens_nothing_and_leaves_the_door_shut() {
        let c = Credentials::closed()
            .with_user("ann", "")
            .with_token("job", "");
        assert!(!c.is_open());
        assert_eq!(c.user("ann", ""), None);
        assert_eq!(c.bearer(&fingerprint("")), None);
    }
}
