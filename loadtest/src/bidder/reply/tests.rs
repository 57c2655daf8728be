//! Bids are good and the cast fills breaks.
