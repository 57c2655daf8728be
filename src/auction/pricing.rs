//! What each winner pays: its own price (decision 6, `first`), taken apart by the fees.

use crate::auction::candidate::Candidate;
use crate::model::money::{Cpm, Split};
use crate::model::plan::Terms;

/// What a winner pays.
#[derive(Debug)]
pub(super) struct Payment {
    /// Gross, in the auction's currency.
    pub(super) clearing: Cpm,
    /// In the bid's currency.
    pub(super) pay: Cpm,
    /// The clearing price taken apart.
    pub(super) split: Split,
}

/// Returns what a winning bid pays.
pub(super) fn payment(terms: &Terms, winner: &Candidate) -> Payment {
    let clearing = winner.price;
    assert!(
        terms.floor <= clearing && clearing <= winner.price,
        "floor <= clearing price <= bid price"
    );
    // Only the auction's own currency is offered, so both prices are one number.
    Payment { clearing, pay: clearing, split: terms.fees.split(clearing) }
}
