//! Texts of an ad that stand in its `InLine`: kept as a place there, since each would be a copy of
//! what is kept anyway, and most are asked for by answers in JSON only.

use std::ops::Range;

/// A text of an ad.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Shown {
    /// Where it stands in the ad's `InLine`.
    Within(Range<usize>),
    /// The text, which the `InLine` has in another form or not at all.
    Apart(Box<str>),
}

impl Shown {
    /// Returns the text; `inline` is the ad's own.
    ///
    /// # Panics
    ///
    /// When `inline` is another's, and too short.
    #[must_use]
    pub fn of<'a>(&'a self, inline: &'a str) -> &'a str {
        match self {
            Self::Within(place) => &inline[place.clone()],
            Self::Apart(text) => text,
        }
    }

    /// Returns how many bytes it takes beside the `InLine`.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Within(_) => 0,
            Self::Apart(text) => text.len(),
        }
    }
}
