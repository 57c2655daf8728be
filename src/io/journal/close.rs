//! The end of a journal: what was taken in is on disk, its threads are over, and the lock is free.

use std::thread::JoinHandle;

use crate::io::journal::{AUCTION_THREAD, Journal};

impl Journal {
    /// Takes no more auctions, waits until those it took are on disk, and returns the index after the
    /// last of them; blocks on disk.
    ///
    /// Where the disk fails it is the last known to be there, and `failure` says so.
    pub fn finish_auctions(&self) -> u64 {
        self.auction.close();
        let mut threads = self.threads.lock();
        let named = |thread: &JoinHandle<()>| thread.thread().name() == Some(AUCTION_THREAD);
        if let Some(at) = threads.iter().position(named) {
            // A writer that panicked has ended its queue.
            let _ = threads.remove(at).join();
        }
        self.auction.on_disk()
    }

    /// Writes and syncs what is queued, ends the writers and gives the lock back; blocks on disk.
    ///
    /// Permits are refused from the first moment on.
    pub fn close(&self) {
        self.finish();
        self.lock.lock().take();
    }

    /// Writes and syncs what is queued and ends the writers, but keeps the lock: what is on disk
    /// changes no more. Blocks on disk.
    pub fn finish(&self) {
        self.auction.close();
        self.money.close();
        self.keeper.close();
        self.space.close();
        for thread in self.threads.lock().drain(..) {
            // A writer that panicked has ended its queue.
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}
