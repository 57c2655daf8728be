//! Tiles and entry bundles that belong to no tree: beyond the records, and so beyond what can be
//! signed.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use tlog::tile::{Kind, Tile, WIDTH};

use crate::audit::verify::files::is_absent;
use crate::audit::verify::stream::{Job, Way};
use crate::audit::walk::{Walk, reading};
use crate::io::journal::JournalError;

/// Looks for them in the folder of a log.
pub(super) fn look<'a>(
    job: &mut Job<'a>,
    way: &mut Way<'_>,
    walk: &mut Walk<'a>,
) -> Result<(), JournalError> {
    let top = way.log.public();
    let mut beyond = Vec::new();
    let mut folders = VecDeque::from([top.join("tile")]);
    while let Some(folder) = folders.pop_front() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if is_absent(&error) => continue,
            entries => entries.map_err(reading(&folder))?,
        };
        for entry in entries {
            let path = entry.map_err(reading(&folder))?.path();
            if path.is_dir() && depth(&top, &path) <= DEEPEST {
                folders.push_back(path);
            } else if let Some(tile) = tile_of(&top, &path)
                && way.growth.size() < end(tile)
                && beyond.len() < MOST
            {
                beyond.push((path, tile));
            }
        }
    }
    if beyond.is_empty() {
        return Ok(());
    }
    // A node at work may have gone on since the records were read.
    job.go(way, walk)?;
    let size = way.growth.size();
    beyond.sort_unstable_by_key(|(_, tile)| (tile.index, tile.width));
    for (path, tile) in beyond {
        if size < end(tile) && path.exists() {
            let what = format!("it goes beyond the {size} records there are: no tree has it");
            job.add(&path, Some(size.max(first(tile))), "tile", what);
        }
    }
    Ok(())
}

/// Returns the tile that a path names.
fn tile_of(top: &Path, path: &Path) -> Option<Tile> {
    Tile::parse(path.strip_prefix(top).ok()?.to_str()?)
}

/// Returns the number of records after which a tile can be.
fn end(tile: Tile) -> u64 {
    let hashes = tile.index.checked_mul(WIDTH).and_then(|it| it.checked_add(tile.width.into()));
    hashes.and_then(|hashes| hashes.checked_mul(below(tile))).unwrap_or(u64::MAX)
}

/// Returns the first record below a tile.
fn first(tile: Tile) -> u64 {
    tile.index.saturating_mul(WIDTH).saturating_mul(below(tile))
}

/// Returns how many records a hash of a tile stands for.
fn below(tile: Tile) -> u64 {
    match tile.kind {
        Kind::Hashes(level) => 1_u64.checked_shl(8 * u32::from(level)).unwrap_or(u64::MAX),
        Kind::Entries => 1,
    }
}

fn depth(top: &Path, path: &Path) -> usize {
    path.strip_prefix(top).map_or(usize::MAX, |rest| rest.components().count())
}

/// `tile`, a level, six groups of digits above the last, and the folder of partial ones.
const DEEPEST: usize = 9;
/// So many are told of.
const MOST: usize = 1_000;
