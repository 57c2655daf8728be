//! What an ad is about, in the words of a published taxonomy.

use std::sync::Arc;

/// A category of a taxonomy.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Category {
    /// The taxonomy, an OpenRTB `cattax` code.
    pub taxonomy: i32,
    /// Its id there.
    pub id: Arc<str>,
}

/// What keeps two ads out of one pod: each rule that is on holds over the whole pod.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own, on or off")]
pub struct Separation {
    /// They are of one advertiser: they share a registrable domain (decision 13).
    pub advertiser: bool,
    /// A category of one is that of the other, or lies above or below it.
    pub category: bool,
    /// They show one creative.
    pub creative: bool,
    /// They share a media file.
    pub media: bool,
    /// Categories of which a pod takes one ad at most, each with all below it.
    pub exclusive: Vec<Category>,
}

impl Separation {
    /// Returns the rules of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut exclusive = self.exclusive.clone();
        exclusive.extend(other.exclusive.iter().cloned());
        exclusive.sort();
        exclusive.dedup();
        Self {
            advertiser: self.advertiser || other.advertiser,
            category: self.category || other.category,
            creative: self.creative || other.creative,
            media: self.media || other.media,
            exclusive,
        }
    }
}
