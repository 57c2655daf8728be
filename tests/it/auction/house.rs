//! What house ads leave alone: all that was sold, and every reason.

use std::sync::Arc;

use breakwater::auction::decide::decide;
use breakwater::model::house::HouseAd;
use breakwater::model::outcome::{HousePlay, Outcome, Unfilled, Win};
use breakwater::model::plan::{AuctionInput, Part};
use breakwater::model::time::{Millis, Seconds};

use super::rng::Rng;
use super::{build, small};

#[test]
fn house_ads_change_nothing_that_is_sold() {
    let mut played = 0;
    for seed in 0..4_000 {
        let input = small::auction(&mut Rng::new(seed));
        let outcome = decide(&input);
        let bare = decide(&without(&input));
        assert_eq!(bare.house, [], "seed {seed}");
        // A win may play later, where one with the last place has to; nothing else of it changes.
        let timeless = |win: &Win| Win { sequence: 0, start: Millis(0), ..win.clone() };
        let wins = |outcome: &Outcome| outcome.wins.iter().map(timeless).collect::<Vec<_>>();
        assert_eq!(wins(&outcome), wins(&bare), "seed {seed}");
        assert_eq!(
            (&outcome.fates, &outcome.unmapped, outcome.no_fill, outcome.search),
            (&bare.fates, &bare.unmapped, bare.no_fill, bare.search),
            "seed {seed}"
        );
        assert_eq!(outcome.seconds.sold, bare.seconds.sold, "seed {seed}");
        played += outcome.house.len();
    }
    assert!(1_000 < played, "house ads play in these auctions: {played}");
}

#[test]
fn what_stays_unfilled_keeps_its_first_reasons() {
    for seed in 0..4_000 {
        let input = small::auction(&mut Rng::new(seed));
        let (outcome, bare) = (decide(&input), decide(&without(&input)));
        for pod in 0..input.plan.pods.len() {
            let own = |play: &&HousePlay| input.plan.parts[play.part].pod == pod;
            let house: Vec<&HousePlay> = outcome.house.iter().filter(own).collect();
            // Second by second: the reasons that stay, then those that the house ads took over.
            let rows = |outcome: &Outcome| {
                let rows = outcome.unfilled.iter().filter(|row| row.pod == pod);
                let each = |row: &Unfilled| {
                    let seconds = usize::try_from(row.seconds.0).unwrap();
                    std::iter::repeat_n((row.reason, row.best), seconds)
                };
                rows.flat_map(each).collect::<Vec<_>>()
            };
            let (all, stays) = (rows(&bare), rows(&outcome));
            assert_eq!(all[..stays.len()], stays, "seed {seed}, pod {pod}");
            let mut at = stays.len();
            for play in house {
                assert_eq!(play.since, all[at].0, "seed {seed}, pod {pod}");
                let ad = &input.plan.parts[play.part].house[play.ad];
                at += usize::try_from(ad.seconds.0).unwrap();
            }
            assert_eq!(at, all.len(), "seed {seed}, pod {pod}");
        }
    }
}

/// The longest break, the most ads, lengths without a common measure.
#[test]
fn the_most_house_ads_are_chosen_among_exactly() {
    let part = Part {
        seconds: Seconds(900),
        real: Seconds(900).millis(),
        max_ads: 32,
        house: (0..16).map(|n| ad(&format!("h-{n}"), 41 + 2 * n)).collect(),
        ..build::part()
    };
    let pods = vec![build::pod("brk", Default::default())];
    let plan = build::plan(build::terms(), pods, vec![part]);
    let outcome = decide(&build::input(0, plan, Vec::new()));
    // All are odd, so an even number of them makes 900 s: 16 would be 896.
    assert_eq!(outcome.seconds.house, Seconds(896));
    let starts: Vec<u64> = outcome.house.iter().map(|play| play.start.0).collect();
    assert_eq!(starts[..3], [0, 41_000, 84_000]);
}

/// A house ad as long as it says.
pub(crate) fn ad(id: &str, seconds: u32) -> Arc<HouseAd> {
    let seconds = Seconds(seconds);
    Arc::new(HouseAd { id: id.into(), seconds, length: seconds.millis(), ..HouseAd::default() })
}

fn without(input: &AuctionInput) -> AuctionInput {
    let mut input = input.clone();
    for part in &mut input.plan.parts {
        part.house.clear();
    }
    input
}
