//! The published taxonomies: which ids there are, what lies above each, what maps to what.
//!
//! Taxonomies that share ids are one family. The data files beside this one name their source.

use std::ops::Range;
use std::sync::LazyLock;

/// The tables of this build.
pub(in crate::auction) static TABLES: LazyLock<Tables> =
    LazyLock::new(|| Tables::read(CATEGORIES, EQUIVALENTS));

/// A category that the tables know.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::auction) struct Node(u16);

/// A set of families, a bit each.
pub(in crate::auction) type Families = u8;

/// All categories, numbered family by family in the order of their ids.
#[derive(Debug)]
pub(in crate::auction) struct Tables {
    /// The packed id of each node.
    ids: Vec<u64>,
    /// Where a packed id is looked for first, by `slot`: a node, or that there is none.
    slots: Vec<u16>,
    /// The nodes of each family.
    families: [Range<usize>; FAMILIES],
    /// The published name of each node.
    names: Vec<&'static str>,
    /// For each node the nodes that a block on would hit it, ascending: where its run in `hitting`
    /// ends.
    ends: Vec<u32>,
    hitting: Vec<Node>,
    /// For each node the families in which it or one above it has an equivalent, its own included.
    maps_to: Vec<Families>,
    /// For each node the families with a category that a block on it would hit.
    reached_from: Vec<Families>,
}

/// Returns the family of a taxonomy, an OpenRTB `cattax` code.
pub(in crate::auction) fn family(taxonomy: i32) -> Option<usize> {
    match taxonomy {
        1 => Some(CONTENT_1),
        2 | 5 | 6 => Some(CONTENT_2),
        3 => Some(2),
        7 | 9 => Some(3),
        8 => Some(PRODUCT_2),
        _ => None,
    }
}

/// Returns the family that an id under a taxonomy is of.
///
/// An id such as `IAB7-39` is of Content 1.0 under any published taxonomy: no other has such ids.
pub(in crate::auction) fn family_of(taxonomy: i32, id: &str) -> Option<usize> {
    if taxonomy < VENDORS && is_of_content_1(id.trim()) {
        return Some(CONTENT_1);
    }
    family(taxonomy)
}

/// Says whether an id has the form that those of Content 1.0 have.
fn is_of_content_1(id: &str) -> bool {
    let Some((start, rest)) = id.split_at_checked(3) else { return false };
    if !start.eq_ignore_ascii_case("IAB") {
        return false;
    }
    match rest.split_once('-') {
        Some((above, below)) => is_tier(above) && is_tier(below),
        None => is_tier(rest),
    }
}

/// Says whether a text is one of the two numbers of an id of Content 1.0.
fn is_tier(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Node {
    /// Returns its number, below [`NODES`].
    pub(in crate::auction) fn index(self) -> usize {
        usize::from(self.0)
    }

    fn of(index: usize) -> Self {
        Self(u16::try_from(index).expect("the tables hold fewer than 65,536 categories"))
    }
}

impl Tables {
    /// Returns the node of an id that an ad names, or of what its form says it lies below.
    ///
    /// Of an `IAB7-99` that no table holds that is `IAB7`.
    pub(in crate::auction) fn node(&self, taxonomy: i32, id: &str) -> Option<Node> {
        self.exact(taxonomy, id).or_else(|| {
            let family = family_of(taxonomy, id).filter(|&it| it == CONTENT_1)?;
            let (above, below) = id.trim().split_once('-')?;
            is_tier(below).then(|| self.in_family(family, above))?
        })
    }

    /// Returns the node of an id, which may have space around it; none for what no table holds.
    pub(in crate::auction) fn exact(&self, taxonomy: i32, id: &str) -> Option<Node> {
        self.in_family(family_of(taxonomy, id)?, id)
    }

    /// Returns the nodes that a block on would hit this one, itself included, ascending.
    pub(in crate::auction) fn hitting(&self, node: Node) -> &[Node] {
        let index = node.index();
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        let at = |end: u32| usize::try_from(end).expect("a table fits into memory");
        &self.hitting[at(start)..at(self.ends[index])]
    }

    /// Says whether a block on the one hits the other.
    pub(in crate::auction) fn covers(&self, block: Node, category: Node) -> bool {
        self.hitting(category).binary_search(&block).is_ok()
    }

    /// Says whether it can be told if a block on the one hits the other.
    pub(in crate::auction) fn relates(&self, block: Node, category: Node) -> bool {
        self.maps_to(category) & self.home(block) != 0
            && self.reached_from(block) & self.home(category) != 0
    }

    /// Returns the family a node is of.
    pub(in crate::auction) fn home(&self, node: Node) -> Families {
        let families = self.families.iter().position(|range| range.contains(&node.index()));
        1 << families.expect("each node is of a family")
    }

    /// Returns the families in which a category has a place, by itself or what lies above it.
    pub(in crate::auction) fn maps_to(&self, category: Node) -> Families {
        self.maps_to[category.index()]
    }

    /// Returns the families of whose categories a block can hit some.
    pub(in crate::auction) fn reached_from(&self, block: Node) -> Families {
        self.reached_from[block.index()]
    }

    /// Returns the published name of a node.
    pub(in crate::auction) fn name(&self, node: Node) -> &'static str {
        self.names[node.index()]
    }

    fn in_family(&self, family: usize, id: &str) -> Option<Node> {
        let id = packed(family, id)?;
        let mut slot = slot(family, id);
        loop {
            let node = self.slots[slot];
            if node == NO_NODE {
                return None;
            }
            let index = usize::from(node);
            if self.ids[index] == id && self.families[family].contains(&index) {
                return Some(Node(node));
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    fn read(categories: &'static str, equivalents: &str) -> Self {
        let mut tables = Self {
            ids: Vec::with_capacity(NODES),
            slots: vec![NO_NODE; SLOTS],
            families: [const { 0..0 }; FAMILIES],
            names: Vec::with_capacity(NODES),
            ends: Vec::with_capacity(NODES),
            hitting: Vec::new(),
            maps_to: vec![0; NODES],
            reached_from: vec![0; NODES],
        };
        let parents = tables.read_categories(categories);
        let above: Vec<Vec<Node>> = parents.iter().map(|own| above(&parents, own)).collect();
        let equivalents = tables.read_equivalents(equivalents);
        for index in 0..NODES {
            let own = Node::of(index);
            let mut hitting = vec![own];
            hitting.extend_from_slice(&above[index]);
            for at in 0..=above[index].len() {
                for &equivalent in &equivalents[hitting[at].index()] {
                    hitting.push(equivalent);
                    hitting.extend_from_slice(&above[equivalent.index()]);
                }
            }
            hitting.sort_unstable();
            hitting.dedup();
            for &block in &hitting {
                tables.maps_to[index] |= tables.home(block);
                tables.reached_from[block.index()] |= tables.home(own);
            }
            tables.hitting.extend(hitting);
            let end = u32::try_from(tables.hitting.len());
            tables.ends.push(end.expect("a table of 25,000 entries is short"));
        }
        tables
    }

    /// Reads ids and names; returns the parents of each node.
    fn read_categories(&mut self, text: &'static str) -> Vec<Vec<Node>> {
        let mut named = Vec::with_capacity(NODES);
        let mut section = 0;
        for line in lines(text) {
            if line.starts_with('=') {
                self.families[section] = self.ids.len()..self.ids.len();
                section += 1;
                continue;
            }
            let (id, parents, name) = fields(line);
            let id = packed(section - 1, id).expect("an id of the tables is at most 8 bytes long");
            let mut slot = slot(section - 1, id);
            while self.slots[slot] != NO_NODE {
                slot = (slot + 1) % SLOTS;
            }
            self.slots[slot] = Node::of(self.ids.len()).0;
            self.ids.push(id);
            self.names.push(name);
            self.families[section - 1].end = self.ids.len();
            named.push((section - 1, parents));
        }
        assert_eq!(self.ids.len(), NODES, "categories in the tables");
        let node = |(family, id)| self.in_family(family, id).expect("a parent is in the tables");
        let parents = |(family, ids): (usize, &'static str)| {
            listed(ids).map(|id| node((family, id))).collect::<Vec<_>>()
        };
        named.into_iter().map(parents).collect()
    }

    /// Returns the equivalents of each node, either direction.
    fn read_equivalents(&self, text: &str) -> Vec<Vec<Node>> {
        let mut equivalents = vec![Vec::new(); NODES];
        for line in lines(text) {
            let (id, products, contents) = fields(line);
            let node = |family, id| self.in_family(family, id).expect("an id is in the tables");
            let own = node(CONTENT_1, id);
            let products = listed(products).map(|id| node(PRODUCT_2, id));
            for other in products.chain(listed(contents).map(|id| node(CONTENT_2, id))) {
                equivalents[own.index()].push(other);
                equivalents[other.index()].push(own);
            }
        }
        equivalents
    }
}

/// Returns all that lies above a node with these parents; with two parents some may repeat.
fn above(parents: &[Vec<Node>], own: &[Node]) -> Vec<Node> {
    let mut above = own.to_vec();
    let mut next = 0;
    while let Some(node) = above.get(next).copied() {
        above.extend_from_slice(&parents[node.index()]);
        next += 1;
    }
    above
}

/// Returns an id as a number, space around it aside and in Content 1.0 its case; none for what no
/// table holds.
fn packed(family: usize, id: &str) -> Option<u64> {
    let id = match id.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] | [b'!'..=b'~'] => id,
        _ => id.trim(),
    };
    let fits = !id.is_empty() && id.len() <= 8 && !id.as_bytes().contains(&0);
    let byte = |byte: u8| if family == CONTENT_1 { byte.to_ascii_uppercase() } else { byte };
    fits.then(|| id.bytes().fold(0, |packed, it| packed << 8 | u64::from(byte(it))))
}

/// Returns where an id is looked for first.
fn slot(family: usize, id: u64) -> usize {
    let family = u64::try_from(family).expect("there are few families");
    let mixed = (id ^ family << 61).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> (u64::BITS - SLOTS.ilog2())).expect("slots are few")
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn fields(line: &str) -> (&str, &str, &str) {
    let mut fields = line.split('\t');
    let mut next = || fields.next().expect("a line of the tables has three fields");
    (next(), next(), next())
}

fn listed(ids: &str) -> impl Iterator<Item = &str> {
    ids.split(',').filter(|id| !id.is_empty())
}

const CATEGORIES: &str = include_str!("categories.tsv");
const EQUIVALENTS: &str = include_str!("equivalents.tsv");

/// How many categories the tables hold.
pub(in crate::auction) const NODES: usize = 3738;

/// Twice as many slots as nodes: most ids stand in their first, and each search ends.
const SLOTS: usize = 8192;

const NO_NODE: u16 = u16::MAX;

/// The first `cattax` of vendors' own taxonomies.
const VENDORS: i32 = 500;

/// How many families: Content 1.0, 2.x, Ad Product 1.x, Content 3.x, Ad Product 2.0.
const FAMILIES: usize = 5;

/// The family of Content 1.0.
pub(in crate::auction) const CONTENT_1: usize = 0;
const CONTENT_2: usize = 1;
const PRODUCT_2: usize = 4;
