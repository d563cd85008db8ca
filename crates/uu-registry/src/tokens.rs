//! Access tokens: who may ask the service for what. Only their SHA-256 is kept; with 256 random bits, that is as good as a slow hash.

use std::fmt;
use std::io;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::audit::{Entry, note};
use crate::database::{Row, Transaction};
use crate::random::{bytes, sha256};
use crate::{Registry, RegistryError, Secret, Timestamp};

/// Begins every token, so that people and scanners know one when they see it.
const PREFIX: &str = "uu_";

/// Random bytes in a token.
const RANDOM_BYTES: usize = 32;

/// Characters in a token: base64 takes four for three bytes.
const LENGTH: usize = PREFIX.len() + (RANDOM_BYTES * 4).div_ceil(3);

pub(crate) const SQL: &str = "SELECT id, name, scope, sha256, made_by, made_at, revoked_by, revoked_at, expires_at FROM tokens ORDER BY id";

/// Number of a token, in the order they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TokenId(pub i64);

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What a token lets its holder do; each lets do what the one before it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Ask for estimates, look at models and jobs.
    Read,
    /// Send observations, start trainings.
    Write,
    /// Promote, roll back, manage tokens.
    Admin,
}

impl Scope {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = RegistryError;

    fn from_str(name: &str) -> Result<Self, RegistryError> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == name);
        found.ok_or_else(|| RegistryError::BadRow { table: "tokens", reason: format!("`{name}` is no scope of a token") })
    }
}

/// What is known of a token; never the token itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// What it is for, as its maker said.
    pub name: String,
    /// What it lets its holder do.
    pub scope: Scope,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// When; `None` while it is not revoked.
    pub revoked_at: Option<Timestamp>,
    /// From when on it is refused; `None` where it is good until it is revoked.
    pub expires_at: Option<Timestamp>,
}

impl Token {
    /// What jobs and the audit log call whoever holds it.
    #[must_use]
    pub fn holder(&self) -> String {
        format!("token {} ({})", self.id, self.name)
    }

    /// Whether it is neither revoked nor expired at that instant.
    #[must_use]
    pub fn is_good_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A token that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it lets its holder do.
    pub scope: Scope,
    /// Who makes it.
    pub by: &'a str,
    /// From when on it is refused; `None` where it is good until it is revoked.
    pub expires_at: Option<Timestamp>,
}

impl Registry {
    /// Makes a token. The secret is given out this once, and cannot be had again.
    ///
    /// **Errors**: as [`Registry::show_new_token`].
    pub fn create_token(&self, name: &str, scope: Scope, by: &str) -> Result<(TokenId, Secret), RegistryError> {
        self.create_token_until(name, scope, (None, by))
    }

    /// The same for a token that is refused from an instant on.
    ///
    /// **Errors**: as [`Registry::show_new_token`].
    pub fn create_token_until(
        &self,
        name: &str,
        scope: Scope,
        (expires_at, by): (Option<Timestamp>, &str),
    ) -> Result<(TokenId, Secret), RegistryError> {
        let mut given = None;
        let id = self.show_new_token(&NewToken { name, scope, by, expires_at }, |_, secret| {
            given = Some(secret.clone());
            Ok(())
        })?;
        Ok((id, given.expect("the secret is shown before its token is made")))
    }

    /// Makes a token, good once `show` has shown its secret: one that nobody saw is none.
    ///
    /// Other writers wait while it is shown.
    ///
    /// **Errors**: [`RegistryError::NotShown`] where `show` fails, and no token is made; a system without random bits; a database that
    /// cannot be reached or written, where the secret that was shown is no token.
    pub fn show_new_token(
        &self,
        new: &NewToken<'_>,
        show: impl FnOnce(TokenId, &Secret) -> io::Result<()>,
    ) -> Result<TokenId, RegistryError> {
        let secret = new_secret()?;
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let id = make(&mut transaction, new, &secret).await?;
            show(id, &secret).map_err(|source| RegistryError::NotShown { source })?;
            transaction.commit().await?;
            Ok(id)
        })
    }

    /// Makes a token of the scope `admin` where there has never been any token; `None` where there has. Of several replicas one makes it.
    ///
    /// **Errors**: as [`Registry::show_new_token`].
    pub fn create_first_token(&self, name: &str, by: &str) -> Result<Option<(TokenId, Secret)>, RegistryError> {
        let mut given = None;
        let id = self.show_first_token((name, by), |_, secret| {
            given = Some(secret.clone());
            Ok(())
        })?;
        Ok(id.zip(given))
    }

    /// The same, good once `show` has shown its secret, as [`Registry::show_new_token`] does it.
    ///
    /// **Errors**: as there.
    pub fn show_first_token(
        &self,
        (name, by): (&str, &str),
        show: impl FnOnce(TokenId, &Secret) -> io::Result<()>,
    ) -> Result<Option<TokenId>, RegistryError> {
        const COUNT: &str = "SELECT COUNT(*) AS number FROM tokens";
        if self.has_token()? {
            return Ok(None);
        }
        let secret = new_secret()?;
        self.wait(async {
            let mut transaction = self.database().write().await?;
            if transaction.number(COUNT, Vec::new()).await? > 0 {
                return Ok(None);
            }
            let id = make(&mut transaction, &NewToken { name, scope: Scope::Admin, by, expires_at: None }, &secret).await?;
            show(id, &secret).map_err(|source| RegistryError::NotShown { source })?;
            transaction.commit().await?;
            Ok(Some(id))
        })
    }

    /// Whether there has ever been a token; who asks does not wait for a writer.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn has_token(&self) -> Result<bool, RegistryError> {
        Ok(!self.wait(self.database().fetch("SELECT id FROM tokens LIMIT 1", Vec::new()))?.is_empty())
    }

    /// The token that `secret` is, if it is one and good. How long that takes says nothing about how near a guess came.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn verify(&self, secret: &str) -> Result<Option<Token>, RegistryError> {
        if secret.len() != LENGTH || !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = sha256(secret.as_bytes());
        let rows = self.wait(self.database().fetch(SQL, Vec::new()))?;
        let mut found = None;
        for row in &rows {
            let is_it = bool::from(row.text("sha256")?.as_bytes().ct_eq(hash.as_bytes()));
            if is_it {
                found = Some(token(row)?);
            }
        }
        Ok(found.filter(|token| token.is_good_at(Timestamp::now())))
    }

    /// All tokens, the oldest first, revoked ones too.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn tokens(&self) -> Result<Vec<Token>, RegistryError> {
        self.wait(self.database().fetch(SQL, Vec::new()))?.iter().map(token).collect()
    }

    /// Whether whoever is called `by` may still do what `scope` allows: the holder of a token while it is good, others, who needed none, always.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn may_still(&self, by: &str, scope: Scope) -> Result<bool, RegistryError> {
        let tokens = self.tokens()?;
        let held = tokens.iter().find(|token| token.holder() == by);
        Ok(held.is_none_or(|token| token.scope >= scope && token.is_good_at(Timestamp::now())))
    }

    /// Makes a token good for nothing; whether it was good for something before.
    ///
    /// **Errors**: an unknown token; a database that cannot be reached or written.
    pub fn revoke_token(&self, id: TokenId, by: &str) -> Result<bool, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let sql = "SELECT COUNT(*) AS number FROM tokens WHERE id = $1";
            if transaction.number(sql, vec![id.0.into()]).await? == 0 {
                return Err(RegistryError::UnknownToken { id });
            }
            let sql = "UPDATE tokens SET revoked_by = $2, revoked_at = $3 WHERE id = $1 AND revoked_at IS NULL";
            let revoked = transaction.execute(sql, vec![id.0.into(), by.into(), Timestamp::now().into()]).await? > 0;
            if revoked {
                let entry = Entry { by, action: "revoke_token", subject: &id.to_string(), details: &json!({}) };
                note(&mut transaction, &entry).await?;
            }
            transaction.commit().await?;
            Ok(revoked)
        })
    }
}

fn new_secret() -> Result<Secret, RegistryError> {
    Ok(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes::<RANDOM_BYTES>()?))))
}

async fn make(transaction: &mut Transaction, new: &NewToken<'_>, secret: &Secret) -> Result<TokenId, RegistryError> {
    let NewToken { name, scope, by, expires_at } = *new;
    let id = transaction.number("SELECT COALESCE(MAX(id), 0) + 1 AS number FROM tokens", Vec::new()).await?;
    let hash = sha256(secret.expose().as_bytes());
    let values = vec![
        id.into(),
        name.into(),
        scope.name().into(),
        hash.into(),
        by.into(),
        Timestamp::now().into(),
        expires_at.map(Timestamp::milliseconds).into(),
    ];
    transaction.insert("tokens (id, name, scope, sha256, made_by, made_at, expires_at)", values.len(), values).await?;
    let mut details = json!({ "name": name, "scope": scope });
    if let Some(expires_at) = expires_at {
        details["expires_at"] = json!(expires_at);
    }
    note(transaction, &Entry { by, action: "create_token", subject: &id.to_string(), details: &details }).await?;
    Ok(TokenId(id))
}

pub(crate) fn token(row: &Row) -> Result<Token, RegistryError> {
    Ok(Token {
        id: TokenId(row.integer("id")?),
        name: row.text("name")?,
        scope: row.text("scope")?.parse()?,
        made_by: row.text("made_by")?,
        made_at: row.time("made_at")?,
        revoked_by: row.maybe_text("revoked_by")?,
        revoked_at: row.maybe_time("revoked_at")?,
        expires_at: row.maybe_time("expires_at")?,
    })
}
