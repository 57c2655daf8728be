//! What can be said of a decided auction besides its outcome: for people, never for the decision.
//!
//! Tables have the shape of `AuctionInput::replies`: `table[reply][bid]`.

use crate::model::money::Cpm;

/// How the auction reckoned with each bid.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Insight {
    /// What each bid came to.
    pub reckoned: Vec<Vec<Reckoned>>,
    /// What would have tied, of bids that lost on price: in the bid's currency, before discount.
    pub minimums: Vec<Vec<Option<Cpm>>>,
}

/// What a bid came to; what cannot be told of it is none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reckoned {
    /// The part of the plan that it bid for.
    pub part: Option<usize>,
    /// Its deal, as an index of the part's deals.
    pub deal: Option<usize>,
    /// What it offered to pay, in the auction's currency, after its discount.
    pub offered: Option<Cpm>,
    /// What it counted in the sum of its pod, in the auction's currency.
    pub counted: Option<Cpm>,
    /// The least it had to offer, in the auction's currency.
    pub floor: Option<Cpm>,
    /// What its categories are called, where a published taxonomy knows them.
    pub labels: Vec<Option<&'static str>>,
}
