//! All legal sets of ads, and which is the best.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use breakwater::model::market::Fit;
use breakwater::model::plan::Place;

use super::ads::{Ad, Ads};

/// Sums of prices by tier, the dearest tier first.
pub(super) type Worth = [i64; 3];

/// Every set of ads that may be sold together, as masks.
pub(super) struct Sets(Vec<u32>);

impl Sets {
    /// Adds groups one after another to legal sets: what is illegal stays so whatever is added.
    pub(super) fn of(ads: &Ads<'_>) -> Self {
        let groups: BTreeSet<u32> = (0..ads.list.len()).map(|index| ads.group(index)).collect();
        let mut sets = vec![0];
        for group in groups {
            let with: Vec<u32> =
                sets.iter().map(|set| set | group).filter(|&set| legal(ads, set)).collect();
            sets.extend(with);
        }
        Self(sets)
    }

    /// Returns the best set: prices, then seconds, then fewest ads, then the least keys.
    pub(super) fn best(&self, ads: &Ads<'_>, prices: &[i64]) -> u32 {
        self.best_by(ads, |set| worth(ads, set, prices))
    }

    /// The same, had no tier come before another.
    pub(super) fn best_of_one_tier(&self, ads: &Ads<'_>, prices: &[i64]) -> u32 {
        self.best_by(ads, |set| worth(ads, set, prices).iter().sum::<i64>())
    }

    fn best_by<W: Ord>(&self, ads: &Ads<'_>, worth: impl Fn(u32) -> W) -> u32 {
        let rank = |set: u32| {
            let members = ads.members(set);
            let seconds: u32 = members.iter().map(|ad| ad.seconds).sum();
            (worth(set), seconds, Reverse(members.len()))
        };
        let keys = |set: u32| {
            let mut keys: Vec<_> = ads.members(set).iter().map(|ad| ad.key).collect();
            keys.sort_unstable();
            Reverse(keys)
        };
        let first = self.0.iter().map(|&set| rank(set)).max().unwrap();
        let equal = self.0.iter().copied().filter(|&set| rank(set) == first);
        equal.max_by_key(|&set| keys(set)).unwrap()
    }

    /// Returns the most that sets with an ad, less the ad itself, are worth; none when it fits none.
    pub(super) fn most_beside(&self, ads: &Ads<'_>, index: usize, prices: &[i64]) -> Option<Worth> {
        let with = self.0.iter().filter(|&&set| set & (1 << index) != 0);
        with.map(|&set| worth(ads, set & !(1 << index), prices)).max()
    }

    /// Returns the most that sets without an ad are worth.
    pub(super) fn most_without(&self, ads: &Ads<'_>, index: usize, prices: &[i64]) -> Worth {
        let without = self.0.iter().filter(|&&set| set & (1 << index) == 0);
        without.map(|&set| worth(ads, set, prices)).max().unwrap()
    }

    /// Returns which rule put a set before the best of those without one of its ads, where these are
    /// worth as much.
    pub(super) fn tie(
        &self,
        ads: &Ads<'_>,
        best: u32,
        index: usize,
        prices: &[i64],
    ) -> Option<&str> {
        let rank = |set: u32| {
            let members = ads.members(set);
            let seconds: u32 = members.iter().map(|ad| ad.seconds).sum();
            (worth(ads, set, prices), seconds, Reverse(members.len()))
        };
        let without = self.0.iter().filter(|&&set| set & (1 << index) == 0);
        let other = without.map(|&set| rank(set)).max().unwrap();
        let own = rank(best);
        if own.0 != other.0 {
            return None;
        }
        Some(match (own.1 == other.1, own.2 == other.2) {
            (false, _) => "seconds",
            (true, false) => "ads",
            (true, true) => "keys",
        })
    }
}

fn worth(ads: &Ads<'_>, set: u32, prices: &[i64]) -> Worth {
    let mut worth = [0; 3];
    for (index, ad) in ads.list.iter().enumerate() {
        if set & (1 << index) != 0 {
            worth[ad.tier] += prices[index];
        }
    }
    worth
}

/// Says whether ads may be sold together, groups aside.
pub(super) fn legal(ads: &Ads<'_>, set: u32) -> bool {
    let apart = (0..ads.list.len()).all(|ad| set & (1 << ad) == 0 || ads.apart[ad] & set == 0);
    apart && in_time(ads, set) && in_number(ads, set) && placed(ads, set)
}

/// Says whether ads fit into the seconds of their parts, and where it counts into the real length.
pub(super) fn in_time(ads: &Ads<'_>, set: u32) -> bool {
    let members = ads.members(set);
    ads.input.plan.parts.iter().enumerate().all(|(index, part)| {
        let own = members.iter().filter(|ad| ad.part == index);
        let (seconds, millis) =
            own.fold((0, 0), |(sum, real), ad| (sum + ad.seconds, real + ad.millis));
        seconds <= part.seconds.0 && (part.fit == Fit::Nominal || millis <= part.real.0)
    })
}

/// Says whether no part has more ads than it takes.
pub(super) fn in_number(ads: &Ads<'_>, set: u32) -> bool {
    let members = ads.members(set);
    ads.input.plan.parts.iter().enumerate().all(|(index, part)| {
        members.iter().filter(|ad| ad.part == index).count() <= usize::from(part.max_ads)
    })
}

/// Says whether each ad finds its place: of a pod, and one an expanded imp.
pub(super) fn placed(ads: &Ads<'_>, set: u32) -> bool {
    let members = ads.members(set);
    let alone_in_imp = |ad: &&Ad<'_>| {
        ad.imp.is_none() || members.iter().filter(|other| other.imp == ad.imp).count() == 1
    };
    let pods = 0..ads.input.plan.pods.len();
    members.iter().all(alone_in_imp)
        && pods.into_iter().all(|pod| {
            let places: Vec<Place> =
                members.iter().filter(|ad| ad.pod == pod).map(|ad| ad.place).collect();
            orderable(&places)
        })
}

/// Says whether ads can be put in some order that suits them all.
fn orderable(places: &[Place]) -> bool {
    // One ad is the first and the last.
    if places.len() < 2 {
        return true;
    }
    let suits = |first: usize, last: usize| {
        places.iter().enumerate().all(|(index, place)| match place {
            Place::First => index == first,
            Place::Last => index == last,
            Place::Edge => index == first || index == last,
            Place::Any => true,
        })
    };
    let mut ends =
        (0..places.len()).flat_map(|first| (0..places.len()).map(move |last| (first, last)));
    ends.any(|(first, last)| first != last && suits(first, last))
}
