//! Strings, flags, integers, decimals and markup.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{self, Serializer};

use crate::ext::Value;
use crate::wire::{Canonical, Wire};

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

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        if is_negative_zero(value) {
            return self.visit_u64(0);
        }
        Err(E::invalid_type(de::Unexpected::Float(value), &self))
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

/// Tells whether it is what some readers make of `-0`, others making it the integer 0; the two are
/// read alike everywhere.
pub(crate) fn is_negative_zero(value: f64) -> bool {
    value == 0.0 && value.is_sign_negative()
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
        output.serialize_f64(if is_negative_zero(*self) { 0.0 } else { *self })
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
        Ok(if is_negative_zero(value) { 0.0 } else { value })
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
