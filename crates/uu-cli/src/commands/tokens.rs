//! `tokens`: who may ask the service for what.

use std::process::ExitCode;

use uu_registry::{Registry, Scope, TokenId};

use super::{actor, registry};
use crate::arguments::Tokens;
use crate::output::{note, print, print_json, texts};
use crate::settings::Settings;

/// Exit code of a revocation that had nothing to revoke.
const WAS_REVOKED: u8 = 1;

/// Makes, lists or revokes tokens.
pub(crate) fn run(arguments: Tokens, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = registry(settings)?;
    match arguments {
        Tokens::Create { name, scope } => create(&registry, &name, scope)?,
        Tokens::List { json } => list(&registry, json)?,
        Tokens::Revoke { number } => {
            if !registry.revoke_token(TokenId(number), &actor())? {
                note(&format!("the token `{number}` was revoked before"));
                return Ok(ExitCode::from(WAS_REVOKED));
            }
            note(&format!("the token `{number}` is good for nothing from now on"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn create(registry: &Registry, name: &str, scope: Scope) -> anyhow::Result<()> {
    let (id, secret) = registry.create_token(name, scope, &actor())?;
    print(secret.expose())?;
    note(&format!("this is the token `{id}`, with the scope `{scope}`; it is not kept, and cannot be shown again"));
    Ok(())
}

fn list(registry: &Registry, json: bool) -> anyhow::Result<()> {
    let tokens = registry.tokens()?;
    if json {
        return print_json(&tokens);
    }
    let rows = tokens.iter().map(|token| {
        let revoked = token.revoked_at.map(|time| format!("{time} by {}", token.revoked_by.as_deref().unwrap_or("unknown")));
        let made = format!("{} by {}", token.made_at, token.made_by);
        [token.id.to_string(), token.name.clone(), token.scope.to_string(), made, revoked.unwrap_or_default()]
    });
    Ok(print(&texts(["number", "name", "scope", "made", "revoked"], rows))?)
}
