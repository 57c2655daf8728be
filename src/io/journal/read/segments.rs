//! From one segment of a stream to the next: which are there, opening them, and where each ends.

use std::io;
use std::sync::Arc;

use crate::io::journal::files::{self, Opened, firsts};
use crate::io::journal::read::{ATTEMPTS, At, Current, Frames, Source};
use crate::io::journal::recover::FIRST_FRAME;
use crate::io::journal::sealed::Sealed;
use crate::io::journal::segment::{Form, Header, Tail, Window, file_name};
use crate::io::journal::{JournalError, doing};

impl Frames {
    /// Says whether the stream ends with a segment that was read to its end; if not, the next one
    /// is to be opened.
    pub(super) fn stays(&mut self, current: &Current, index: u64) -> Result<bool, JournalError> {
        // A plain one was read to its end after the last look; a sealed one does not grow.
        if self.ahead.is_empty() && matches!(current.source, Source::Sealed(_)) {
            self.look_ahead(current.first)?;
        }
        match self.ahead.front().copied() {
            None => Ok(true),
            Some(front) if front == index => Ok(false),
            Some(_) if self.is_pruned(current.first)? => Ok(false),
            Some(_) => {
                let Current { path, first, offset, .. } = current;
                Err(At { path, first: *first, offset: *offset, index }.damaged())
            }
        }
    }

    /// Says whether the segment that begins with `first` was pruned since it was opened, and is
    /// ready to go on with what is left.
    fn is_pruned(&mut self, first: u64) -> Result<bool, JournalError> {
        // The folder is not listed for each of many that are damaged.
        if files::open(&*self.disk, &self.folder, self.stream, first)?.is_some() {
            return Ok(false);
        }
        let all = firsts(&*self.disk, &self.folder, self.stream)?;
        let pruned = all.first().is_some_and(|oldest| first < *oldest);
        if pruned {
            self.ahead = all.into();
            self.next = None;
        }
        Ok(pruned)
    }

    /// Opens the next segment, if there is one with a header.
    pub(super) fn open_next(&mut self) -> Result<bool, JournalError> {
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            if self.ahead.is_empty() {
                self.ahead = firsts(&*self.disk, &self.folder, self.stream)?.into();
            }
            let Some(&first) = self.ahead.front() else { return Ok(false) };
            match files::open(&*self.disk, &self.folder, self.stream, first)? {
                Some(opened) => return self.enter(opened, first),
                // Gone since the folder was listed; a prune deletes one by one, and comes to an end.
                None if self.is_pruned(first)? => {}
                None => {
                    self.look_ahead(first.saturating_sub(1))?;
                    attempts += 1;
                }
            }
        }
        let path = self.folder.join(file_name(self.stream, self.next.unwrap_or(0), Form::Plain));
        Err(doing("open", &path)(io::ErrorKind::NotFound.into()))
    }

    /// Begins with a segment; `false` when it is being made.
    fn enter(&mut self, opened: Opened, first: u64) -> Result<bool, JournalError> {
        let Opened { form, path, file } = opened;
        let (source, offset) = match form {
            Form::Sealed => {
                let sealed = Sealed::open(file, &path, first)?;
                let mut offset = FIRST_FRAME;
                if self.next.is_none() && first < self.from {
                    let (index, start) = sealed.before(self.from);
                    (self.next, offset) = (Some(index), start);
                }
                (Source::Sealed(Box::new(sealed)), offset)
            }
            Form::Plain => {
                let mut window = Window::new(file);
                let bytes = window.bytes(0, Header::BYTES).map_err(doing("read", &path))?;
                let header = Header::read(bytes);
                if header.is_none() && self.ahead.len() == 1 {
                    let tail = window.tail(FIRST_FRAME, first).map_err(doing("read", &path))?;
                    if tail == Tail::Clean {
                        // It is being made, or a crash came between.
                        return Ok(false);
                    }
                }
                if header.is_none_or(|header| header.first != first) {
                    return Err(JournalError::Damaged { file: path, index: first, offset: 0 });
                }
                let mut offset = FIRST_FRAME;
                if self.next.is_none() && first < self.from {
                    let found = window.seek(FIRST_FRAME, first, self.from);
                    if let Some((index, start)) = found.map_err(doing("read", &path))? {
                        (self.next, offset) = (Some(index), start);
                    }
                }
                (Source::Plain(window), offset)
            }
        };
        self.ahead.pop_front();
        self.current = Some(Current { source, path: Arc::from(path), first, offset });
        Ok(true)
    }

    /// Looks for segments made since the folder was listed.
    pub(super) fn look_ahead(&mut self, current: u64) -> Result<(), JournalError> {
        let all = firsts(&*self.disk, &self.folder, self.stream)?;
        self.ahead = all.into_iter().filter(|first| current < *first).collect();
        Ok(())
    }
}
