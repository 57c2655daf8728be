//! Floors of a caller in the market's currency (openrtb.md section 8).

use std::cell::OnceCell;

use openrtb::deal::{Deal, DurFloors};
use openrtb::imp::Imp;

use crate::model::floor::{Floor, FloorStep};
use crate::model::market::Market;
use crate::model::money::{Cpm, Currency};
use crate::model::rates::Rate;
use crate::model::time::{Seconds, UnixMillis};
use crate::wire::price;

/// The rates into the market's currency that were fresh when a request arrived.
pub(super) struct Rates<'m> {
    market: &'m Market,
    arrived_at: UnixMillis,
    fresh: OnceCell<Vec<Rate>>,
}

/// A floor whose currency has no fresh rate: nobody can say whether a bid keeps it.
#[derive(Debug)]
pub(super) struct NoRate;

impl<'m> Rates<'m> {
    /// Returns the rates of a market at an instant.
    pub(super) const fn new(market: &'m Market, arrived_at: UnixMillis) -> Self {
        Self { market, arrived_at, fresh: OnceCell::new() }
    }

    /// Returns a floor in the market's currency, rounded up.
    fn floor(&self, number: f64, currency: &str) -> Result<Cpm, NoRate> {
        let floor = price::floor(number).ok_or(NoRate)?;
        // Nothing is nothing in every currency.
        if floor == Cpm::ZERO || currency == self.market.currency.as_str() {
            return Ok(floor);
        }
        let from = Currency::new(currency).ok_or(NoRate)?;
        let rate = self.fresh().iter().find(|rate| rate.from == from).ok_or(NoRate)?;
        Ok(rate.floor(floor))
    }

    /// Returns all fresh rates, those of the most trusted snapshot first.
    fn fresh(&self) -> &[Rate] {
        self.fresh.get_or_init(|| {
            let snapshots = self.market.rates.iter().filter(|it| it.is_fresh(self.arrived_at));
            snapshots.flat_map(|snapshot| snapshot.rates_into(self.market.currency)).collect()
        })
    }
}

/// Returns the floor of an imp: the video's by the second or by length, else the imp's own.
pub(super) fn of_imp(imp: &Imp<'_>, rates: &Rates<'_>) -> Result<Option<Floor>, NoRate> {
    let single = single(imp, rates)?;
    let video = imp.video.as_deref();
    let told = Told {
        per_second: video.and_then(|video| video.mincpmpersec),
        by_length: video.and_then(|video| video.durfloors.as_deref()).unwrap_or_default(),
        currency: imp.currency(),
    };
    let floor = told.floor(single.unwrap_or_default(), rates)?;
    Ok(floor.or_else(|| single.map(Floor::Fixed)))
}

/// Returns the floor of a deal on an imp, none when it has none of its own.
///
/// A length outside its ranges has the deal's single floor if there is one, else the imp's.
pub(super) fn of_deal(
    deal: &Deal<'_>,
    imp: &Imp<'_>,
    rates: &Rates<'_>,
) -> Result<Option<Floor>, NoRate> {
    let own = deal.bidfloor.map(|floor| rates.floor(floor, deal.currency())).transpose()?;
    let told = Told {
        per_second: deal.mincpmpersec,
        by_length: deal.durfloors.as_deref().unwrap_or_default(),
        currency: deal.currency(),
    };
    let otherwise = match own {
        Some(own) => own,
        None if told.by_length.is_empty() => Cpm::ZERO,
        None => single(imp, rates)?.unwrap_or_default(),
    };
    let floor = told.floor(otherwise, rates)?;
    Ok(floor.or_else(|| own.map(Floor::Fixed)))
}

fn single(imp: &Imp<'_>, rates: &Rates<'_>) -> Result<Option<Cpm>, NoRate> {
    imp.bidfloor.map(|floor| rates.floor(floor, imp.currency())).transpose()
}

/// A floor that depends on the length of an ad, as it stands on the wire.
struct Told<'t> {
    per_second: Option<f64>,
    by_length: &'t [DurFloors<'t>],
    currency: &'t str,
}

impl Told<'_> {
    /// Returns the floor; a floor of 0 a second is what templates write for none.
    fn floor(&self, otherwise: Cpm, rates: &Rates<'_>) -> Result<Option<Floor>, NoRate> {
        if !self.by_length.is_empty() {
            let steps = self.by_length.iter().map(|step| self.step(step, rates));
            let steps = steps.collect::<Result<_, _>>()?;
            return Ok(Some(Floor::ByLength { steps, otherwise }));
        }
        let per_second = self.per_second.filter(|floor| 0.0 < *floor);
        let per_second = per_second.map(|floor| rates.floor(floor, self.currency)).transpose()?;
        Ok(per_second.map(Floor::PerSecond))
    }

    fn step(&self, step: &DurFloors<'_>, rates: &Rates<'_>) -> Result<FloorStep, NoRate> {
        let bound = |bound: Option<i32>| bound.and_then(|it| u32::try_from(it).ok()).map(Seconds);
        Ok(FloorStep {
            min: bound(step.mindur),
            max: bound(step.maxdur),
            floor: rates.floor(step.bidfloor.unwrap_or(0.0), self.currency)?,
        })
    }
}
