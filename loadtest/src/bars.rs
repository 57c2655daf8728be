//! The bars of an exchange: each a scenario file that names its kind, its bidders and its limit,
//! measured with a `breakwater` of its own, with a verdict in the end.
//!
//! Read `scenario` for what a file says, `stage` for what is started, `kinds` for what is measured.

use std::{path::PathBuf, time::Duration};

use crate::bars::{
    child::Children,
    scenario::{Bar, BarError, Measure},
    stage::Setting,
    verdict::Verdict,
};

pub mod child;
pub mod estimate;
pub mod scenario;
pub mod verdict;

mod exchange;
mod kinds;
mod stage;

/// How bars are measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// The exchange to start.
    pub breakwater: PathBuf,
    /// Where data folders are made, and removed again.
    pub folder: PathBuf,
    /// Whether runs are short and verdicts only indicative.
    pub quick: bool,
    /// The children that live, so that a signal can end them.
    pub children: Children,
}

/// Returns the bars of the project, in the order of its table.
///
/// # Errors
///
/// A scenario file that is not of the right shape.
pub fn all() -> Result<Vec<Bar>, BarError> {
    FILES.iter().map(|(name, text)| Bar::parse(name, text)).collect()
}

/// Measures one bar on the current thread, which moves to the load's core.
///
/// # Errors
///
/// An exchange or a bidder that does not start, a target that answers nothing.
pub fn measure(bar: &Bar, options: &Options) -> Result<Verdict, BarError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| BarError::System { what: "starting", source })?;
    let setting = Setting { bar, options };
    child::pin(child::LOAD_CORE);
    let begun = std::time::Instant::now();
    let mut verdict = runtime.block_on(kinds::measure(&setting))?;
    verdict.took_s = begun.elapsed().as_secs_f64();
    verdict.quick = options.quick;
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(verdict)
}

/// Returns the kind of a bar as its file writes it.
#[must_use]
pub fn kind(bar: &Bar) -> &'static str {
    match bar.measure {
        Measure::Ratio(_) => "ratio",
        Measure::Spread(_) => "spread",
        Measure::Growth(_) => "growth",
        Measure::Hung(_) => "hung",
        Measure::Goodput(_) => "goodput",
        Measure::Pause(_) => "pause",
        Measure::Herd(_) => "herd",
        Measure::Noisy(_) => "noisy",
        Measure::Breaker(_) => "breaker",
        Measure::Soak(_) => "soak",
    }
}

const FILES: [(&str, &str); 12] = [
    ("ratio-hyper", include_str!("../scenarios/bars/ratio-hyper.toml")),
    ("ratio-epoll", include_str!("../scenarios/bars/ratio-epoll.toml")),
    ("ratio-tls", include_str!("../scenarios/bars/ratio-tls.toml")),
    ("spread", include_str!("../scenarios/bars/spread.toml")),
    ("growth", include_str!("../scenarios/bars/growth.toml")),
    ("hung", include_str!("../scenarios/bars/hung.toml")),
    ("goodput", include_str!("../scenarios/bars/goodput.toml")),
    ("pause", include_str!("../scenarios/bars/pause.toml")),
    ("herd", include_str!("../scenarios/bars/herd.toml")),
    ("noisy", include_str!("../scenarios/bars/noisy.toml")),
    ("breaker", include_str!("../scenarios/bars/breaker.toml")),
    ("soak", include_str!("../scenarios/bars/soak.toml")),
];
