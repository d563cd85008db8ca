//! Which lines the log has.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// What `log.level` lets through.
///
/// **Errors**: what is neither a level nor a filter. A word alone that is no level is refused, though filters may have it: it would be a target, of
/// which everything is logged and of all others nothing.
pub(crate) fn log_filter(level: &str) -> anyhow::Result<EnvFilter> {
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || "_:-".contains(letter));
    let has_bad_word = level.split(',').map(str::trim).filter(is_word).any(|word| word.parse::<LevelFilter>().is_err());
    let filter = if has_bad_word { None } else { EnvFilter::try_new(level).ok() };
    let expected = "`off`, `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,uu_server=debug`";
    filter.ok_or_else(|| anyhow::anyhow!("`log.level` must be {expected}, got `{}`", uu_registry::without_secrets(level)))
}
