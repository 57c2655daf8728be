//! Finding out whether a log has all its tiles, and making it again when it has not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tlog::tile::{Kind, Tile, Tiles, WIDTH};
use tlog::tree;

use crate::io::log::edge::{Edge, Made, is_damage, width};
use crate::io::log::files::LogFiles;
use crate::io::log::writer::Place;
use crate::io::log::{LogError, doing};

/// Says whether every full tile below a log of `size` entries is there, and every bundle whose
/// records the journal has; those above level 0 must also give the hash that stands for them.
///
/// Level 0 is too long to be read at each start: `audit verify` does that.
///
/// # Errors
///
/// When the disk fails.
pub(super) fn is_whole(place: &Place, files: &LogFiles, size: u64) -> Result<bool, LogError> {
    let first = first_record(place)?.unwrap_or(size);
    let bundles = first.div_ceil(WIDTH)..size / WIDTH;
    let there = are_there(place, files, Kind::Entries, bundles)?
        && are_there(place, files, Kind::Hashes(0), 0..size / WIDTH)?;
    if !there {
        return Ok(false);
    }
    match levels_agree(files, size) {
        Err(error) if is_damage(&error) => Ok(false),
        other => other,
    }
}

/// Says whether all these full tiles exist, by the names in their folders.
fn are_there(
    place: &Place,
    files: &LogFiles,
    kind: Kind,
    indexes: std::ops::Range<u64>,
) -> Result<bool, LogError> {
    let mut listed: Option<(PathBuf, BTreeSet<String>)> = None;
    for index in indexes {
        let path = files.path(Tile { kind, index, width: 256 });
        let folder = path.parent().expect("a tile stands in a folder");
        let names = match &listed {
            Some((known, names)) if known == folder => names,
            _ => {
                let names = place.disk.list(folder).map_err(doing("list", folder))?;
                &listed.insert((folder.to_owned(), names.into_iter().collect())).1
            }
        };
        let name = path.file_name().and_then(|name| name.to_str()).expect("a tile's name is ASCII");
        if !names.contains(name) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says whether each hash from level 2 on is the root of the tile that it stands for.
fn levels_agree(files: &LogFiles, size: u64) -> Result<bool, LogError> {
    let (mut level, mut count) = (2, size / WIDTH / WIDTH);
    while 0 < count {
        for tile in 0..count.div_ceil(WIDTH) {
            let held = (count - tile * WIDTH).min(WIDTH);
            let held = u16::try_from(held).expect("at most 256");
            for (hash, child) in files.hashes(level, tile, held)?.iter().zip(tile * WIDTH..) {
                if tree::root_of(&files.hashes(level - 1, child, 256)?) != *hash {
                    return Ok(false);
                }
            }
        }
        (level, count) = (level + 1, count / WIDTH);
    }
    Ok(true)
}

/// Makes the log of the first `size` records again: its edge, and every full tile to `keep`.
///
/// Where records were pruned, leaves come from the tiles of level 0.
///
/// # Errors
///
/// When neither is there, the disk fails, or `keep` does.
pub(super) fn edge(
    place: &Place,
    files: &LogFiles,
    size: u64,
    keep: &mut dyn FnMut(Made) -> Result<(), LogError>,
) -> Result<Edge, LogError> {
    let (mut edge, mut made) = (Edge::default(), Vec::new());
    let first = first_record(place)?.unwrap_or(size).min(size);
    // A tile of which some records are gone is taken as it is, and so is what comes before it.
    let kept = first.div_ceil(WIDTH) * WIDTH;
    for index in 0..kept.min(size) / WIDTH {
        for leaf in leaves(place, files, index, 256)? {
            edge.push_leaf(leaf, &mut made);
        }
        made.drain(..).try_for_each(&mut *keep)?;
    }
    if edge.size() < size && size < kept {
        let (index, width) = (size / WIDTH, width(size));
        let entries = files.entry_bundle(index, width)?;
        for entry in entries.ok_or_else(|| lost(place, files, index, width))? {
            edge.push(&entry, &mut made);
        }
    }
    let mut frames = place.frames(edge.size())?;
    while edge.size() < size {
        let entry = place.entry(&mut frames, edge.size())?;
        edge.push(&entry, &mut made);
        made.drain(..).try_for_each(&mut *keep)?;
    }
    Ok(edge)
}

/// Reads a tile of level 0 whose records are gone.
fn leaves(
    place: &Place,
    files: &LogFiles,
    index: u64,
    width: u16,
) -> Result<Vec<tree::Hash>, LogError> {
    files
        .hashes(0, index, width)
        .map_err(|error| if is_damage(&error) { lost(place, files, index, width) } else { error })
}

fn lost(place: &Place, files: &LogFiles, index: u64, width: u16) -> LogError {
    let path: &Path = &files.path(Tile { kind: Kind::Hashes(0), index, width });
    LogError::Lost { stream: place.stream.name(), path: path.to_owned() }
}

/// Returns the index of the first record that the journal still has.
fn first_record(place: &Place) -> Result<Option<u64>, LogError> {
    Ok(place.frames(0)?.next().transpose()?.map(|frame| frame.index))
}
