//! House ads, found among all sets of them.

use std::cmp::Reverse;

use breakwater::model::house::HouseAd;
use breakwater::model::market::Fit;
use breakwater::model::outcome::Outcome;
use breakwater::model::plan::AuctionInput;

/// Returns part and index of each house ad that should play, pod by pod in the order of the parts.
pub(super) fn expected(input: &AuctionInput, outcome: &Outcome) -> Vec<(usize, usize)> {
    let parts = &input.plan.parts;
    let mut all = Vec::new();
    for pod in 0..input.plan.pods.len() {
        let mut names: Vec<&str> = Vec::new();
        for index in (0..parts.len()).filter(|index| parts[*index].pod == pod) {
            let house = &parts[index].house;
            for ad in best(input, outcome, index, &names) {
                names.push(&house[ad].id);
                all.push((index, ad));
            }
        }
    }
    all
}

fn best(input: &AuctionInput, outcome: &Outcome, index: usize, gone: &[&str]) -> Vec<usize> {
    let part = &input.plan.parts[index];
    let sold = || outcome.wins.iter().filter(|win| win.part == index);
    let fits = |set: &Vec<usize>| {
        let ads = || set.iter().map(|ad| &*part.house[*ad]);
        let count = sold().count() + set.len();
        let seconds: u32 = sold().map(|win| win.seconds.0).sum::<u32>() + total(ads());
        let real: u64 = sold().map(|win| win.length.0).sum();
        let real = real + ads().map(|ad| ad.length.0).sum::<u64>();
        count <= usize::from(part.max_ads)
            && seconds <= part.seconds.0
            && (part.fit == Fit::Nominal || real <= part.real.0)
            && ads().all(|ad| !gone.contains(&&*ad.id))
    };
    let members = |mask: u32| (0..part.house.len()).filter(move |ad| mask >> ad & 1 == 1).collect();
    let sets = (0_u32..1 << part.house.len()).map(members).filter(fits);
    let rank = |set: &Vec<usize>| {
        let seconds = total(set.iter().map(|ad| &*part.house[*ad]));
        (Reverse(seconds), set.len(), set.clone())
    };
    sets.min_by_key(rank).unwrap_or_default()
}

fn total<'a>(ads: impl Iterator<Item = &'a HouseAd>) -> u32 {
    ads.map(|ad| ad.seconds.0).sum()
}
