//! The least gross price an ad may be sold at, by its length.

use crate::model::money::Cpm;
use crate::model::time::Seconds;

/// A floor, before fees (decision 12), in the auction's currency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Floor {
    /// The same for every length.
    Fixed(Cpm),
    /// So much a second: `mincpmpersec` on the wire.
    PerSecond(Cpm),
    /// By length: `durfloors` on the wire.
    ByLength {
        /// The ranges; where several hold a length, the highest floor counts.
        steps: Vec<FloorStep>,
        /// The floor of a length that no range holds.
        otherwise: Cpm,
    },
}

/// The floor of a range of lengths, bounds included; a missing bound is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FloorStep {
    /// The shortest length it is for.
    pub min: Option<Seconds>,
    /// The longest length it is for.
    pub max: Option<Seconds>,
    /// The floor.
    pub floor: Cpm,
}

impl Default for Floor {
    fn default() -> Self {
        Self::Fixed(Cpm::ZERO)
    }
}

impl Floor {
    /// Returns the least price of an ad of this length; saturates at the largest price.
    #[must_use]
    pub fn at(&self, length: Seconds) -> Cpm {
        match self {
            Self::Fixed(floor) => *floor,
            Self::PerSecond(floor) => {
                let sum = floor.micros().saturating_mul(i64::from(length.0));
                Cpm::from_micros(sum).expect("a product of numbers from 0 up is none below it")
            }
            Self::ByLength { steps, otherwise } => {
                let holding = steps.iter().filter(|step| step.holds(length));
                holding.map(|step| step.floor).max().unwrap_or(*otherwise)
            }
        }
    }
}

impl FloorStep {
    /// Says whether it is for ads of this length.
    #[must_use]
    pub fn holds(&self, length: Seconds) -> bool {
        self.min.is_none_or(|min| min <= length) && self.max.is_none_or(|max| length <= max)
    }
}
