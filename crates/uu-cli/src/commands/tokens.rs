//! `tokens`: who may ask the service for what.

use std::process::ExitCode;

use uu_registry::{Registry, Scope, Token, TokenId};

use super::{actor, existing, registry};
use crate::arguments::Tokens;
use crate::failure::Advised;
use crate::output::{Column, Page, Table, note, print, print_json, short};
use crate::settings::Settings;

/// Exit code of a revocation that had nothing to revoke.
const WAS_REVOKED: u8 = 1;

/// Makes, lists or revokes tokens.
pub(crate) fn run(arguments: Tokens, settings: &Settings) -> anyhow::Result<ExitCode> {
    match arguments {
        Tokens::Create { name, scope, making } => create(&registry(settings, making)?, &name, scope)?,
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
    let good: Vec<&Token> = of_name.iter().copied().filter(|found| found.revoked_at.is_none()).collect();
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

fn create(registry: &Registry, name: &str, scope: Scope) -> anyhow::Result<()> {
    let (id, secret) = registry.create_token(name, scope, &actor())?;
    print(secret.expose())?;
    note(&format!("Created token {id} (scope {scope}). It is printed on standard output now and cannot be shown again."));
    Ok(())
}

fn list(registry: &Registry, json: bool) -> anyhow::Result<()> {
    let tokens = registry.tokens()?;
    if json {
        return print_json(&tokens);
    }
    let rows = tokens.iter().map(|token| {
        let revoked =
            token.revoked_at.map(|time| format!("revoked {} by {}", short(&time), token.revoked_by.as_deref().unwrap_or("unknown")));
        let state = revoked.unwrap_or_else(|| "good".to_owned());
        [token.id.to_string(), token.name.clone(), token.scope.to_string(), state, short(&token.made_at), token.made_by.clone()]
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
