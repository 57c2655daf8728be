//! The search against a brute force that shares no code with it, and its corners.

mod brute;
mod cases;
mod draw;
mod market;

use crate::auction::candidate::Keys;
use crate::auction::fill::critical::Critical;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::tests::brute::{Value, legal, oracle, value};
use crate::auction::fill::tests::cases::{Case, small};
use crate::auction::fill::tests::draw::Draw;
use crate::model::money::Cpm;
use crate::model::outcome::Search;

#[test]
fn small_pods_equal_the_oracle() {
    for seed in 0..seeds() {
        let case = small(seed);
        for filled in case.both(|problem| problem.best(STEPS)) {
            assert_eq!(filled.search, Search::Exact, "seed {seed}");
            assert_eq!(filled.chosen, oracle(&case, None, None), "seed {seed}: {case:?}");
        }
    }
}

#[test]
fn critical_prices_are_the_least_that_do() {
    for seed in 0..seeds() / 5 {
        let case = small(seed);
        let [prices, long] = case.both(|problem| {
            let best = problem.best(STEPS);
            let all: Vec<usize> = (0..case.candidates.len()).collect();
            problem.critical(&best, &all, STEPS)
        });
        for (critical, long) in prices.iter().zip(long) {
            assert_eq!(*critical, Critical { steps: critical.steps, ..long }, "seed {seed}");
        }
        for (index, critical) in prices.iter().enumerate() {
            assert_eq!(critical.search, Search::Exact, "seed {seed}");
            let without = oracle(&case, None, Some(index));
            let without = prices_of(&value(&case, &without));
            let with = |micros: i64| {
                let mut case = case.clone();
                case.candidates[index].price = Cpm::from_micros(micros).unwrap();
                let with = oracle(&case, Some(index), None);
                with.contains(&index).then(|| prices_of(&value(&case, &with)))
            };
            match critical.price {
                Some(price) => {
                    let at = with(price.micros());
                    assert!(Some(without) <= at, "seed {seed} bid {index}: at {price} it loses");
                    if 0 < price.micros() {
                        let below = with(price.micros() - 1);
                        assert!(below < Some(without), "seed {seed} bid {index}: below {price}");
                    }
                }
                None => assert!(with(i64::MAX) < Some(without), "seed {seed} bid {index}"),
            }
        }
    }
}

#[test]
fn the_order_of_the_candidates_changes_nothing() {
    for seed in 0..seeds() / 10 {
        let case = small(seed);
        let mut draw = Draw::new(seed ^ 0xabcd);
        let mut order: Vec<usize> = (0..case.candidates.len()).collect();
        draw.shuffle(&mut order);
        let other = case.permuted(&order);
        for steps in [0, 3, 10, 30, STEPS] {
            let here = case.solve(|problem| problem.best(steps));
            let there = other.solve(|problem| problem.best(steps));
            let mut back: Vec<usize> = there.chosen.iter().map(|&index| order[index]).collect();
            back.sort_unstable();
            assert_eq!(here.chosen, back, "seed {seed}, {steps} steps");
            assert_eq!((here.search, here.steps), (there.search, there.steps), "seed {seed}");
        }
    }
}

#[test]
fn past_the_step_bound_a_legal_pod_stands_and_more_steps_make_none_worse() {
    for seed in 0..40 {
        let case = market::hostile(seed, 60);
        let mut last: Option<Value> = None;
        for steps in [0, 1, 5, 20, 100, 1_000, 10_000, STEPS] {
            let filled = case.solve(|problem| problem.best(steps));
            assert!(legal(&case, &filled.chosen), "seed {seed}, {steps} steps");
            assert!(filled.steps <= steps, "seed {seed}, {steps} steps");
            let value = value(&case, &filled.chosen);
            assert!(last.as_ref() <= Some(&value), "seed {seed}, {steps} steps");
            last = Some(value);
        }
    }
}

#[test]
fn a_hostile_market_ends_at_the_step_bound() {
    let bounded = (0..20).filter(|&seed| {
        let case = market::hostile(seed, 400);
        let filled = case.solve(|problem| problem.best(STEPS));
        assert!(legal(&case, &filled.chosen), "seed {seed}");
        filled.search == Search::Bounded
    });
    assert!(0 < bounded.count(), "none was hard");
}

#[test]
fn live_markets_are_exact() {
    for seed in 0..60 {
        let market = if seed % 2 == 0 { market::LONG } else { market::SHORT };
        let case = market::live(seed, &market);
        let filled = case.solve(|problem| problem.best(STEPS));
        assert!(legal(&case, &filled.chosen), "seed {seed}");
        assert_eq!(filled.search, Search::Exact, "seed {seed}");
    }
}

#[test]
fn critical_prices_of_live_markets_are_what_other_searches_find() {
    for seed in 0..LIVE {
        let market = if seed % 2 == 0 { market::LONG } else { market::SHORT };
        let case = market::live(seed, &market);
        let best = case.solve(|problem| problem.best(STEPS));
        let stands = value(&case, &best.chosen).0[2];
        let losers = (0..case.candidates.len()).filter(|index| !best.chosen.contains(index));
        let asked: Vec<usize> = best.chosen.iter().copied().chain(losers.step_by(23)).collect();
        let prices = case.solve(|problem| problem.critical(&best, &asked, STEPS));
        for (&index, critical) in asked.iter().zip(prices) {
            assert_eq!(critical.search, Search::Exact, "seed {seed}");
            let mut other = case.clone();
            let won = best.chosen.contains(&index);
            // Nothing is worth a second of such a bid, and everything makes way for the other.
            let price = if won { 0 } else { DEAR };
            other.candidates[index].price = Cpm::from_micros(price).unwrap();
            if won {
                other.candidates[index].seconds.0 = market.seconds + 1;
            }
            let chosen = other.solve(|problem| problem.best(STEPS)).chosen;
            assert_eq!(chosen.contains(&index), !won, "seed {seed}");
            let found = value(&other, &chosen).0[2];
            let own = i128::from(case.candidates[index].price.micros());
            let (with, without) =
                if won { (stands - own, found) } else { (found - i128::from(DEAR), stands) };
            let price = critical.price.map(|price| i128::from(price.micros()));
            assert_eq!(price, Some((without - with).max(0)), "seed {seed} bid {index}");
        }
    }
}

#[test]
fn middling_live_markets_equal_the_oracle() {
    let middling = market::Live { bids: 13, advertisers: 9, ends: 30, ..market::SHORT };
    for seed in 0..seeds() / 100 {
        let case = market::live(seed, &middling);
        for filled in case.both(|problem| problem.best(STEPS)) {
            assert_eq!(filled.chosen, oracle(&case, None, None), "seed {seed}");
        }
    }
}

#[test]
fn many_equal_bids_end_with_the_least_keys() {
    for seed in 0..50 {
        let case = cases::equals(seed);
        for filled in case.both(|problem| problem.best(STEPS)) {
            assert_eq!(filled.search, Search::Exact, "seed {seed}");
            assert_eq!(filled.chosen, oracle(&case, None, None), "seed {seed}");
        }
    }
}

/// So a record of before few items had a search of their own may say `bounded` of what a replay
/// proves, and `decide_at_length` is kept for those.
#[test]
fn a_long_search_can_pass_its_bound_where_that_of_few_does_not() {
    let [few, long] = cases::tied().both(|problem| problem.best(super::STEPS));
    assert_eq!((few.search, long.search), (Search::Exact, Search::Bounded));
    assert!(few.steps < 1_000, "{few:?}");
    assert_eq!(long.steps, super::STEPS);
}

impl Case {
    /// Asks something of the problem that a case makes.
    fn solve<T>(&self, ask: impl FnOnce(&Problem<'_>) -> T) -> T {
        let make = |index: usize| self.keys[index];
        let keys = Keys::new(self.candidates.len(), &make);
        ask(&Problem::new(&self.candidates, &self.parts, &self.conflicts, &keys))
    }

    /// Asks the same of the problem as it is, and as if it had more items than a few.
    fn both<T>(&self, ask: impl Fn(&Problem<'_>) -> T) -> [T; 2] {
        let make = |index: usize| self.keys[index];
        let keys = Keys::new(self.candidates.len(), &make);
        let mut problem = Problem::new(&self.candidates, &self.parts, &self.conflicts, &keys);
        let found = ask(&problem);
        problem.few = false;
        [found, ask(&problem)]
    }
}

fn prices_of(value: &Value) -> [i128; 3] {
    value.0
}

/// How many random pods are compared.
fn seeds() -> u64 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() { 100_000 } else { 4_000 }
}

/// How many live markets have their critical prices compared.
const LIVE: u64 = 12;

/// A price that no other bids together reach.
const DEAR: i64 = 1_000_000_000_000;

/// Far more than a small pod needs.
const STEPS: u32 = 200_000;
