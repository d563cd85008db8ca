//! Paths without a route: the 404 names the route that was meant.

use std::sync::LazyLock;

use axum::http::Uri;
use axum::response::IntoResponse;
use uu_core::nearest;

use super::table;
use crate::problem::{Kind, Problem, shortened};

/// Those that somebody may mean.
static PATHS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut paths: Vec<&str> = table().paths().filter(|route| !route.starts_with("/docs/")).collect();
    paths.sort_unstable();
    paths
});

pub(super) async fn not_found(uri: Uri) -> impl IntoResponse {
    let path = uri.path();
    let detail = match near(path) {
        Some(near) => format!("there is no route `{}`; did you mean `{near}`? The routes are listed under `/docs`", shortened(path)),
        None => format!("there is no route `{}`; the routes are listed under `/docs`", shortened(path)),
    };
    Problem::new(Kind::NotFound, detail)
}

/// The route that a path seems to mean: the same but for slashes and case, one with something before it, or one that is spelled much like it.
fn near(path: &str) -> Option<String> {
    /// Longer paths are no route's.
    const MOST_BYTES: usize = 200;
    if path.len() > MOST_BYTES {
        return None;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    // Of `/api/v1/predict/batch`, `/predict/batch` comes before `/batch`.
    let without_prefix = (0..segments.len()).find_map(|from| PATHS.iter().find_map(|route| filled(route, &segments[from..])));
    if without_prefix.is_some() {
        return without_prefix;
    }
    let fixed = PATHS.iter().copied().filter(|route| !route.contains('{'));
    let by_end = segments.last().and_then(|last| {
        let mut ends = fixed.clone().filter(|route| route.rsplit('/').next().is_some_and(|end| end.eq_ignore_ascii_case(last)));
        ends.next().filter(|_| ends.next().is_none())
    });
    let below = || fixed.clone().find(|route| route.strip_prefix(path).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/')));
    by_end.or_else(below).or_else(|| nearest(path, fixed.clone())).map(str::to_owned)
}

/// The route with the segments in the place of its names, where they fit it.
fn filled(route: &str, segments: &[&str]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = segments.iter();
    for part in route.split('/').filter(|part| !part.is_empty()) {
        let segment = rest.next()?;
        filled.push('/');
        if part.starts_with('{') {
            filled.push_str(&shortened(segment));
        } else if part.eq_ignore_ascii_case(segment) {
            filled.push_str(part);
        } else {
            return None;
        }
    }
    (rest.next().is_none() && !filled.is_empty()).then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/predict/", Some("/predict"))]
    #[case("/predict//", Some("/predict"))]
    #[case("//predict", Some("/predict"))]
    #[case("/Predict", Some("/predict"))]
    #[case("/predict/batch/", Some("/predict/batch"))]
    #[case("/models/v0001/", Some("/models/v0001"))]
    #[case("/models/v0001/Promote", Some("/models/v0001/promote"))]
    #[case("/api/v1/predict", Some("/predict"))]
    #[case("/v1/predict/batch", Some("/predict/batch"))]
    #[case("/batch", Some("/predict/batch"))]
    #[case("/predictions", Some("/predict"))]
    #[case("/observation", Some("/observations"))]
    #[case("/category", Some("/categories"))]
    #[case("/health", Some("/health/live"))]
    #[case("/nowhere", None)]
    #[case("/", None)]
    fn a_near_path_leads_to_its_route(#[case] path: &str, #[case] expected: Option<&str>) {
        assert_eq!(near(path).as_deref(), expected, "{path}");
    }
}
