//! What categories mean to one another, over all published taxonomies (decision 14).
//!
//! A block hits a category when it is that category or lies above it, or above one that a published
//! mapping names in its stead, in one step. What no mapping reaches can be neither hit nor cleared.
//! `tables` holds the taxonomies, constants of the build; `list` tests a bid against a whole list.

pub(super) mod list;
pub(super) mod tables;

use std::sync::LazyLock;

use crate::auction::category::tables::{CONTENT_1, Node, TABLES, family_of};
use crate::model::category::Category;

/// Reads the tables that the program carries, once; the first question does so otherwise.
pub fn load() {
    LazyLock::force(&TABLES);
}

/// Says whether a block is that of a category, or covers it.
#[must_use]
pub fn hits(block: &Category, category: &Category) -> bool {
    match (exact(block), TABLES.node(category.taxonomy, &category.id)) {
        (Some(block), Some(category)) => TABLES.covers(block, category),
        (None, _) => same(block, category.taxonomy, &category.id),
        (Some(_), None) => false,
    }
}

/// Says whether it can be told if a block hits a category: a tree or a mapping holds both.
#[must_use]
pub fn is_told(block: &Category, category: &Category) -> bool {
    match (exact(block), TABLES.node(category.taxonomy, &category.id)) {
        (Some(block), Some(category)) => TABLES.relates(block, category),
        (None, _) => same(block, category.taxonomy, &category.id),
        (Some(_), None) => false,
    }
}

/// Returns the published name of a category, if its taxonomy and id are known.
#[must_use]
pub fn name(category: &Category) -> Option<&'static str> {
    exact(category).map(|node| TABLES.name(node))
}

fn exact(category: &Category) -> Option<Node> {
    TABLES.exact(category.taxonomy, &category.id)
}

/// Says whether an unknown category is one of the same taxonomy and id.
fn same(category: &Category, taxonomy: i32, id: &str) -> bool {
    let (own, id) = (category.id.trim(), id.trim());
    match (family_of(category.taxonomy, own), family_of(taxonomy, id)) {
        (Some(CONTENT_1), Some(CONTENT_1)) => own.eq_ignore_ascii_case(id),
        (Some(one), Some(other)) => one == other && own == id,
        _ => category.taxonomy == taxonomy && own == id,
    }
}

#[cfg(test)]
mod tests;
