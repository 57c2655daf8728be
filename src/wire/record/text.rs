//! How values stand in the small sections that serde writes and reads.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number of 64 bits as decimal text, since JSON numbers end at 2^53 - 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Decimal(pub(super) u64);

/// Writes a form as canonical JSON: forms declare their fields in ASCII order.
pub(super) fn canonical<T: Serialize>(form: &T) -> Vec<u8> {
    serde_json::to_vec(form).expect("a form has text keys and writes to memory")
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (text.len() == 1 || !text.starts_with('0'));
        plain.then(|| text.parse().ok()).flatten().map(Self).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&text), &"a decimal number of 64 bits")
        })
    }
}
