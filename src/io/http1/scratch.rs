//! The buffer that all calls of a thread write from and read into, one poll at a time.

use std::cell::Cell;

/// Lends the thread's buffer of `SIZE` bytes; what it holds is left over from others.
pub(super) fn lend<R>(work: impl FnOnce(&mut [u8]) -> R) -> R {
    // Taken out, not borrowed: work inside work would get a buffer of its own.
    let mut buffer = BUFFER.take();
    if buffer.is_empty() {
        buffer.resize(SIZE, 0);
    }
    let done = work(&mut buffer);
    BUFFER.set(buffer);
    done
}

/// A whole answer of a bidder, as a rule.
const SIZE: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}
