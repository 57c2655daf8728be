//! Sections that are erased, held against the records that tell of an erasure.

use crate::audit::lives::Erased;
use crate::audit::verify::ending::{pause, signed_since};
use crate::audit::verify::stream::{Job, Way};
use crate::io::journal::{JournalError, Stream, read};
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
    let mut signed = None;
    for _ in 0..TELLING {
        if untold(job.lives.erased(), erased, last).is_none() {
            return Ok(());
        }
        job.lives.catch_up(job.data)?;
        // Looked at anew only where it would help, and only when there is a new one.
        let told = untold(job.lives.erased_unsigned(), erased, last).is_none();
        let newest = read::signed(job.data, Stream::Money).ok().filter(|_| told);
        if newest.is_some() && signed != newest {
            signed = newest;
            let size = signed_since(job)?;
            job.lives.sign(size);
        }
        if !job.lives.is_last_open() {
            break;
        }
        // A node tells and signs what a command erased soon after.
        pause();
    }
    let known = untold(job.lives.erased(), erased, last);
    let known = known.map(|known| match untold(job.lives.erased_unsigned(), erased, last) {
        Some(untold) => untold,
        None => (known.0, "no checkpoint signs the money record (kind 10) that says so".to_owned()),
    });
    if let Some((index, what)) = known.filter(|_| job.lives.is_whole()) {
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

/// How often it is looked whether an erasure is told of: a node tells within two seconds, and signs
/// within one more unless `journal.checkpoint` is longer.
const TELLING: u32 = 120;
