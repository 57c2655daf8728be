//! Log lines on stderr: JSON unless a person reads them.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;

use crate::cli::{Common, Format};

/// Starts logging from `level` on, more or less by `-v` and `-q`.
pub fn start(common: &Common, level: Level) {
    let format = common
        .log_format
        .unwrap_or_else(|| if io::stderr().is_terminal() { Format::Text } else { Format::Json });
    let level = filter(level, i16::from(common.verbose) - i16::from(common.quiet));
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr);
    // A second start, as tests make, keeps the first.
    let _: Result<(), _> = match format {
        Format::Text => builder.with_ansi(common.color.on_stderr()).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
}

fn filter(level: Level, more: i16) -> LevelFilter {
    const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    let at = LEVELS.iter().position(|other| *other == level).unwrap_or_default();
    let at = i16::try_from(at).unwrap_or_default().saturating_add(more).clamp(0, 4);
    LEVELS[usize::try_from(at).unwrap_or_default()].into()
}
