//! What of the logs is handed out over HTTP: exactly the paths of C2SP `tlog-tiles`, read-only.

use std::io;
use std::path::PathBuf;

use tlog::tile::{Tile, WIDTH};

use crate::io::journal::Stream;
use crate::io::journal::disk::LocalDisk;
use crate::io::log::files::read;
use crate::io::log::{CHECKPOINT, folder};
use crate::io::offload::Offload;

/// The logs of a data folder as strangers may read them.
pub struct Published {
    data: PathBuf,
    /// Where the traffic listener reads; none when it does not.
    public: Option<Offload>,
}

/// A file of a log on its way out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they are.
    pub media_type: &'static str,
    /// How long they may be kept.
    pub cache: &'static str,
}

/// A file that a path names, whether it is there or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    path: PathBuf,
    media_type: &'static str,
    cache: &'static str,
}

impl Published {
    /// Hands out the logs of a data folder; on the traffic listener too when `public`.
    #[must_use]
    pub fn new(data: PathBuf, public: bool) -> Self {
        Self { data, public: public.then(|| Offload::start(1)) }
    }

    /// Returns where the traffic listener reads files, so that no sale waits for a disk; none when
    /// it hands out no log.
    #[must_use]
    pub fn public(&self) -> Option<&Offload> {
        self.public.as_ref()
    }

    /// Reads a path below `/log/`; none when it names no file of a log, however it is spelt.
    #[must_use]
    pub fn wanted(&self, path: &str) -> Option<Wanted> {
        let (stream, rest) = path.split_once('/')?;
        let stream = [Stream::Auction, Stream::Money].into_iter().find(|it| it.name() == stream)?;
        let folder = folder(&self.data, stream);
        if rest == CHECKPOINT {
            let (media_type, cache) = ("text/plain; charset=utf-8", "public, max-age=1");
            return Some(Wanted { path: folder.join(CHECKPOINT), media_type, cache });
        }
        // What is opened is what the tile itself prints, never the text that came.
        let tile = Tile::parse(rest)?;
        let full = u64::from(tile.width) == WIDTH;
        let cache = if full { FOREVER } else { "public, max-age=3600, immutable" };
        let media_type = "application/octet-stream";
        Some(Wanted { path: folder.join(tile.to_string()), media_type, cache })
    }
}

impl Wanted {
    /// Reads the file; none when it is not there. Blocks on disk.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn read(self) -> io::Result<Option<Page>> {
        let Self { path, media_type, cache } = self;
        let bytes = read(&LocalDisk, &path)?;
        Ok(bytes.map(|bytes| Page { bytes, media_type, cache }))
    }
}

/// A full tile never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
