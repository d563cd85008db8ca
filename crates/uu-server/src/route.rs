//! Which route a request takes, and who may use it: what each route declares where it is added to the router.

use std::collections::HashMap;

use axum::http::Method;
use uu_registry::Scope;

/// Routes by what they are for: a closed set, whatever paths clients make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Predict,
    Batch,
    Older,
    Categories,
    Retrain,
    Jobs,
    Observations,
    Models,
    Drift,
    AuditLog,
    Health,
    Documentation,
    Metrics,
    Other,
}

impl Route {
    pub(crate) const ALL: [(Self, &'static str); 14] = [
        (Self::Predict, "/predict"),
        (Self::Batch, "/predict/batch"),
        (Self::Older, "/predictor"),
        (Self::Categories, "/categories"),
        (Self::Retrain, "/retrain"),
        (Self::Jobs, "/jobs"),
        (Self::Observations, "/observations"),
        (Self::Models, "/models"),
        (Self::Drift, "/drift"),
        (Self::AuditLog, "/audit-log"),
        (Self::Health, "/health"),
        (Self::Documentation, "/docs"),
        (Self::Metrics, "/metrics"),
        (Self::Other, "other"),
    ];

    /// Its name in metrics, and in the log where a path has no route of its own.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Who may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everybody, always.
    Everybody,
    /// Everybody, where reading needs no token.
    Readers,
    /// The same on loopback; beyond it, holders of a token that may read.
    Operators,
    /// Holders of a token whose scope reaches so far.
    Holders(Scope),
}

/// A path that is declared, and its methods.
#[derive(Clone, Debug)]
struct Entry {
    route: Route,
    path: String,
    operations: Vec<(Method, Audience)>,
}

/// What a request's method and path lead to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched {
    pub(crate) route: Route,
    /// The path as it is declared: `/jobs/{id}` for `/jobs/7`.
    pub(crate) path: Option<&'static str>,
    /// Who may use it; `None` where no route takes that method at that path.
    pub(crate) audience: Option<Audience>,
}

/// All paths that are declared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    entries: Vec<Entry>,
    /// Places of those without variable segments, by their paths.
    fixed: HashMap<String, usize>,
}

impl Table {
    /// Declares a path. A method that is not listed, now or later, is for administrators.
    pub(crate) fn add(&mut self, route: Route, path: &str, operations: Vec<(Method, Audience)>) {
        if !path.contains('{') {
            self.fixed.insert(path.to_owned(), self.entries.len());
        }
        self.entries.push(Entry { route, path: path.to_owned(), operations });
    }

    /// What a method and a path lead to; `HEAD` is taken where `GET` is.
    pub(crate) fn matched(&'static self, method: &Method, path: &str) -> Matched {
        let by_path = self.fixed.get(path).map(|place| &self.entries[*place]);
        let Some(entry) = by_path.or_else(|| self.variable().find(|entry| leads_to(path, &entry.path))) else {
            return Matched { route: Route::Other, path: None, audience: None };
        };
        Matched { route: entry.route, path: Some(&entry.path), audience: entry.audience(method) }
    }

    /// Who may send that method to a path as it is declared.
    pub(crate) fn declared(&self, method: &Method, path: &str) -> Option<(Route, Audience)> {
        let entry = self.entries.iter().find(|entry| entry.path == path)?;
        Some((entry.route, entry.audience(method)?))
    }

    /// The paths, as they are declared.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }

    fn variable(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.path.contains('{'))
    }
}

impl Entry {
    fn audience(&self, method: &Method) -> Option<Audience> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        self.operations.iter().find(|(taken, _)| taken == method).map(|(_, audience)| *audience)
    }
}

/// Whether a path takes a route.
fn leads_to(path: &str, route: &str) -> bool {
    let (mut parts, mut segments) = (route.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part == segment || (part.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}
