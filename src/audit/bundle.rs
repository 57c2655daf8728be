//! The file that proves an auction to a party: one line of canonical JSON (RFC 8785) and a newline.
//!
//! `docs/bundle.md` describes it. Nothing in it is free: whatever reads as a bundle but is not
//! written exactly so is refused, and each value is checked against the log's signature.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::audit::party::Party;
use crate::wire::record::disclosed::{Disclosed, Step};
use crate::wire::record::read::MAX_UNPACKED;
use crate::wire::record::seal::Entry;

/// A record proved to a party, as far as it may see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bundle {
    /// Whom it is made for.
    pub party: Party,
    /// The entry of the record in the log.
    pub entry: [u8; Entry::BYTES],
    /// The entry's place in the log (C2SP `tlog-proof`).
    pub proof: String,
    /// What the party is shown.
    pub sections: Vec<Disclosed>,
}

/// Why a text is no bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BundleError {
    /// It is too large to be one.
    #[error("larger than the {MAX_BUNDLE} bytes a bundle may have")]
    TooLarge,
    /// It is not the JSON of one.
    #[error("not a bundle")]
    Malformed,
    /// It is a bundle of a version that this build does not know.
    #[error("a bundle of another version than 1")]
    Version,
    /// It is not written as a bundle is.
    #[error("not written as a bundle is: its bytes were changed, or it was laid out anew")]
    NotCanonical,
}

/// The bundle. Fields stand in ASCII order, here and below.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BundleForm<'a> {
    #[serde(borrow)]
    bundle: Cow<'a, str>,
    #[serde(borrow)]
    entry: Cow<'a, str>,
    #[serde(rename = "for", borrow)]
    party: Cow<'a, str>,
    #[serde(borrow)]
    proof: Cow<'a, str>,
    #[serde(borrow)]
    sections: Vec<SectionForm<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SectionForm<'a> {
    /// The bytes where they are no text.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    base64: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    path: Vec<(Side, Cow<'a, str>)>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Left,
    Right,
}

impl Bundle {
    /// Writes it.
    ///
    /// # Panics
    ///
    /// Never: a form has text keys and is written to memory.
    #[must_use]
    pub fn text(&self) -> String {
        let form = BundleForm {
            bundle: Cow::Borrowed(VERSION),
            entry: Cow::Owned(BASE64_STANDARD.encode(self.entry)),
            party: Cow::Owned(self.party.to_string()),
            proof: Cow::Borrowed(&self.proof),
            sections: self.sections.iter().map(SectionForm::of).collect(),
        };
        let mut text = serde_json::to_string(&form).expect("a form writes to memory");
        text.push('\n');
        text
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// When the bytes are not exactly those that `text` writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if MAX_BUNDLE < bytes.len() {
            return Err(BundleError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BundleError::Malformed)?;
        let form: BundleForm<'_> =
            serde_json::from_str(text).map_err(|_| BundleError::Malformed)?;
        if form.bundle != VERSION {
            return Err(BundleError::Version);
        }
        let bundle = form.bundle().ok_or(BundleError::Malformed)?;
        if bundle.text() == text { Ok(bundle) } else { Err(BundleError::NotCanonical) }
    }
}

impl BundleForm<'_> {
    fn bundle(&self) -> Option<Bundle> {
        if MAX_SECTIONS < self.sections.len() {
            return None;
        }
        Some(Bundle {
            party: self.party.parse().ok()?,
            entry: bytes(&self.entry)?,
            proof: self.proof.clone().into_owned(),
            sections: self.sections.iter().map(SectionForm::section).collect::<Option<_>>()?,
        })
    }
}

impl<'a> SectionForm<'a> {
    fn of(section: &'a Disclosed) -> Self {
        let text = std::str::from_utf8(&section.bytes).ok();
        let base64 = match text {
            Some(_) => None,
            None => Some(Cow::Owned(BASE64_STANDARD.encode(&section.bytes))),
        };
        let step = |step: &Step| match step {
            Step::Left(hash) => (Side::Left, Cow::Owned(BASE64_STANDARD.encode(hash))),
            Step::Right(hash) => (Side::Right, Cow::Owned(BASE64_STANDARD.encode(hash))),
        };
        Self {
            base64,
            name: Cow::Borrowed(&section.name),
            path: section.path.iter().map(step).collect(),
            salt: Cow::Owned(BASE64_STANDARD.encode(section.salt)),
            text: text.map(Cow::Borrowed),
        }
    }

    fn section(&self) -> Option<Disclosed> {
        let step = |(side, hash): &(Side, Cow<'_, str>)| {
            let hash = bytes(hash)?;
            Some(match side {
                Side::Left => Step::Left(hash),
                Side::Right => Step::Right(hash),
            })
        };
        if MAX_PATH < self.path.len() {
            return None;
        }
        Some(Disclosed {
            name: Box::from(&*self.name),
            salt: bytes(&self.salt)?,
            bytes: match (&self.text, &self.base64) {
                (Some(text), None) => text.as_bytes().to_vec(),
                (None, Some(base64)) => BASE64_STANDARD.decode(&**base64).ok()?,
                (Some(_), Some(_)) | (None, None) => return None,
            },
            path: self.path.iter().map(step).collect::<Option<_>>()?,
        })
    }
}

fn bytes<const N: usize>(base64: &str) -> Option<[u8; N]> {
    BASE64_STANDARD.decode(base64).ok()?.try_into().ok()
}

/// What a bundle calls itself.
const VERSION: &str = "breakwater/bundle/v1";

/// The largest bundle that is read, in bytes: the largest record, its markup escaped as text.
pub const MAX_BUNDLE: usize = 3 * MAX_UNPACKED;

/// A record counts its sections in 16 bits.
const MAX_SECTIONS: usize = 65_535;

/// So many sections have paths of this many hashes.
const MAX_PATH: usize = 16;
