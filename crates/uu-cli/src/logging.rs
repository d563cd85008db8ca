//! The log: on standard error, for people or for machines.

use std::fmt::{self, Write};
use std::io;

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use uu_core::Escaping;

use crate::settings::{LogFormat, LogSettings, log_filter};

/// Starts the log.
///
/// **Errors**: a filter that is not one.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt().with_env_filter(log_filter(&settings.level)?).with_writer(io::stderr);
    match settings.format {
        LogFormat::Text => {
            let colours = io::IsTerminal::is_terminal(&io::stderr()) && std::env::var_os("NO_COLOR").is_none();
            log.with_ansi(colours).fmt_fields(debug_fn(write_field).delimited(" ")).init();
        }
        LogFormat::Json => log.json().with_span_list(false).init(),
    }
    Ok(())
}

/// Has panics over damaged data, which end as errors of these, reported as lines of the log.
pub(crate) fn report_contained_panics() {
    uu_core::report_contained(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let reason = panic.payload_as_str().unwrap_or_default();
        tracing::warn!(at, reason, "a library panicked on damaged data, which are refused");
    });
}

/// Writes a field of a line for people; what a value quotes of a request can neither begin a line of its own nor command the terminal.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    match field.name() {
        "message" => {}
        // The place in the code of a line that comes by the crate `log`.
        name if name.starts_with("log.") => return Ok(()),
        name if writer.has_ansi_escapes() => write!(writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m")?,
        name => {
            writer.write_str(name)?;
            writer.write_char('=')?;
        }
    }
    write!(Escaping(writer), "{value:?}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_value_begins_no_line_and_commands_no_terminal() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).without_time();
        tracing::subscriber::with_default(log.fmt_fields(debug_fn(write_field).delimited(" ")).finish(), || {
            let error = "`a\u{1b}[2J`\n2026-01-01 INFO promoted\u{7}\r\u{202e}";
            tracing::error!(%error, uri = error, rows = 2, "refused: {error}");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let escaped = r"`a\u{1b}[2J`\n2026-01-01 INFO promoted\u{7}\r\u{202e}";
        assert!(text.ends_with(&format!("refused: {escaped} error={escaped} uri=\"{escaped}\" rows=2\n")), "{text:?}");
        assert!(!text.trim_end().contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{text:?}");
    }
}
