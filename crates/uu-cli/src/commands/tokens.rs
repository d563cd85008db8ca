//! `tokens`: who may ask the service for what.

use std::io;
use std::process::ExitCode;

use uu_registry::{NewToken, Registry, RegistryError, Scope, Secret, Timestamp, Token, TokenId};

use super::{actor, existing, registry};
use crate::arguments::{Expiry, Tokens};
use crate::failure::Advised;
use crate::output::{Column, Page, Table, note, print, print_json, print_secret, short};
use crate::settings::Settings;

/// Exit code of a revocation that had nothing to revoke.
const WAS_REVOKED: u8 = 1;

/// Makes, lists or revokes tokens.
pub(crate) fn run(arguments: Tokens, settings: &Settings) -> anyhow::Result<ExitCode> {
    match arguments {
        Tokens::Create { name, scope, expiry, making } => create(&registry(settings, making)?, (&name, scope), &expiry)?,
        Tokens::List { json } => list(&existing(settings)?, json)?,
        Tokens::Revoke { token } => {
            let registry = existing(settings)?;
            let id = named(&registry, &token)?;
            if !registry.revoke_token(id, &actor())? {
                note(&format!("token {id} was revoked before"));
                return Ok(ExitCode::from(WAS_REVOKED));
            }
            note(&format!("token {id} is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The token of that number, or the one of that name.
///
/// **Errors**: a name that no token has, or several.
fn named(registry: &Registry, token: &str) -> anyhow::Result<TokenId> {
    if let Ok(number) = token.parse() {
        return Ok(TokenId(number));
    }
    let tokens = registry.tokens()?;
    let of_name: Vec<&Token> = tokens.iter().filter(|found| found.name == token).collect();
    let good: Vec<&Token> = of_name.iter().copied().filter(|found| found.is_good_at(Timestamp::now())).collect();
    let candidates = if good.is_empty() { of_name } else { good };
    match candidates.as_slice() {
        [found] => Ok(found.id),
        [] => Err(Advised::error(
            format!("there is no token `{token}`, neither by number nor by name"),
            "`uu-predictor tokens list` lists the tokens with their numbers",
        )),
        several => {
            let numbers: Vec<String> = several.iter().map(|found| found.id.to_string()).collect();
            Err(Advised::error(
                format!("{} tokens are called `{token}`: {}", several.len(), numbers.join(", ")),
                "revoke one by its number: `uu-predictor tokens revoke NUMBER`; `tokens list` shows more of each",
            ))
        }
    }
}

fn create(registry: &Registry, (name, scope): (&str, Scope), expiry: &Expiry) -> anyhow::Result<()> {
    let expires_at = expiry.expires.or_else(|| expiry.valid_for.map(|milliseconds| Timestamp::now().after(milliseconds)));
    if let Some(past) = expires_at.filter(|end| *end <= Timestamp::now()) {
        return Err(Advised::error(
            format!("`--expires` must be later than now, got {}", short(&past)),
            "`--valid-for 90d` counts from now",
        ));
    }
    let by = actor();
    let id = printed(|show| registry.show_new_token(&NewToken { name, scope, by: &by, expires_at }, show))?;
    let end = expires_at.map_or_else(String::new, |end| format!(", good until {} UTC", short(&end)));
    note(&format!("Created token {id} (scope {scope}{end}). It is printed on standard output now and cannot be shown again."));
    Ok(())
}

/// Makes a token that is printed before it is valid: one that nobody could see is never valid.
pub(super) fn printed<T>(make: impl FnOnce(&mut Show<'_>) -> Result<T, RegistryError>) -> anyhow::Result<T> {
    let mut is_printed = false;
    let made = make(&mut |_, secret| {
        print_secret(secret)?;
        is_printed = true;
        Ok(())
    });
    made.map_err(|error| {
        let error = anyhow::Error::from(error);
        if is_printed { error.context("the token that was printed is not valid: it could not be stored") } else { error }
    })
}

/// Shows a new token.
type Show<'s> = dyn FnMut(TokenId, &Secret) -> io::Result<()> + 's;

/// How a token stands, for people.
fn state(token: &Token) -> String {
    let revoked = token.revoked_at.map(|time| format!("revoked {} by {}", short(&time), token.revoked_by.as_deref().unwrap_or("unknown")));
    let of_expiry = |end: Timestamp| format!("{} {}", if end <= Timestamp::now() { "expired" } else { "good until" }, short(&end));
    revoked.or_else(|| token.expires_at.map(of_expiry)).unwrap_or_else(|| "good".to_owned())
}

fn list(registry: &Registry, json: bool) -> anyhow::Result<()> {
    let tokens = registry.tokens()?;
    if json {
        return print_json(&tokens);
    }
    let rows = tokens.iter().map(|token| {
        [token.id.to_string(), token.name.clone(), token.scope.to_string(), state(token), short(&token.made_at), token.made_by.clone()]
    });
    let columns = [
        Column::number("number"),
        Column::text("name").cut_to(12),
        Column::text("scope"),
        Column::text("state").cut_to(12),
        Column::text("made (UTC)").rank(1),
        Column::text("by").cut_to(8).rank(2),
    ];
    let table = Table::new(columns).rows(rows);
    if table.is_empty() {
        note("no token yet; `uu-predictor tokens create NAME` creates one");
        return Ok(());
    }
    let mut page = Page::new();
    page.table("", &table);
    Ok(print(&page.finish())?)
}
