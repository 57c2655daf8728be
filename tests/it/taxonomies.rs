//! The compiled category tables against the published ones, when `BREAKWATER_REFERENCE` is set.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use breakwater::auction::category::{hits, is_told, name};
use breakwater::model::category::Category;

/// A category: the first taxonomy of its family, and its id.
type Key = (i32, String);

/// What was published, read with nothing in mind but its rules.
#[derive(Default)]
struct Published {
    /// Each row: taxonomy, id, parent, name.
    rows: Vec<(i32, String, String, String)>,
    parents: BTreeMap<Key, BTreeSet<Key>>,
    equivalents: BTreeMap<Key, BTreeSet<Key>>,
}

#[test]
fn the_compiled_tables_are_the_published_ones() {
    let Some(published) = read() else { return };
    let mut latest = BTreeMap::new();
    for (taxonomy, id, _, label) in &published.rows {
        latest.insert(key(*taxonomy, id), label);
    }
    for (taxonomy, id, ..) in &published.rows {
        let known = name(&category(*taxonomy, id)).unwrap_or_else(|| panic!("{taxonomy} {id}"));
        assert_eq!(&known, latest[&key(*taxonomy, id)], "{taxonomy} {id}");
    }
    let data = include_str!("../../src/auction/category/categories.tsv");
    let compiled = data.lines().filter(|line| !line.starts_with(['#', '='])).count();
    assert_eq!(compiled, latest.len(), "categories compiled in");
}

#[test]
fn blocks_hit_what_the_published_tables_say() {
    let Some(published) = read() else { return };
    let keys: BTreeSet<Key> = published.rows.iter().map(|row| key(row.0, &row.1)).collect();
    let hitting: BTreeMap<&Key, BTreeSet<Key>> =
        keys.iter().map(|key| (key, published.hitting(key))).collect();
    // Families between which some category maps, each way.
    let mut maps: BTreeSet<(&Key, i32)> = BTreeSet::new();
    let mut reached: BTreeSet<(Key, i32)> = BTreeSet::new();
    for (category, blocks) in &hitting {
        for block in blocks {
            maps.insert((category, block.0));
            reached.insert((block.clone(), category.0));
        }
    }
    let named: BTreeMap<&Key, Category> =
        keys.iter().map(|key| (key, category(key.0, &key.1))).collect();
    for (index, category) in keys.iter().enumerate() {
        let blocks = &hitting[category];
        // Every pair would take minutes: all that hit, and one in 37 of the others.
        let sample = keys.iter().skip(index % 37).step_by(37);
        for block in blocks.iter().chain(sample) {
            let expected = blocks.contains(block);
            assert_eq!(hits(&named[block], &named[category]), expected, "{block:?}, {category:?}");
            let told = maps.contains(&(category, block.0))
                && reached.contains(&(block.clone(), category.0));
            assert_eq!(is_told(&named[block], &named[category]), told, "{block:?}, {category:?}");
        }
    }
}

impl Published {
    /// All that a block on would hit a category.
    fn hitting(&self, category: &Key) -> BTreeSet<Key> {
        let own = self.above(category);
        let mapped = own.iter().filter_map(|key| self.equivalents.get(key)).flatten();
        mapped.flat_map(|key| self.above(key)).chain(own.clone()).collect()
    }

    /// A category and all that lies above it.
    fn above(&self, category: &Key) -> BTreeSet<Key> {
        let parents = self.parents.get(category).into_iter().flatten();
        let mut above: BTreeSet<Key> = parents.flat_map(|parent| self.above(parent)).collect();
        above.insert(category.clone());
        above
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn read() -> Option<Published> {
    let Some(folder) = std::env::var_os("BREAKWATER_REFERENCE") else {
        eprintln!("skipped: BREAKWATER_REFERENCE is not set");
        return None;
    };
    let mut published = Published::default();
    for row in rows(Path::new(&folder), "categories.tsv") {
        let [taxonomy, id, parent, label] = row.try_into().unwrap();
        // The heading of a column of Content 2.0, which stands among its ids.
        if id == "New Relational ID System" {
            continue;
        }
        let taxonomy = taxonomy.parse().unwrap();
        if !parent.is_empty() {
            let parents = published.parents.entry(key(taxonomy, &id)).or_default();
            parents.insert(key(taxonomy, &parent));
        }
        published.rows.push((taxonomy, id, parent, label));
    }
    for row in rows(Path::new(&folder), "equivalents.tsv") {
        let from = key(row[0].parse().unwrap(), &row[1]);
        let to = key(row[2].parse().unwrap(), &row[3]);
        published.equivalents.entry(from.clone()).or_default().insert(to.clone());
        published.equivalents.entry(to).or_default().insert(from);
    }
    Some(published)
}

fn rows(folder: &Path, file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.join("taxonomies").join(file)).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn key(taxonomy: i32, id: &str) -> Key {
    let family = match taxonomy {
        5 | 6 => 2,
        9 => 7,
        other => other,
    };
    (family, id.to_owned())
}

fn category(taxonomy: i32, id: &str) -> Category {
    Category { taxonomy, id: id.into() }
}
