//! Who may do what: setup secret, password, sessions, bearer tokens. The state file holds only hashes.

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::state::{State, StateError};

/// Passwords have at least this many characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// And at most this many bytes, so that hashing is no weapon.
const PASSWORD_BYTES_MAX: usize = 1024;
const SETUP_TTL: Duration = Duration::from_secs(15 * 60);
const LINK_TTL: Duration = Duration::from_secs(24 * 3600);
/// How long a sign-in lasts.
pub const SESSION_TTL: Duration = Duration::from_secs(12 * 3600);
const TOKEN_TTL: Duration = Duration::from_secs(90 * 24 * 3600);

/// What a caller may do: one thing each, except that who may respond may look, and `Admin` may do all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scope {
    /// Send lines
    Ingest,
    /// Query and look
    Read,
    /// Acknowledge, resolve and silence; look as well
    Respond,
    /// See the lamp
    Lamp,
    /// Everything
    Admin,
}

impl Scope {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Respond => "respond",
            Self::Lamp => "lamp",
            Self::Admin => "admin",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [
            Self::Ingest,
            Self::Read,
            Self::Respond,
            Self::Lamp,
            Self::Admin,
        ]
        .into_iter()
        .find(|scope| scope.as_str() == text)
    }

    /// Whether a caller with this scope may do what `needed` names.
    pub fn allows(self, needed: Self) -> bool {
        self == Self::Admin || self == needed || (self == Self::Respond && needed == Self::Read)
    }
}

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Sets the administrator's first password; once, within 15 minutes.
    Setup,
    /// Signs in without a password; once. The demo prints one.
    Link,
    /// A browser's session.
    Session,
    /// A script's bearer token.
    Token,
}

impl SecretKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Link => "link",
            Self::Session => "session",
            Self::Token => "token",
        }
    }

    fn ttl(self) -> Duration {
        match self {
            Self::Setup => SETUP_TTL,
            Self::Link => LINK_TTL,
            Self::Session => SESSION_TTL,
            Self::Token => TOKEN_TTL,
        }
    }

    fn is_single_use(self) -> bool {
        matches!(self, Self::Setup | Self::Link)
    }
}

/// Why somebody was not let in. The answers do not tell which of name and password was wrong.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("wrong, used or expired secret")]
    Denied,
    #[error("a password needs at least {PASSWORD_CHARS_MIN} characters")]
    WeakPassword,
    #[error(transparent)]
    State(#[from] StateError),
}

fn hash(secret: &str) -> String {
    crate::text::hex(&Sha256::digest(secret.as_bytes()))
}

/// Makes a secret of 256 random bits and remembers its hash.
pub async fn issue(
    state: &State,
    kind: SecretKind,
    scope: Scope,
    name: &str,
) -> Result<String, StateError> {
    let bytes: [u8; 32] = rand::random();
    let secret = format!("la_{}", URL_SAFE_NO_PAD.encode(bytes));
    let (hashed, name) = (hash(&secret), name.to_owned());
    let now = crate::time::now_us();
    let ttl_us = i64::try_from(kind.ttl().as_micros()).unwrap_or(i64::MAX);
    state
        .write(move |tx| {
            tx.execute("DELETE FROM secrets WHERE expires_us < ?1", [now])?;
            tx.execute(
                "INSERT INTO secrets (hash, kind, scope, name, created_us, expires_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![hashed, kind.as_str(), scope.as_str(), name, now, now.saturating_add(ttl_us)],
            )
        })
        .await?;
    Ok(secret)
}

/// Takes a single-use secret: true once, false ever after.
pub async fn redeem(state: &State, kind: SecretKind, secret: &str) -> Result<bool, StateError> {
    debug_assert!(kind.is_single_use());
    let hashed = hash(secret);
    let now = crate::time::now_us();
    state
        .write(move |tx| {
            let changed = tx.execute(
                "UPDATE secrets SET used_us = ?3 WHERE hash = ?1 AND kind = ?2 AND used_us IS NULL AND expires_us >= ?3",
                params![hashed, kind.as_str(), now],
            )?;
            Ok(changed == 1)
        })
        .await
}

/// The scope of a session or token that is still good.
pub fn check(
    state: &State,
    kind: SecretKind,
    secret: &str,
) -> Result<Option<(Scope, String)>, StateError> {
    let hashed = hash(secret);
    let now = crate::time::now_us();
    let found: Option<(String, String)> = state.read(|connection| {
        connection
            .prepare_cached(
                "SELECT scope, name FROM secrets WHERE hash = ?1 AND kind = ?2 AND expires_us >= ?3",
            )?
            .query_row(params![hashed, kind.as_str(), now], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    })?;
    Ok(found.and_then(|(scope, name)| Some((Scope::parse(&scope)?, name))))
}

/// Ends a session or token.
pub async fn revoke(state: &State, secret: &str) -> Result<(), StateError> {
    let hashed = hash(secret);
    state
        .write(move |tx| tx.execute("DELETE FROM secrets WHERE hash = ?1", [hashed]))
        .await?;
    Ok(())
}

/// Whether an administrator has set a password.
pub fn has_password(state: &State) -> Result<bool, StateError> {
    state.read(|connection| {
        connection.query_row("SELECT count(*) > 0 FROM users", [], |row| row.get(0))
    })
}

/// Sets the administrator's password with the setup secret.
pub async fn set_up(state: &State, secret: &str, password: &str) -> Result<(), AuthError> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        return Err(AuthError::WeakPassword);
    }
    if !redeem(state, SecretKind::Setup, secret).await? {
        return Err(AuthError::Denied);
    }
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    });
    let hashed = hashed
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(AuthError::Denied)?;
    state
        .write(move |tx| {
            tx.execute(
                "INSERT INTO users (name, password_hash, created_us) VALUES ('admin', ?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET password_hash = ?1",
                params![hashed, crate::time::now_us()],
            )
        })
        .await?;
    Ok(())
}

/// Whether the administrator's password is right.
pub async fn check_password(state: &State, password: &str) -> Result<bool, StateError> {
    let stored: Option<String> = state.read(|connection| {
        connection
            .query_row(
                "SELECT password_hash FROM users WHERE name = 'admin'",
                [],
                |row| row.get(0),
            )
            .optional()
    })?;
    let (Some(stored), true) = (stored, password.len() <= PASSWORD_BYTES_MAX) else {
        return Ok(false);
    };
    let password = password.to_owned();
    let checked = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&stored).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    });
    Ok(checked.await.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_setup_secret_works_once_and_a_password_signs_in() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("s"), |_| Ok(())).unwrap();
        let secret = issue(&state, SecretKind::Setup, Scope::Admin, "setup")
            .await
            .unwrap();
        assert!(matches!(
            set_up(&state, &secret, "short").await,
            Err(AuthError::WeakPassword)
        ));
        set_up(&state, &secret, "correct horse battery")
            .await
            .unwrap();
        assert!(matches!(
            set_up(&state, &secret, "another long password").await,
            Err(AuthError::Denied)
        ));
        assert!(
            check_password(&state, "correct horse battery")
                .await
                .unwrap()
        );
        assert!(
            !check_password(&state, "correct horse batterz")
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_token_is_good_for_its_kind_until_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("s"), |_| Ok(())).unwrap();
        let token = issue(&state, SecretKind::Token, Scope::Read, "script")
            .await
            .unwrap();
        assert_eq!(
            check(&state, SecretKind::Token, &token).unwrap(),
            Some((Scope::Read, "script".to_owned()))
        );
        assert_eq!(check(&state, SecretKind::Session, &token).unwrap(), None);
        revoke(&state, &token).await.unwrap();
        assert_eq!(check(&state, SecretKind::Token, &token).unwrap(), None);
        let file = std::fs::read(dir.path().join("s")).unwrap();
        let needle = token.as_bytes();
        assert!(!file.windows(needle.len()).any(|window| window == needle));
    }
}
