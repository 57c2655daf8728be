//! How one member of an object is read and written.
//!
//! Reading takes what the market sends (numbers as strings, flags as `true`, ids as numbers);
//! writing gives the one form the specification names. The macro `object!` drives both.

pub(crate) mod scalar;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::ser::{Serialize, SerializeSeq, Serializer};

/// A value that can stand in a member, `null` excluded.
pub(crate) trait Wire<'de>: Sized {
    /// Reads the value.
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error>;
}

/// A value that can be written in its canonical form.
pub(crate) trait Canonical {
    /// Writes the value.
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error>;
}

/// A member of an object: required (`T`) or optional (`Option<T>`).
pub(crate) trait Member: Sized {
    /// What stands in the member when it is there.
    type Item: Canonical;

    /// Returns the member, given what was found; `None` when a required one is missing.
    fn from_found(found: Option<Self::Item>) -> Option<Self>;

    /// Returns what is to be written, if anything.
    fn present(&self) -> Option<&Self::Item>;
}

impl<T: Canonical> Member for T {
    type Item = T;

    fn from_found(found: Option<T>) -> Option<Self> {
        found
    }

    fn present(&self) -> Option<&T> {
        Some(self)
    }
}

impl<T: Canonical> Member for Option<T> {
    type Item = T;

    fn from_found(found: Self) -> Option<Self> {
        Some(found)
    }

    fn present(&self) -> Option<&T> {
        self.as_ref()
    }
}

/// Carries a value to serde's writers in its canonical form.
pub(crate) struct Written<'v, T>(pub(crate) &'v T);

impl<T: Canonical> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.write(output)
    }
}

/// Reads the value of the member `name` into `slot`, refusing a second one; `null` is no value.
pub(crate) fn read_member<'de, T, A>(
    map: &mut A,
    slot: &mut Slot<T>,
    name: &'static str,
) -> Result<(), A::Error>
where
    T: Wire<'de>,
    A: MapAccess<'de>,
{
    if slot.seen {
        return Err(de::Error::duplicate_field(name));
    }
    slot.seen = true;
    slot.found = map.next_value_seed(Nullable(PhantomData))?;
    Ok(())
}

/// What was found of one member so far.
pub(crate) struct Slot<T> {
    seen: bool,
    pub(crate) found: Option<T>,
}

impl<T> Slot<T> {
    /// Returns a slot in which nothing was found.
    pub(crate) fn empty() -> Self {
        Self { seen: false, found: None }
    }
}

/// Reads a value or `null`.
struct Nullable<T>(PhantomData<T>);

impl<'de, T: Wire<'de>> DeserializeSeed<'de> for Nullable<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Option<T>, D::Error> {
        input.deserialize_option(self)
    }
}

impl<'de, T: Wire<'de>> Visitor<'de> for Nullable<T> {
    type Value = Option<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value or null")
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Option<T>, D::Error> {
        T::read(input).map(Some)
    }
}

impl<'de, T: Wire<'de>> Wire<'de> for Box<T> {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        T::read(input).map(Self::new)
    }
}

impl<T: Canonical> Canonical for Box<T> {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.as_ref().write(output)
    }
}

impl<'de, T: Wire<'de>> Wire<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(List(PhantomData))
    }
}

impl<T: Canonical> Canonical for Vec<T> {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let mut list = output.serialize_seq(Some(self.len()))?;
        for item in self {
            list.serialize_element(&Written(item))?;
        }
        list.end()
    }
}

/// Reads a list; a `null` in it is no element, and a lone string or number is a list of one.
struct List<T>(PhantomData<T>);

impl<'de, T: Wire<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Nullable(PhantomData))? {
            list.extend(item);
        }
        Ok(list)
    }

    fn visit_borrowed_str<E: de::Error>(self, item: &'de str) -> Result<Vec<T>, E> {
        T::read(BorrowedStrDeserializer::new(item)).map(|item| vec![item])
    }

    fn visit_str<E: de::Error>(self, item: &str) -> Result<Vec<T>, E> {
        T::read(item.into_deserializer()).map(|item| vec![item])
    }

    fn visit_i64<E: de::Error>(self, item: i64) -> Result<Vec<T>, E> {
        T::read(item.into_deserializer()).map(|item| vec![item])
    }

    fn visit_u64<E: de::Error>(self, item: u64) -> Result<Vec<T>, E> {
        T::read(item.into_deserializer()).map(|item| vec![item])
    }

    fn visit_f64<E: de::Error>(self, item: f64) -> Result<Vec<T>, E> {
        T::read(item.into_deserializer()).map(|item| vec![item])
    }
}
