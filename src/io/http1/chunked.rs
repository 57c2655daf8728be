//! The chunked transfer coding, taken off while it comes (RFC 9112 §7.1).
//!
//! Extensions and trailers are held to their grammar and to limits, and not looked at.

use crate::model::call::CallFault;

/// Where a chunked body stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    state: State,
    /// Digits of the size seen.
    digits: u8,
    /// Lines of trailers seen.
    lines: u8,
    /// Bytes of extensions seen.
    extensions: u16,
    /// Bytes of trailers seen.
    trailers: u16,
    /// Bytes seen that are not the body's.
    framing: u32,
    /// What is left of the chunk.
    left: u32,
}

/// Who takes the bytes of the body.
pub(super) trait Sink {
    /// Hears the size of a chunk whose bytes follow, and how many of them have come.
    ///
    /// # Errors
    ///
    /// When the body is longer than it may be.
    fn announce(&mut self, size: usize, come: usize) -> Result<(), CallFault>;
    /// Takes bytes of a chunk that was announced.
    fn take(&mut self, bytes: &[u8]);
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Size,
    /// Blanks after a size.
    Blank,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataEnd,
    /// At the start of a line of trailers, or of the empty line.
    Line,
    Name,
    Value,
    LineEnd,
    End,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            state: State::Size,
            digits: 0,
            lines: 0,
            extensions: 0,
            trailers: 0,
            framing: 0,
            left: 0,
        }
    }

    /// Takes what has come; returns how much of it was the body's, if it ends there.
    ///
    /// # Errors
    ///
    /// When it breaks the coding, or is longer than it may be.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        sink: &mut impl Sink,
    ) -> Result<Option<usize>, CallFault> {
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Data {
                let left = usize::try_from(self.left).unwrap_or(usize::MAX);
                let data = &bytes[at..bytes.len().min(at.saturating_add(left))];
                sink.take(data);
                at += data.len();
                self.left -= u32::try_from(data.len()).unwrap_or(self.left);
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            let byte = bytes[at];
            at += 1;
            self.framing += 1;
            if MAX_FRAMING < self.framing {
                return Err(CallFault::TooLarge);
            }
            if self.state == State::End {
                return if byte == b'\n' { Ok(Some(at)) } else { Err(CallFault::Framing) };
            }
            self.state = self.step(byte, bytes.len() - at, sink)?;
        }
        Ok(None)
    }

    /// Takes one byte that is not the body's, `come` more of which are there.
    fn step(&mut self, byte: u8, come: usize, sink: &mut impl Sink) -> Result<State, CallFault> {
        match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() => self.digit(byte),
            (State::Size, b' ' | b'\t') if 0 < self.digits => Ok(State::Blank),
            (State::Size, b';') if 0 < self.digits => Ok(State::Extension),
            (State::Size, b'\r') if 0 < self.digits => Ok(State::SizeEnd),
            (State::Blank, b' ' | b'\t') => self.extension(State::Blank),
            (State::Blank, b';') => Ok(State::Extension),
            (State::Blank | State::Extension, b'\r') => Ok(State::SizeEnd),
            (State::Extension, _) if is_text(byte) => self.extension(State::Extension),
            (State::SizeEnd, b'\n') => self.size(come, sink),
            (State::DataCr, b'\r') => Ok(State::DataEnd),
            (State::DataEnd, b'\n') => Ok(State::Size),
            (State::Line, b'\r') => Ok(State::End),
            (State::Line | State::Name, _) if is_token(byte) => self.trailer(State::Name),
            (State::Name, b':') => self.trailer(State::Value),
            (State::Value, b'\r') => self.trailer(State::LineEnd),
            (State::Value, _) if is_text(byte) => self.trailer(State::Value),
            (State::LineEnd, b'\n') => self.line(),
            _ => Err(CallFault::Framing),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<State, CallFault> {
        if self.digits == MAX_DIGITS {
            return Err(CallFault::Framing);
        }
        let digit = char::from(byte).to_digit(16).ok_or(CallFault::Framing)?;
        self.digits += 1;
        self.left = (self.left << 4) | digit;
        Ok(State::Size)
    }

    fn size(&mut self, come: usize, sink: &mut impl Sink) -> Result<State, CallFault> {
        self.digits = 0;
        if self.left == 0 {
            return Ok(State::Line);
        }
        sink.announce(usize::try_from(self.left).unwrap_or(usize::MAX), come)?;
        Ok(State::Data)
    }

    fn extension(&mut self, next: State) -> Result<State, CallFault> {
        self.extensions += 1;
        if MAX_EXTENSIONS < self.extensions { Err(CallFault::Framing) } else { Ok(next) }
    }

    fn trailer(&mut self, next: State) -> Result<State, CallFault> {
        self.trailers += 1;
        if MAX_TRAILERS < self.trailers { Err(CallFault::Framing) } else { Ok(next) }
    }

    fn line(&mut self) -> Result<State, CallFault> {
        self.lines += 1;
        if MAX_LINES < self.lines { Err(CallFault::Framing) } else { self.trailer(State::Line) }
    }
}

/// Says whether a byte may stand in a text that ends with the line.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (b' ' <= byte && byte != 0x7f)
}

/// Says whether a byte may stand in a name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Digits of a size.
const MAX_DIGITS: u8 = 8;
/// Bytes of all extensions of a body, as hyper.
const MAX_EXTENSIONS: u16 = 16 * 1024 - 1;
/// Bytes of all trailers of a body, as hyper.
const MAX_TRAILERS: u16 = 16 * 1024 - 3;
const MAX_LINES: u8 = 100;
/// Bytes of a body that are not its own: sizes, line ends, extensions, trailers.
const MAX_FRAMING: u32 = 64 * 1024;
