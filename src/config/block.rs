//! Who and what is kept out: `block` of publishers and placements, and lists of categories.

use std::sync::Arc;

use crate::config::section::Section;
use crate::config::value;
use crate::model::category::Category;

/// What a `block` says.
#[derive(Default)]
pub(super) struct Block {
    /// Domains, each with all below it.
    pub(super) advertisers: Vec<Arc<str>>,
    /// Categories, sorted, without repeats.
    pub(super) categories: Vec<Category>,
}

/// Reads `block`.
pub(super) fn read(section: &Section<'_>) -> Block {
    let Some(block) = section.table("block") else { return Block::default() };
    let advertisers = domains(&block, "adomain");
    let categories = categories(&block);
    if block.has("cattax") && !block.has("cat") {
        let wrong = "it is the taxonomy of `cat`, and there is none";
        block.bad_value("cattax", &block.place("cattax"), wrong);
    }
    block.finish();
    Block { advertisers, categories }
}

/// Reads `cat` with its `cattax`; sorted, without repeats.
///
/// Only the shape of ids is checked: the tables they stand in belong to `auction`.
pub(super) fn categories(table: &Section<'_>) -> Vec<Category> {
    let taxonomy = match table.integer("cattax", 1..=9_999) {
        None => CONTENT_1,
        Some(at) if NAMED.contains(&at.value) || VENDORS <= at.value => {
            i32::try_from(at.value).expect("the range ends at 9,999")
        }
        Some(at) => {
            let wrong = "it is no taxonomy of ads: 1, 2, 3, 5 to 9, or a vendor's from 500";
            table.bad_value("cattax", &at.span, wrong);
            return Vec::new();
        }
    };
    let mut categories = Vec::new();
    for text in table.texts("cat").map_or_else(Vec::new, |texts| texts.value) {
        match id(taxonomy, text.value) {
            Ok(id) => categories.push(Category { taxonomy, id }),
            Err(wrong) => table.bad_value("cat", &text.span, wrong),
        }
    }
    categories.sort();
    categories.dedup();
    categories
}

/// Reads an id of a taxonomy; those of the oldest look like no others.
fn id(taxonomy: i32, text: &str) -> Result<Arc<str>, String> {
    let parts = text.strip_prefix("IAB").map(|rest| rest.split_once('-').unwrap_or((rest, "1")));
    let digits = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let oldest = parts.is_some_and(|(tier, below)| digits(tier) && digits(below));
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    match (taxonomy, oldest) {
        (CONTENT_1, true) => Ok(text.into()),
        (CONTENT_1, false) => Err(format!(
            "{text:?} is no id of taxonomy 1 such as \"IAB26\" or \"IAB7-39\"; \
             `cattax` names another taxonomy"
        )),
        (2..=9, true) => Err(format!("{text:?} is an id of taxonomy 1, not of {taxonomy}")),
        _ if text == text.trim()
            && (1..=64).contains(&text.len())
            && text.bytes().all(printable) =>
        {
            Ok(text.into())
        }
        _ => Err(format!("{text:?} is not 1 to 64 printable ASCII characters")),
    }
}

/// Reads a list of domain names.
pub(super) fn domains(section: &Section<'_>, key: &'static str) -> Vec<Arc<str>> {
    read_each(section, key, value::domain)
}

/// Reads a list of names that others chose.
pub(super) fn names(section: &Section<'_>, key: &'static str) -> Vec<Arc<str>> {
    read_each(section, key, value::foreign)
}

fn read_each(
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Result<String, String>,
) -> Vec<Arc<str>> {
    let mut all = Vec::new();
    for text in section.texts(key).map_or_else(Vec::new, |texts| texts.value) {
        match read(text.value) {
            Ok(value) => all.push(value.into()),
            Err(wrong) => section.bad_value(key, &text.span, wrong),
        }
    }
    all
}

/// Content Taxonomy 1.0: what OpenRTB means when it names none.
const CONTENT_1: i32 = 1;

/// Taxonomies of ads and content that OpenRTB's `cattax` names; 4 is of audiences.
const NAMED: [u32; 8] = [1, 2, 3, 5, 6, 7, 8, 9];

/// The first code of vendors' own taxonomies.
const VENDORS: u32 = 500;
