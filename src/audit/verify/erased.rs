//! Sections that are erased, held against the records that tell of an erasure.

use crate::audit::lives::Erased;
use crate::audit::verify::ending::pause;
use crate::audit::verify::stream::{Job, Way};
use crate::io::journal::{JournalError, Stream};
use crate::model::time::UnixMillis;

/// Tells of sections of auctions that are erased though nobody says so.
///
/// Fewer than were told are no fault: some may have been pruned since.
pub(super) fn look(job: &mut Job<'_>, way: &Way<'_>) -> Result<(), JournalError> {
    let Some(last) = way.checks.last_erased() else { return Ok(()) };
    if way.checks.stream() == Stream::Money {
        // Nothing of it may be erased, and each record says so.
        return Ok(());
    }
    let erased = way.checks.erased();
    for _ in 0..TELLING {
        if untold(job.lives.erased(), erased, last).is_none() {
            return Ok(());
        }
        job.lives.catch_up(job.data)?;
        if !job.lives.is_last_open() {
            break;
        }
        // A node tells what a command erased soon after.
        pause();
    }
    let untold = untold(job.lives.erased(), erased, last);
    if let Some((index, what)) = untold.filter(|_| job.lives.is_whole()) {
        let what = format!("{erased} sections are erased, and {what}");
        job.add(&way.log.folder(), index, "user", what);
    }
    Ok(())
}

/// Says what is not told of so many erased sections, and of which record, if it is one; `last` has
/// time and index of the latest.
fn untold(told: Erased, erased: u64, last: (UnixMillis, u64)) -> Option<(Option<u64>, String)> {
    let (Erased { sections, before }, (at, index)) = (told, last);
    if sections == 0 {
        return Some((None, "no money record (kind 10) tells of an erasure".to_owned()));
    }
    if sections < erased {
        return Some((None, format!("money records (kind 10) tell of {sections}")));
    }
    let recent = "no money record (kind 10) tells of one so recent";
    (before <= at).then(|| (Some(index), recent.to_owned()))
}

/// How often it is looked whether an erasure is told of: a node tells within two seconds.
const TELLING: u32 = 120;
