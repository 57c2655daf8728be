//! Replacing payloads of one segment, such as those whose viewer's section is erased.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::io::journal::disk::{Disk, DiskFile, LocalDisk};
use crate::io::journal::files::{self, firsts};
use crate::io::journal::hold::Hold;
use crate::io::journal::read::{Frame, frames_from_on};
use crate::io::journal::recover::{self, FIRST_FRAME};
use crate::io::journal::seal::{create, lock, replace, temporary};
use crate::io::journal::sealed::{Packer, Sealed, after};
use crate::io::journal::segment::{
    Form, Found, Header, Tail, Window, file_name, parse_name, write_frame,
};
use crate::io::journal::{JournalError, Stream, doing, folder};

/// Replaces payloads of one segment file of a data folder and returns how many.
///
/// `edit` is shown each record and returns what takes its payload's place, if anything; indexes
/// stay. The new file takes the old one's place whole: a crash leaves the one or the other. `path`
/// may name the segment in either form, for it may have been sealed since it was listed. A file in
/// which nothing changes is not written.
///
/// # Errors
///
/// `Locked` for the last segment of a stream while a node is running; otherwise when the segment
/// is damaged, or the file system refuses.
pub fn rewrite(
    data: &Path,
    stream: Stream,
    path: &Path,
    edit: &mut dyn FnMut(&Frame) -> Option<Vec<u8>>,
) -> Result<u64, JournalError> {
    rewrite_on(&(Arc::new(LocalDisk) as Arc<dyn Disk>), data, (stream, path), edit)
}

/// Replaces payloads of one segment file of a journal whose lock the caller holds.
///
/// # Errors
///
/// As `rewrite`, and never `Locked`.
pub fn rewrite_held(
    _hold: &Hold,
    data: &Path,
    stream: Stream,
    path: &Path,
    edit: &mut dyn FnMut(&Frame) -> Option<Vec<u8>>,
) -> Result<u64, JournalError> {
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
    rewrite_by(&disk, data, (stream, path), edit, || Ok(None))
}

/// Replaces payloads of one segment file on `disk`.
///
/// # Errors
///
/// As `rewrite`.
pub fn rewrite_on(
    disk: &Arc<dyn Disk>,
    data: &Path,
    (stream, path): (Stream, &Path),
    edit: &mut dyn FnMut(&Frame) -> Option<Vec<u8>>,
) -> Result<u64, JournalError> {
    rewrite_by(disk, data, (stream, path), edit, || Hold::take_on(disk, data).map(Some))
}

/// Replaces payloads of one segment file; `hold` takes the journal's lock where it is needed.
fn rewrite_by(
    disk: &Arc<dyn Disk>,
    data: &Path,
    (stream, path): (Stream, &Path),
    edit: &mut dyn FnMut(&Frame) -> Option<Vec<u8>>,
    hold: impl FnOnce() -> Result<Option<Hold>, JournalError>,
) -> Result<u64, JournalError> {
    let folder = folder(data, stream);
    let _sealing = lock(&**disk, data)?;
    let all = firsts(&**disk, &folder, stream)?;
    let named = path.file_name().and_then(|name| parse_name(stream, name.to_str()?));
    let place = named.and_then(|(first, _)| all.binary_search(&first).ok());
    let place = place.ok_or_else(|| doing("open", path)(io::ErrorKind::NotFound.into()))?;
    let (first, end) = (all[place], all.get(place + 1).copied());
    // A running node appends to the last one.
    let _running = match end {
        Some(_) => None,
        None => hold()?,
    };
    let opened = files::open(&**disk, &folder, stream, first)?;
    let form = opened.map_or(Form::Sealed, |opened| opened.form);
    let path = folder.join(file_name(stream, first, form));
    let source = Source { disk, data, stream, first, end: end.unwrap_or(u64::MAX) };
    if form == Form::Plain {
        source.only_form(&folder, &path)?;
    }
    let made = temporary(&path);
    let changed = match source.edited(&path, form, &made, edit) {
        Ok(changed) => changed,
        Err(error) => {
            // The next try makes it anew.
            let _ = disk.remove(&made);
            return Err(error);
        }
    };
    if 0 < changed {
        disk.keep_mode(&path, &made).map_err(doing("set the mode of", &made))?;
        replace(&**disk, &folder, &made, &path)?;
    }
    Ok(changed)
}

/// The records of one segment.
struct Source<'a> {
    disk: &'a Arc<dyn Disk>,
    data: &'a Path,
    stream: Stream,
    first: u64,
    /// The index of the next segment's first record; without one, none.
    end: u64,
}

impl Source<'_> {
    /// Writes the segment at `path` as it is to be into `made`, unless nothing changes.
    fn edited(
        &self,
        path: &Path,
        form: Form,
        made: &Path,
        edit: &mut dyn FnMut(&Frame) -> Option<Vec<u8>>,
    ) -> Result<u64, JournalError> {
        let mut target: Option<Target> = None;
        let (mut changed, mut end) = (0, (self.first, FIRST_FRAME));
        self.each(|frame| {
            let edited = edit(&frame);
            if edited.is_some() && target.is_none() {
                let header = header(&**self.disk, path, form, self.first)?;
                let mut new = Target::new(&**self.disk, made, form, &header)?;
                let before = Self { end: frame.index, ..*self };
                before.each(|frame| new.add(frame.index, &frame.payload))?;
                target = Some(new);
            }
            changed += u64::from(edited.is_some());
            end = (frame.index + 1, after(frame.offset, frame.payload.len()));
            match &mut target {
                Some(target) => target.add(frame.index, &edited.unwrap_or(frame.payload)),
                None => Ok(()),
            }
        })?;
        if let Some(target) = target {
            if form == Form::Plain {
                self.whole(path, end)?;
            }
            target.finish()?;
            check(&**self.disk, made, form, (self.first, end.0))?;
        }
        Ok(changed)
    }

    /// Makes the plain form of a segment the only one, where a crash left both: a sealed one would
    /// bring back what is about to be replaced. It goes only once the plain one was read whole.
    fn only_form(&self, folder: &Path, plain: &Path) -> Result<(), JournalError> {
        let sealed = folder.join(file_name(self.stream, self.first, Form::Sealed));
        match self.disk.open_to_read(&sealed) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => drop(opened.map_err(doing("open", &sealed))?),
        }
        let mut end = (self.first, FIRST_FRAME);
        self.each(|frame| {
            end = (frame.index + 1, after(frame.offset, frame.payload.len()));
            Ok(())
        })?;
        self.whole(plain, end)?;
        self.disk.remove(&sealed).map_err(doing("remove", &sealed))?;
        self.disk.sync_folder(folder).map_err(doing("sync", folder))
    }

    /// Fails unless the plain segment ends cleanly at `(index, offset)`, with all that was signed:
    /// for a reader a torn tail is an end, and here it would be cut for good.
    fn whole(&self, path: &Path, (index, offset): (u64, u64)) -> Result<(), JournalError> {
        let file = self.disk.open_to_read(path).map_err(doing("open", path))?;
        let tail = Window::new(file).tail(offset, index).map_err(doing("read", path))?;
        if tail != Tail::Clean {
            return Err(JournalError::Damaged { file: path.to_owned(), index, offset });
        }
        let folder = folder(self.data, self.stream);
        let signed = recover::signed_within(&**self.disk, &folder)?;
        if self.end == u64::MAX && index < signed.size {
            return Err(signed.behind(&folder, index));
        }
        Ok(())
    }

    fn each(
        &self,
        mut visit: impl FnMut(Frame) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        if self.first == self.end {
            return Ok(());
        }
        let disk = Arc::clone(self.disk);
        for frame in frames_from_on(disk, self.data, self.stream, self.first)? {
            let frame = frame?;
            if self.end <= frame.index {
                break;
            }
            let last = frame.index + 1 == self.end;
            visit(frame)?;
            if last {
                break;
            }
        }
        Ok(())
    }
}

fn header(disk: &dyn Disk, path: &Path, form: Form, first: u64) -> Result<Header, JournalError> {
    let file = disk.open_to_read(path).map_err(doing("open", path))?;
    match form {
        Form::Sealed => Ok(Sealed::open(file, path, first)?.header()),
        Form::Plain => {
            let mut window = Window::new(file);
            let bytes = window.bytes(0, Header::BYTES).map_err(doing("read", path))?;
            let damaged = JournalError::Damaged { file: path.to_owned(), index: first, offset: 0 };
            Header::read(bytes).ok_or(damaged)
        }
    }
}

/// A segment file that is being made.
struct Target {
    path: PathBuf,
    body: Body,
}

enum Body {
    Plain { file: Box<dyn DiskFile>, offset: u64, bytes: Vec<u8> },
    Sealed(Box<Packer>),
}

impl Target {
    fn new(
        disk: &dyn Disk,
        path: &Path,
        form: Form,
        header: &Header,
    ) -> Result<Self, JournalError> {
        let file = create(disk, path)?;
        let body = match form {
            Form::Plain => Body::Plain { file, offset: 0, bytes: header.bytes().to_vec() },
            Form::Sealed => {
                let packer = Packer::new(file, header).map_err(doing("write", path))?;
                Body::Sealed(Box::new(packer))
            }
        };
        Ok(Self { path: path.to_owned(), body })
    }

    fn add(&mut self, index: u64, payload: &[u8]) -> Result<(), JournalError> {
        let added = match &mut self.body {
            Body::Sealed(packer) => packer.add(payload),
            Body::Plain { file, offset, bytes } => {
                write_frame(index, payload, bytes);
                if bytes.len() < CHUNK { Ok(()) } else { flush(&**file, offset, bytes) }
            }
        };
        added.map_err(doing("write", &self.path))
    }

    fn finish(self) -> Result<(), JournalError> {
        let finished = match self.body {
            Body::Sealed(packer) => packer.finish(),
            Body::Plain { file, mut offset, mut bytes } => {
                flush(&*file, &mut offset, &mut bytes).and_then(|()| file.sync())
            }
        };
        finished.map_err(doing("write", &self.path))
    }
}

fn flush(file: &dyn DiskFile, offset: &mut u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    file.write_at(*offset, bytes)?;
    *offset += u64::try_from(bytes.len()).expect("a chunk's length fits");
    bytes.clear();
    Ok(())
}

/// Reads back what was made: the records from the first index up to the second, and no more.
fn check(
    disk: &dyn Disk,
    path: &Path,
    form: Form,
    (first, end): (u64, u64),
) -> Result<(), JournalError> {
    let file = disk.open_to_read(path).map_err(doing("open", path))?;
    let (mut index, mut offset) = (first, FIRST_FRAME);
    match form {
        Form::Sealed => {
            let mut sealed = Sealed::open(file, path, first)?;
            while let Some(count) = sealed.frame(offset, index)? {
                (index, offset) = (index + 1, after(offset, count));
            }
        }
        Form::Plain => {
            let mut window = Window::new(file);
            loop {
                let found = window.frame(offset, index).map_err(doing("read", path))?;
                let Found::Frame(count) = found else { break };
                (index, offset) = (index + 1, after(offset, count));
            }
        }
    }
    let damaged = || JournalError::Damaged { file: path.to_owned(), index, offset };
    if index == end { Ok(()) } else { Err(damaged()) }
}

/// Bytes written at once.
const CHUNK: usize = 256 << 10;
