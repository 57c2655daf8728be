//! How one member of an object is read and written.
//!
//! Reading takes what the market sends (numbers as strings, flags as `true`, ids as numbers);
//! writing gives the one form the specification names. The macro `object!` drives both.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serialize, SerializeSeq, Serializer};

use crate::ext::Value;

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

    fn from_found(found: Option<T>) -> Option<Self> {
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
        input.deserialize_seq(List(PhantomData))
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

/// Reads a list; a `null` in it is no element.
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
}

impl<'de: 'a, 'a> Wire<'de> for Cow<'a, str> {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Text(PhantomData))
    }
}

impl Canonical for Cow<'_, str> {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(self)
    }
}

/// Reads a string, borrowed where the input allows; a whole number stands for its digits.
struct Text<'a>(PhantomData<&'a str>);

impl<'de: 'a, 'a> Visitor<'de> for Text<'a> {
    type Value = Cow<'a, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }
}

impl<'de> Wire<'de> for bool {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Flag)
    }
}

impl Canonical for bool {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_u8(u8::from(*self))
    }
}

/// Reads a flag: 0 or 1, as number, string or boolean.
struct Flag;

impl Visitor<'_> for Flag {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("0 or 1")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<bool, E> {
        match value {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(E::invalid_value(de::Unexpected::Signed(value), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<bool, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<bool, E> {
        match whole(value) {
            Some(value) => self.visit_i64(value),
            None => Err(E::invalid_value(de::Unexpected::Float(value), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<bool, E> {
        match value {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
        }
    }
}

impl<'de> Wire<'de> for i64 {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Whole)
    }
}

impl Canonical for i64 {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_i64(*self)
    }
}

impl<'de> Wire<'de> for i32 {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = i64::read(input)?;
        Self::try_from(value).map_err(|_| {
            de::Error::invalid_value(de::Unexpected::Signed(value), &"an integer of 32 bits")
        })
    }
}

impl Canonical for i32 {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_i32(*self)
    }
}

/// Reads an integer: a number without a fraction, or a string of one.
struct Whole;

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an integer")
    }

    fn visit_i64<E>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| {
            E::invalid_value(de::Unexpected::Unsigned(value), &"an integer of 64 bits")
        })
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<i64, E> {
        whole(value).ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<i64, E> {
        value.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(value), &self))
    }
}

/// Returns the integer that `value` is exactly, if it is one no larger than 2^53.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = value.fract() == 0.0 && value.abs() <= EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53, so exact")]
    is_whole.then_some(value as i64)
}

impl<'de> Wire<'de> for f64 {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Decimal)
    }
}

impl Canonical for f64 {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        // JSON has no such number; serde_json would write `null`.
        if !self.is_finite() {
            return Err(ser::Error::custom(format_args!("{self} cannot be written as a number")));
        }
        output.serialize_f64(*self)
    }
}

/// Reads a decimal number; never a string, since most of them are prices.
struct Decimal;

impl Visitor<'_> for Decimal {
    type Value = f64;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number")
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what the wire means")]
    fn visit_i64<E>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what the wire means")]
    fn visit_u64<E>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
        if !value.is_finite() {
            return Err(E::invalid_value(de::Unexpected::Float(value), &self));
        }
        Ok(value)
    }
}

/// Markup: a string, or an object or array that stands for its JSON text.
pub(crate) struct Markup<'a>(Cow<'a, str>);

impl<'a> From<Markup<'a>> for Cow<'a, str> {
    fn from(markup: Markup<'a>) -> Self {
        markup.0
    }
}

impl<'de: 'a, 'a> Wire<'de> for Markup<'a> {
    fn read<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        match Value::deserialize(input)? {
            Value::Text(text) => Ok(Self(text)),
            value @ (Value::Object(_) | Value::Array(_)) => serde_json::to_string(&value)
                .map(|text| Self(Cow::Owned(text)))
                .map_err(de::Error::custom),
            _ => Err(de::Error::custom("invalid type: expected a string or an object")),
        }
    }
}
