//! Whether a block hits a category, read row by row from the tables as decision 14 says it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use breakwater::model::category::Category;
use parking_lot::Mutex;

/// Says whether a block hits a category, over all taxonomies.
pub(super) fn hits(block: &Category, category: &Category) -> bool {
    let pair = (block.clone(), category.clone());
    *READ.lock().entry(pair).or_insert_with(|| read(block, category))
}

/// What was read before: the tables are long, and the oracle asks the same again and again.
static READ: LazyLock<Mutex<BTreeMap<(Category, Category), bool>>> =
    LazyLock::new(Mutex::default);

fn read(block: &Category, category: &Category) -> bool {
    let chain = chain(category.taxonomy, &category.id);
    let is_block = |(taxonomy, id): &(i32, String)| {
        family(*taxonomy) == family(block.taxonomy) && **id == *block.id
    };
    if chain.iter().any(is_block) {
        return true;
    }
    let mapped = chain.iter().flat_map(|(taxonomy, id)| equivalents(*taxonomy, id));
    mapped.into_iter().any(|(taxonomy, id)| self::chain(taxonomy, &id).iter().any(is_block))
}

/// Taxonomies that share their ids.
fn family(taxonomy: i32) -> i32 {
    match taxonomy {
        2 | 5 | 6 => 2,
        7 | 9 => 7,
        other => other,
    }
}

/// Returns a category and all above it; only itself when no table knows it.
fn chain(taxonomy: i32, id: &str) -> Vec<(i32, String)> {
    let mut chain = vec![(taxonomy, id.to_owned())];
    let mut below = id.to_owned();
    while let Some(parent) = parent(taxonomy, &below) {
        chain.push((taxonomy, parent.clone()));
        below = parent;
    }
    chain
}

fn parent(taxonomy: i32, id: &str) -> Option<String> {
    let of = |taxonomy: i32| {
        let mut rows = CATEGORIES.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
        rows.find(|row| row[0] == taxonomy.to_string() && row[1] == id)
    };
    let known = of(taxonomy).or_else(|| {
        (1..10).filter(|other| family(*other) == family(taxonomy)).find_map(of)
    })?;
    (!known[2].is_empty()).then(|| known[2].to_owned())
}

/// Returns what a category is mapped to, in either direction.
fn equivalents(taxonomy: i32, id: &str) -> Vec<(i32, String)> {
    let same = |code: &str, other: &str| {
        code.parse().is_ok_and(|code| family(code) == family(taxonomy)) && other == id
    };
    let mut found = Vec::new();
    for row in EQUIVALENTS.lines().skip(1) {
        let [from, from_id, to, to_id] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a row of equivalents has four columns: {row}");
        };
        if same(from, from_id) {
            found.push((to.parse().unwrap(), to_id.to_owned()));
        }
        if same(to, to_id) {
            found.push((from.parse().unwrap(), from_id.to_owned()));
        }
    }
    found
}

const CATEGORIES: &str = include_str!("../../../../src/auction/category/categories.tsv");
const EQUIVALENTS: &str = include_str!("../../../../src/auction/category/equivalents.tsv");
