//! What each segmentation type means for selling.
//!
//! Live breaks section 2.4: placement opportunities, breaks, ad blocks and advertisements are
//! linear breaks; overlays are sold beside the content; everything else is not for sale.

/// What a segmentation type does to the breaks of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// A linear break starts.
    Opens(Rank),
    /// A linear break ends.
    Closes,
    /// An overlay opportunity starts.
    OpensOverlay,
    /// An overlay opportunity ends.
    ClosesOverlay,
    /// Not for sale.
    Silent,
}

/// How strong a start is when several stand in one message; the lesser wins.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Rank {
    /// A placement opportunity of the provider or the distributor.
    Placement,
    /// A break.
    Break,
    /// A block of ads.
    AdBlock,
    /// One advertisement: a break only when none is open.
    Advertisement,
}

/// Returns what a segmentation type means.
#[must_use]
pub fn role(type_id: u8) -> Role {
    match type_id {
        0x34 | 0x36 => Role::Opens(Rank::Placement),
        0x22 => Role::Opens(Rank::Break),
        0x44 | 0x46 => Role::Opens(Rank::AdBlock),
        0x30 | 0x32 => Role::Opens(Rank::Advertisement),
        0x35 | 0x37 | 0x23 | 0x45 | 0x47 | 0x31 | 0x33 => Role::Closes,
        0x38 | 0x3A => Role::OpensOverlay,
        0x39 | 0x3B => Role::ClosesOverlay,
        _ => Role::Silent,
    }
}

/// Returns whether the type replaces the program for some viewers, which is never sold.
#[must_use]
pub fn is_unscheduled(type_id: u8) -> bool {
    matches!(type_id, 0x40 | 0x41)
}
