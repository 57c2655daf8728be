//! What categories mean to one another, over all published taxonomies (decision 14).
//!
//! A block hits a category when it is that category or lies above it, or above one that a published
//! mapping names in its stead, in one step. What no mapping reaches can be neither hit nor cleared.
//! `tables` holds the taxonomies, constants of the build; `list` tests a bid against a whole list.

pub(super) mod list;
pub(super) mod tables;

use std::sync::LazyLock;

use crate::auction::category::tables::{Node, TABLES, family};
use crate::model::category::Category;

/// Reads the tables that the program carries, once; the first question does so otherwise.
pub fn load() {
    LazyLock::force(&TABLES);
}

/// Says whether a block is that of a category, or covers it.
#[must_use]
pub fn hits(block: &Category, category: &Category) -> bool {
    match (node(block), node(category)) {
        (Some(block), Some(category)) => TABLES.covers(block, category),
        (None, None) => same(block, category.taxonomy, &category.id),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Says whether it can be told if a block hits a category: a tree or a mapping holds both.
#[must_use]
pub fn is_told(block: &Category, category: &Category) -> bool {
    match (node(block), node(category)) {
        (Some(block), Some(category)) => TABLES.relates(block, category),
        (None, None) => same(block, category.taxonomy, &category.id),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Returns the published name of a category, if its taxonomy and id are known.
#[must_use]
pub fn name(category: &Category) -> Option<&'static str> {
    node(category).map(|node| TABLES.name(node))
}

fn node(category: &Category) -> Option<Node> {
    TABLES.node(category.taxonomy, &category.id)
}

/// Says whether an unknown category is one of the same taxonomy and id.
fn same(category: &Category, taxonomy: i32, id: &str) -> bool {
    let one_family = || family(taxonomy).is_some_and(|it| family(category.taxonomy) == Some(it));
    category.id.trim() == id.trim() && (category.taxonomy == taxonomy || one_family())
}

#[cfg(test)]
mod tests;
