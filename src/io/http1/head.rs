//! The head of a response: where it ends, and how long and in what coding its body is.

use std::mem::MaybeUninit;

use httparse::{Error, Header, ParserConfig, Status};

use crate::model::call::CallFault;

/// A look at bytes that begin with a head.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// It does not end in them.
    Partial,
    /// It is informational, and so many bytes long; another follows.
    Interim(usize),
    /// It is the answer's, and so many bytes long.
    Final(usize, Reply),
}

/// What a head says about what follows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) length: Length,
    pub(super) coding: Coding,
    /// Whether the connection lives on.
    pub(super) persistent: bool,
}

/// How the length of a body is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Length {
    Exact(u64),
    Chunked,
    UntilClose,
}

/// The content coding of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    /// One that was not offered, or several.
    Unknown,
}

/// Reads a head.
///
/// # Errors
///
/// When it is not one, has too many fields, or two parties could see different lengths in it.
pub(super) fn look(bytes: &[u8]) -> Result<Look, CallFault> {
    // Nothing may come before it. httparse would skip empty lines.
    if bytes.first().is_some_and(|first| *first != b'H') {
        return Err(CallFault::Framing);
    }
    let mut fields = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut []);
    let parsed =
        ParserConfig::default().parse_response_with_uninit_headers(&mut head, bytes, &mut fields);
    let size = match parsed {
        Ok(Status::Complete(size)) => size,
        Ok(Status::Partial) => return Ok(Look::Partial),
        Err(Error::TooManyHeaders) => return Err(CallFault::TooLarge),
        Err(_) => return Err(CallFault::Framing),
    };
    match head.code {
        Some(SWITCHING_PROTOCOLS | 200..) => {}
        Some(100..) => return Ok(Look::Interim(size)),
        Some(_) | None => return Err(CallFault::Framing),
    }
    let reply = reply(&head)?;
    Ok(Look::Final(size, reply))
}

fn reply(head: &httparse::Response<'_, '_>) -> Result<Reply, CallFault> {
    let modern = head.version == Some(1);
    let (mut length, mut transfer, mut codings) = (None, false, 0);
    let mut coding = Coding::Identity;
    let (mut close, mut keep) = (false, false);
    for Header { name, value } in &*head.headers {
        if name.eq_ignore_ascii_case("content-length") {
            // A second one is refused even if it says the same.
            if length.replace(digits(value)?).is_some() {
                return Err(CallFault::Framing);
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if transfer || !modern || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(CallFault::Framing);
            }
            transfer = true;
        } else if name.eq_ignore_ascii_case("content-encoding") {
            codings += 1;
            coding = coding_of(value);
        } else if name.eq_ignore_ascii_case("connection") {
            for token in value.split(|byte| *byte == b',') {
                close |= token.trim_ascii().eq_ignore_ascii_case(b"close");
                keep |= value.is_ascii() && token.trim_ascii().eq_ignore_ascii_case(b"keep-alive");
            }
        }
    }
    let length = match (length, transfer) {
        (Some(_), true) => return Err(CallFault::Framing),
        (Some(length), false) => Length::Exact(length),
        (None, true) => Length::Chunked,
        (None, false) => Length::UntilClose,
    };
    Ok(Reply {
        status: head.code.unwrap_or_default(),
        length,
        coding: if codings < 2 { coding } else { Coding::Unknown },
        persistent: !close && (modern || keep),
    })
}

fn coding_of(value: &[u8]) -> Coding {
    if value.is_empty() || value.eq_ignore_ascii_case(b"identity") {
        Coding::Identity
    } else if value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip") {
        Coding::Gzip
    } else {
        Coding::Unknown
    }
}

/// Reads digits and nothing else.
fn digits(value: &[u8]) -> Result<u64, CallFault> {
    if value.is_empty() {
        return Err(CallFault::Framing);
    }
    let digit = |number: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    value.iter().try_fold(0, digit).ok_or(CallFault::Framing)
}

/// The status of an upgrade, which nobody asked for.
pub(super) const SWITCHING_PROTOCOLS: u16 = 101;

const MAX_FIELDS: usize = 100;
