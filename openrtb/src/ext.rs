//! `ext` and the free values in it, kept by value: member order, integers, decimals, `null`.
//!
//! Strings borrow from the input where they can. Nesting is limited to [`MAX_DEPTH`], here and in
//! unknown members that are dropped, so that no reader below can be made to overflow its stack.

pub(crate) mod read;

use std::borrow::Cow;

use serde::de::Deserialize;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::wire::{Canonical, Wire};

/// The deepest nesting of arrays and objects inside one `ext` or one unknown member.
pub const MAX_DEPTH: usize = 64;

/// An `ext` object: members in the order in which they came.
///
/// ```
/// use openrtb::ext::{Ext, Value};
///
/// let ext: Ext<'_> = serde_json::from_str(r#"{"gpid":"/1/home","n":[1,2.5,null]}"#)?;
/// assert_eq!(ext.get("gpid").and_then(Value::as_str), Some("/1/home"));
/// assert_eq!(serde_json::to_string(&ext)?, r#"{"gpid":"/1/home","n":[1,2.5,null]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ext<'a> {
    // Each key once.
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// Any JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer below zero.
    Negative(i64),
    /// An integer from zero.
    Integer(u64),
    /// A number with a fraction or an exponent, or beyond 64 bits; finite when it was read.
    Decimal(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Ext<'a>),
}

impl<'a> Ext<'a> {
    /// Returns an object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns the value of a member.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns the members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Sets a member in its place, or at the end when it is new, and returns the value it had.
    pub fn insert(
        &mut self,
        key: impl Into<Cow<'a, str>>,
        value: impl Into<Value<'a>>,
    ) -> Option<Value<'a>> {
        let (key, value) = (key.into(), value.into());
        match self.members.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                self.members.push((key, value));
                None
            }
        }
    }

    /// Takes a member out and returns the value it had.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let index = self.members.iter().position(|(name, _)| name == key)?;
        Some(self.members.remove(index).1)
    }

    /// Reads a member as a type of its own; `None` when it is absent, `null`, or not of that type.
    ///
    /// ```
    /// use openrtb::ext::Ext;
    /// use openrtb::source::SupplyChain;
    ///
    /// let ext: Ext<'_> =
    ///     serde_json::from_str(r#"{"schain":{"complete":1,"nodes":[],"ver":"1.0"}}"#)?;
    /// let chain: SupplyChain<'_> = ext.parse("schain").expect("it is a supply chain");
    /// assert!(chain.complete);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn parse<'s, T: Deserialize<'s>>(&'s self, key: &str) -> Option<T> {
        let value = self.get(key)?;
        Option::<T>::deserialize(value.reborrow()).ok().flatten()
    }

    /// Sets a member to whatever `value` is written as.
    ///
    /// # Errors
    ///
    /// When `value` has no form in JSON, such as a price that is not finite.
    pub fn set(
        &mut self,
        key: impl Into<Cow<'a, str>>,
        value: &impl Serialize,
    ) -> Result<(), serde_json::Error> {
        self.insert(key, serde_json::to_value(value)?);
        Ok(())
    }

    /// Reads a member that some other place now holds; `None` when it is absent or unreadable.
    pub(crate) fn old<'s, T: Wire<'s>>(&'s self, key: &str) -> Option<T> {
        T::read(self.get(key)?.reborrow()).ok()
    }

    fn reborrow(&self) -> Ext<'_> {
        Ext {
            members: self
                .members
                .iter()
                .map(|(name, value)| (Cow::Borrowed(name.as_ref()), value.reborrow()))
                .collect(),
        }
    }
}

/// Moves the member `key` of `ext` to the `place` that holds it since; one already there stays.
/// What cannot be read is left where it is.
pub(crate) fn lift<'a, T: Wire<'a>>(place: &mut Option<T>, ext: &mut Option<Ext<'a>>, key: &str) {
    let Some(members) = ext else { return };
    let Some(value) = members.get(key) else { return };
    if place.is_none() {
        let Ok(found) = T::read(value.clone()) else { return };
        *place = Some(found);
    }
    members.remove(key);
    if members.is_empty() {
        *ext = None;
    }
}

impl<'a> Value<'a> {
    /// Returns the string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the integer, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Negative(value) => Some(*value),
            Self::Integer(value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// Returns the elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the members, if it is an object.
    pub fn as_object(&self) -> Option<&Ext<'a>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    fn reborrow(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Negative(value) => Value::Negative(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Decimal(value) => Value::Decimal(*value),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Array(items) => Value::Array(items.iter().map(Self::reborrow).collect()),
            Self::Object(members) => Value::Object(members.reborrow()),
        }
    }
}

impl Canonical for Ext<'_> {
    fn write<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let mut map = output.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Ext<'_> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        Canonical::write(self, output)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => output.serialize_unit(),
            Self::Bool(value) => output.serialize_bool(*value),
            Self::Negative(value) => output.serialize_i64(*value),
            Self::Integer(value) => output.serialize_u64(*value),
            Self::Decimal(value) => value.write(output),
            Self::Text(text) => output.serialize_str(text),
            Self::Array(items) => output.collect_seq(items),
            Self::Object(members) => members.write(output),
        }
    }
}

impl From<serde_json::Value> for Value<'_> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => Self::Integer(value),
                (None, Some(value)) => Self::Negative(value),
                (None, None) => number.as_f64().map_or(Self::Null, Self::Decimal),
            },
            serde_json::Value::String(text) => Self::Text(Cow::Owned(text)),
            serde_json::Value::Array(items) => {
                Self::Array(items.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(members) => Self::Object(Ext {
                members: members
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name), Self::from(value)))
                    .collect(),
            }),
        }
    }
}

impl<'a> From<Ext<'a>> for Value<'a> {
    fn from(members: Ext<'a>) -> Self {
        Self::Object(members)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        u64::try_from(value).map_or(Self::Negative(value), Self::Integer)
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Decimal(value)
    }
}

#[cfg(test)]
mod tests;
