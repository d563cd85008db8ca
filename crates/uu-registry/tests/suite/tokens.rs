//! Tokens: given out once, known by their hash, good until revoked, or until they expire.

use std::io;

use uu_registry::{NewToken, RegistryError, Scope, Secret, Timestamp, TokenId};

use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("a_token_is_known_until_it_is_revoked", life),
    ("what_is_no_token_is_not_known", strangers),
    ("no_token_is_kept_or_shown", hidden),
    ("the_first_token_is_made_once", first),
    ("an_expired_token_is_not_known", expiry),
    ("a_token_that_cannot_be_shown_is_none", unshown),
];

fn life(fresh: &Fresh) {
    let registry = fresh.open();
    let (id, secret) = registry.create_token("nightly", Scope::Write, "ann").unwrap();
    let (other, _) = registry.create_token("dashboard", Scope::Read, "ann").unwrap();
    let token = registry.verify(secret.expose()).unwrap().expect("it was just made");
    assert_eq!((token.id, token.name.as_str(), token.scope, token.made_by.as_str()), (id, "nightly", Scope::Write, "ann"));
    assert!(registry.revoke_token(id, "bob").unwrap());
    assert!(!registry.revoke_token(id, "ann").unwrap(), "once is enough");
    assert!(fresh.open().verify(secret.expose()).unwrap().is_none());
    let tokens = registry.tokens().unwrap();
    assert_eq!(tokens.iter().map(|token| (token.id, token.revoked_by.as_deref())).collect::<Vec<_>>(), [(id, Some("bob")), (other, None)]);
    assert!(matches!(registry.revoke_token(TokenId(99), "ann"), Err(RegistryError::UnknownToken { .. })));
    let log = registry.audit_log(10, None).unwrap();
    assert_eq!(log.iter().map(|record| record.action.as_str()).collect::<Vec<_>>(), ["revoke_token", "create_token", "create_token"]);
}

fn expiry(fresh: &Fresh) {
    let registry = fresh.open();
    let now = Timestamp::now();
    let (hour, later) = (3_600_000, now.after(3_600_000));
    let create = |name, end| registry.create_token_until(name, Scope::Read, (end, "ann")).unwrap().1;
    let (good, expired, endless) = (create("good", Some(later)), create("expired", Some(now.after(-hour))), create("endless", None));
    let is_known = |secret: &uu_registry::Secret| registry.verify(secret.expose()).unwrap().is_some();
    assert_eq!((is_known(&good), is_known(&expired), is_known(&endless)), (true, false, true));
    let tokens = registry.tokens().unwrap();
    assert_eq!(tokens.iter().map(|token| token.expires_at).collect::<Vec<_>>(), [Some(later), Some(now.after(-hour)), None]);
    assert_eq!(
        tokens.iter().map(|token| token.is_good_at(later)).collect::<Vec<_>>(),
        [false, false, true],
        "the instant itself is too late"
    );
    let details: Vec<bool> = registry.audit_log(3, None).unwrap().iter().map(|record| record.details["expires_at"].is_string()).collect();
    assert_eq!(details, [false, true, true]);
    let place = fresh.another();
    let another = place.open();
    let backup = crate::backup::backup(&registry);
    another.restore(backup.as_slice(), uu_registry::Onto::Empty).unwrap();
    assert_eq!(another.tokens().unwrap(), tokens, "a backup keeps them");
}

fn strangers(fresh: &Fresh) {
    let registry = fresh.open();
    let (_, secret) = registry.create_token("nightly", Scope::Admin, "ann").unwrap();
    let secret = secret.expose();
    let swapped = if secret.ends_with('A') { 'B' } else { 'A' };
    let nearly = format!("{}{swapped}", &secret[..secret.len() - 1]);
    for stranger in ["", "uu_", &nearly, &secret[3..], &format!("{secret} "), &"x".repeat(1 << 20)] {
        assert!(registry.verify(stranger).unwrap().is_none());
    }
}

fn hidden(fresh: &Fresh) {
    let registry = fresh.open();
    let (_, secret) = registry.create_token("nightly", Scope::Admin, "ann").unwrap();
    let text = secret.expose();
    assert_eq!((&text[..3], text.len()), ("uu_", 46));
    let shown = format!("{secret:?} {:?} {:?}", registry.tokens().unwrap(), registry.audit_log(10, None).unwrap());
    assert!(!shown.contains(text), "{shown}");
    if fresh.location.database_url.is_none() {
        for name in ["registry.sqlite", "registry.sqlite-wal"] {
            let bytes = std::fs::read(fresh.location.store.join(name)).unwrap_or_default();
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{name} holds the token itself");
        }
    }
}

fn first(fresh: &Fresh) {
    let registry = fresh.open();
    let made: Vec<_> = std::thread::scope(|scope| {
        let replicas: Vec<_> = (0..4).map(|_| scope.spawn(|| fresh.open().create_first_token("first", "serve").unwrap())).collect();
        replicas.into_iter().filter_map(|replica| replica.join().unwrap()).collect()
    });
    let [(id, secret)] = made.as_slice() else { panic!("one replica makes it, not {}", made.len()) };
    assert_eq!(registry.verify(secret.expose()).unwrap().map(|token| (token.id, token.scope)), Some((*id, Scope::Admin)));
    registry.revoke_token(*id, "ann").unwrap();
    assert!(registry.create_first_token("first", "serve").unwrap().is_none(), "what was revoked does not come back by itself");
}

fn unshown(fresh: &Fresh) {
    let registry = fresh.open();
    let mut seen = Vec::new();
    let mut fail = |_: TokenId, secret: &Secret| {
        seen.push(secret.clone());
        Err(io::Error::other("no paper"))
    };
    assert!(matches!(registry.show_first_token(("first", "serve"), &mut fail), Err(RegistryError::NotShown { .. })));
    assert!(!registry.has_token().unwrap());
    let new = NewToken { name: "nightly", scope: Scope::Read, by: "ann", expires_at: None };
    assert!(matches!(registry.show_new_token(&new, &mut fail), Err(RegistryError::NotShown { .. })));
    for secret in &seen {
        assert!(registry.verify(secret.expose()).unwrap().is_none());
    }
    assert!(seen.len() == 2 && registry.audit_log(10, None).unwrap().is_empty());
    // It was not valid while it was shown.
    let other = fresh.open();
    let id = registry.show_new_token(&new, |_, secret| {
        // On a thread of its own: this one waits for the database already.
        let known = std::thread::scope(|scope| scope.spawn(|| other.verify(secret.expose()).unwrap()).join().unwrap());
        assert!(known.is_none());
        seen.push(secret.clone());
        Ok(())
    });
    assert_eq!(registry.verify(seen[2].expose()).unwrap().map(|token| token.id), Some(id.unwrap()));
    assert!(registry.create_first_token("first", "serve").unwrap().is_none());
}
