//! What a request refuses as a whole, where the plan refuses it part by part.
//!
//! OpenRTB has one `badv`, one `bcat` or `acat`, and one `cattax` for all imps. What does not fit
//! there is not told: telling more than all parts refuse would keep bids away that could win.
//! The auction enforces each part's own lists in any taxonomy.

use std::sync::Arc;

use crate::model::category::Category;
use crate::model::plan::{Part, Terms};

/// `acat` or `bcat`, never both, of one taxonomy.
#[derive(Default)]
pub(super) struct Categories<'a> {
    /// `cattax`, where there is either list.
    pub(super) taxonomy: Option<i32>,
    /// `acat`.
    pub(super) allowed: Vec<&'a str>,
    /// `bcat`.
    pub(super) blocked: Vec<&'a str>,
}

/// Returns the advertisers that all these parts refuse.
pub(super) fn advertisers<'a>(parts: &[&'a Part]) -> Vec<&'a Arc<str>> {
    common(parts, |part| &part.blocked_advertisers)
}

/// Returns the categories allowed, else those that all these parts refuse.
///
/// A list of allowed ones that spans taxonomies is not told, since what it leaves out would count
/// as refused. Of blocked ones those of the taxonomy most of them are in are told; of two such,
/// the later.
pub(super) fn categories<'a>(terms: &'a Terms, parts: &[&'a Part]) -> Categories<'a> {
    let allowed = &terms.allowed_categories;
    if let Some(first) = allowed.first()
        && allowed.iter().all(|it| it.taxonomy == first.taxonomy)
    {
        let ids = allowed.iter().map(|category| &*category.id).collect();
        let taxonomy = Some(first.taxonomy);
        return Categories { taxonomy, allowed: ids, blocked: Vec::new() };
    }
    let blocked = common(parts, |part| &part.blocked_categories);
    // Sorted lists hold the categories of one taxonomy side by side.
    let most =
        blocked.chunk_by(|one, next| one.taxonomy == next.taxonomy).max_by_key(|it| it.len());
    let Some(most) = most else { return Categories::default() };
    Categories {
        taxonomy: most.first().map(|category: &&Category| category.taxonomy),
        allowed: Vec::new(),
        blocked: most.iter().map(|category| &*category.id).collect(),
    }
}

/// Returns `wseat` and `bseat`, of which a request has one at most.
pub(super) fn seats(terms: &Terms) -> (Vec<&Arc<str>>, &[Arc<str>]) {
    let blocked = &terms.blocked_seats;
    let allowed = terms.allowed_seats.iter().filter(|seat| !blocked.contains(seat));
    let allowed: Vec<_> = allowed.collect();
    if allowed.is_empty() { (allowed, blocked) } else { (allowed, &[]) }
}

/// Returns what stands in the sorted list of each part.
fn common<'a, T: Ord>(parts: &[&'a Part], list: impl Fn(&'a Part) -> &'a Vec<T>) -> Vec<&'a T> {
    let Some((&first, others)) = parts.split_first() else { return Vec::new() };
    let everywhere = |item: &&T| others.iter().all(|&part| list(part).binary_search(item).is_ok());
    list(first).iter().filter(everywhere).collect()
}
