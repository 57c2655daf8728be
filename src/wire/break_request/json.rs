//! Typed JSON from outside, with the path at fault when it is refused (decision 26).
//!
//! The fast reader says only that something is wrong; then a second one says what and where. What
//! the second one takes is taken: the two differ on numbers beyond their range.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::wire::break_request::Refusal;

/// Reads a document into `T`; `scratch` is overwritten, and the result may borrow from it.
pub(super) fn read<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Result<T, Refusal> {
    scratch.clear();
    scratch.extend_from_slice(body);
    let mut buffers = simd_json::Buffers::with_max_depth(body.len(), MAX_DEPTH);
    let read = simd_json::serde::from_slice_with_buffers(scratch, &mut buffers);
    read.or_else(|_| read_again(body))
}

/// Reads a document slowly, to learn what is wrong with it.
fn read_again<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    let text = std::str::from_utf8(body).map_err(Refusal::bad_json)?;
    if MAX_DEPTH < depth(text) {
        return Err(Refusal::too_complex(None, format!("nested deeper than {MAX_DEPTH}")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let parent = error.path().to_string();
        refusal(&parent, error.inner())
    })?;
    reader.end().map_err(Refusal::bad_json)?;
    Ok(read)
}

/// Names a fault: of syntax, a member that came twice, or a value of the wrong kind.
fn refusal(parent: &str, error: &serde_json::Error) -> Refusal {
    use serde_json::error::Category;

    let detail = error.to_string();
    let member = |start: &str| detail.strip_prefix(start)?.split('`').nth(1);
    match error.classify() {
        Category::Io | Category::Syntax | Category::Eof => Refusal::bad_json(detail),
        Category::Data if detail.starts_with("duplicate") => {
            let path = member("duplicate field").map(|name| join(parent, name));
            Refusal { path, ..Refusal::bad_json(detail) }
        }
        Category::Data => match member("missing field") {
            Some(name) => Refusal::bad_field(join(parent, name), detail),
            None if parent == "." => Refusal { path: None, ..Refusal::bad_field("", detail) },
            None => Refusal::bad_field(parent, detail),
        },
    }
}

/// Appends a member to the path of its object; `.` is the document.
fn join(parent: &str, name: &str) -> String {
    match parent {
        "." => name.to_owned(),
        parent if parent.ends_with(name) => parent.to_owned(),
        parent => format!("{parent}.{name}"),
    }
}

/// Returns how deep arrays and objects nest.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Skips the rest of a string, its closing quote included.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// An object and nothing else: derived readers take an array for a struct.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

/// A whole number from zero, as a number or as a string of one: templates write both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole(pub(super) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0")
    }

    fn visit_u64<E>(self, value: u64) -> Result<Whole, E> {
        Ok(Whole(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
        u64::try_from(value).map(Whole).map_err(|_| E::custom("a negative number"))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Whole, E> {
        Ok(Whole(u64::from(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Whole, E> {
        value.parse().map(Whole).map_err(|_| E::custom("a string that is no whole number"))
    }
}

/// The deepest nesting of a request.
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests;
