//! How much data a training needs, and how much of them it holds out: stated here once, for code, messages and documents.

/// Rows with known unique users and visits that must remain to train on.
pub const LEAST_TRAINING_ROWS: usize = 500;

/// Sites that they must be of. So few can be divided into folds; how far intervals hold on so few is measured, and decides whether the model is
/// put in use.
pub const LEAST_TRAINING_SITES: usize = 6;

/// Below this number of sites, sites and not rows count as evidence: folds are dealt out evenly, and intervals are widened to what so few
/// sites can tell.
pub const FEW_TRAINING_SITES: usize = 60;

/// Bounds of the share of the sites that are held out to judge later versions.
pub const HELD_OUT_SHARE: (f64, f64) = (0.02, 0.15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_says_what_a_training_needs() {
        let (low, high) = (HELD_OUT_SHARE.0 * 100.0, HELD_OUT_SHARE.1 * 100.0);
        let english = include_str!("../../../README.md");
        let needs = format!(
            "At least {LEAST_TRAINING_ROWS} rows with visits, of at least {LEAST_TRAINING_SITES} sites, must remain when {low} to {high} %"
        );
        assert!(english.contains(&needs), "{needs}");
        let russian = include_str!("../../../README.ru.md");
        let needs = [
            format!("от {low} до {high} % сайтов отложены"),
            format!("не меньше {LEAST_TRAINING_ROWS} строк с визитами и не меньше {LEAST_TRAINING_SITES} сайтов"),
        ];
        assert!(needs.iter().all(|needs| russian.contains(needs)), "{needs:?}");
        // What the READMEs call usual: the rows that remain of it where the most sites are held out.
        assert!(600.0 * (1.0 - HELD_OUT_SHARE.1) >= LEAST_TRAINING_ROWS as f64);
    }
}
