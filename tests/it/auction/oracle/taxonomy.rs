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
static READ: LazyLock<Mutex<BTreeMap<(Category, Category), bool>>> = LazyLock::new(Mutex::default);

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

/// Returns a category and all above it, in whichever edition; only itself when no table knows it.
fn chain(taxonomy: i32, id: &str) -> Vec<(i32, String)> {
    let mut chain = vec![(taxonomy, id.to_owned())];
    let mut next = 0;
    while let Some((_, below)) = chain.get(next).cloned() {
        next += 1;
        chain.extend(parents(taxonomy, &below).into_iter().map(|parent| (taxonomy, parent)));
    }
    chain
}

/// Returns what stands right above an id: its rows in the section that is headed by its taxonomy.
fn parents(taxonomy: i32, id: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for row in CATEGORIES.lines().filter(|row| !row.starts_with('#')) {
        if let Some(codes) = row.strip_prefix("= ") {
            inside = codes.split(' ').any(|code| code == taxonomy.to_string());
        } else if let ([own, parent, _], true) = (&row.split('\t').collect::<Vec<_>>()[..], inside)
            && *own == id
            && !parent.is_empty()
        {
            found.push((*parent).to_owned());
        }
    }
    found
}

/// Returns what a category is mapped to, in either direction: a row has an id of 1, then the ids of
/// 8 and of 2 that belong to it.
fn equivalents(taxonomy: i32, id: &str) -> Vec<(i32, String)> {
    let mut found = Vec::new();
    for row in EQUIVALENTS.lines().filter(|row| !row.starts_with('#')) {
        let cells: Vec<Vec<&str>> = row.split('\t').map(|it| it.split(',').collect()).collect();
        let all = |cell: usize, code: i32| {
            let ids = cells.get(cell).cloned().unwrap_or_default();
            ids.into_iter().filter(|id| !id.is_empty()).map(move |id| (code, id.to_owned()))
        };
        let has = |cell: usize| cells.get(cell).is_some_and(|ids| ids.contains(&id));
        match family(taxonomy) {
            1 if has(0) => found.extend(all(1, 8).chain(all(2, 2))),
            8 if has(1) => found.extend(all(0, 1)),
            2 if has(2) => found.extend(all(0, 1)),
            _ => {}
        }
    }
    found
}

const CATEGORIES: &str = include_str!("../../../../src/auction/category/categories.tsv");
const EQUIVALENTS: &str = include_str!("../../../../src/auction/category/equivalents.tsv");
