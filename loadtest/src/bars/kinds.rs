//! What is measured for each kind of bar.

use crate::bars::{
    scenario::{BarError, Measure},
    stage::Setting,
    verdict::Verdict,
};

mod life;
mod rate;
mod ratio;
mod surge;

/// Measures a bar.
pub(super) async fn measure(setting: &Setting<'_>) -> Result<Verdict, BarError> {
    match &setting.bar.measure {
        Measure::Ratio(it) => ratio::ratio(setting, it).await,
        Measure::Growth(it) => ratio::growth(setting, it).await,
        Measure::Spread(it) => rate::spread(setting, it).await,
        Measure::Hung(it) => rate::hung(setting, it).await,
        Measure::Goodput(it) => surge::goodput(setting, it).await,
        Measure::Pause(it) => surge::pause(setting, it).await,
        Measure::Herd(it) => surge::herd(setting, it).await,
        Measure::Noisy(it) => surge::noisy(setting, it).await,
        Measure::Breaker(it) => life::breaker(setting, it).await,
        Measure::Soak(it) => life::soak(setting, it).await,
    }
}

/// Returns a share as per cent.
fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
