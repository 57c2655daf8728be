//! Signed notes (C2SP `signed-note`): a text, and lines that say who signed it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// A key that signs.
#[derive(Clone)]
pub struct SignerKey {
    name: Box<str>,
    key: SigningKey,
}

/// A key that checks: `name+id+key` in text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: Box<str>,
    id: u32,
    kind: KeyKind,
    key: VerifyingKey,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    /// The text of a note.
    Note,
    /// A checkpoint at a time, as a witness does (C2SP `tlog-cosignature`).
    Cosignature,
}

/// Why a note is not believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoteError {
    /// It is not the form of a note.
    #[error("not a signed note")]
    Malformed,
    /// A signature of a known key does not fit the text.
    #[error("a signature of a known key is wrong")]
    BadSignature,
    /// No known key has signed it.
    #[error("no known key has signed it")]
    Unsigned,
}

/// A note that at least one known key has signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened<'a> {
    /// The text, its last newline included.
    pub text: &'a str,
    /// The keys whose signatures were checked, as indexes of those given, with the time of a
    /// cosignature in seconds.
    pub signed_by: Vec<(usize, Option<u64>)>,
}

impl SignerKey {
    /// Makes a key of a name and a random seed; none when the name is no name of a key.
    #[must_use]
    pub fn new(name: &str, seed: &[u8; 32]) -> Option<Self> {
        is_name(name).then(|| Self { name: name.into(), key: SigningKey::from_bytes(seed) })
    }

    /// Returns the key that checks what this one signs.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey::new(&self.name, KeyKind::Note, self.key.verifying_key())
    }

    /// Signs a text, which must end in a newline, and returns the note.
    ///
    /// None when the text is no text of a note.
    #[must_use]
    pub fn sign(&self, text: &str) -> Option<String> {
        if !is_text(text) {
            return None;
        }
        let id = self.verifier().id;
        let mut signature = id.to_be_bytes().to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        let signature = BASE64_STANDARD.encode(signature);
        Some(format!("{text}\n{DASH}{} {signature}\n", self.name))
    }
}

impl VerifierKey {
    fn new(name: &str, kind: KeyKind, key: VerifyingKey) -> Self {
        let mut hash = Sha256::new();
        hash.update(name);
        hash.update([b'\n', kind.code()]);
        hash.update(key.as_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        let id = u32::from_be_bytes(*hash.first_chunk().expect("4 is below 32"));
        Self { name: name.into(), id, kind, key }
    }

    /// Reads the text of a key; none when it is not one, or its id is not that of name and key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = BASE64_STANDARD.decode(key).ok()?;
        let (&code, key) = key.split_first()?;
        let kind = match code {
            1 => KeyKind::Note,
            4 => KeyKind::Cosignature,
            _ => return None,
        };
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        let key = Self::new(name, kind, key);
        let same = id == format!("{:08x}", key.id);
        (is_name(name) && same).then_some(key)
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Checks one signature, as base64 holds it; the time of a cosignature comes back.
    fn check(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        match self.kind {
            KeyKind::Note => {
                let signature = Signature::from_slice(signature).ok()?;
                self.key.verify_strict(text.as_bytes(), &signature).ok().map(|()| None)
            }
            KeyKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                let signature = Signature::from_slice(signature).ok()?;
                let signed = format!("cosignature/v1\ntime {time}\n{text}");
                self.key.verify_strict(signed.as_bytes(), &signature).ok().map(|()| Some(time))
            }
        }
    }
}

/// Prints `name+id+key`.
impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![self.kind.code()];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64_STANDARD.encode(key))
    }
}

impl KeyKind {
    fn code(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }
}

/// Opens a note: its text, and which of the known keys have signed it.
///
/// # Errors
///
/// When it is malformed, a known key's signature is wrong, or no known key has signed.
pub fn open<'a>(note: &'a str, keys: &[VerifierKey]) -> Result<Opened<'a>, NoteError> {
    if MAX_NOTE < note.len() || note.chars().any(|it| it < ' ' && it != '\n') {
        return Err(NoteError::Malformed);
    }
    let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
    let text = &note[..=text.len()];
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    let mut signed_by = Vec::new();
    for (count, line) in lines.split('\n').enumerate() {
        let (name, id, signature) = signature(line).ok_or(NoteError::Malformed)?;
        if MAX_SIGNATURES <= count {
            return Err(NoteError::Malformed);
        }
        let known = keys.iter().position(|key| key.id == id && *key.name == *name);
        let Some(known) = known else { continue };
        if signed_by.iter().any(|(other, _)| *other == known) {
            continue;
        }
        let time = keys[known].check(text, &signature).ok_or(NoteError::BadSignature)?;
        signed_by.push((known, time));
    }
    if signed_by.is_empty() { Err(NoteError::Unsigned) } else { Ok(Opened { text, signed_by }) }
}

/// Reads a signature line: name, key id and what follows it.
fn signature(line: &str) -> Option<(&str, u32, Vec<u8>)> {
    let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = BASE64_STANDARD.decode(signature).ok()?;
    let (id, rest) = bytes.split_first_chunk()?;
    let sound = is_name(name) && !rest.is_empty();
    sound.then(|| (name, u32::from_be_bytes(*id), rest.to_vec()))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|it: char| it.is_whitespace() || it == '+' || it < ' ')
}

fn is_text(text: &str) -> bool {
    text.ends_with('\n') && !text.chars().any(|it| it < ' ' && it != '\n')
}

/// What begins a signature line: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// The most signatures that are looked at.
const MAX_SIGNATURES: usize = 64;

/// The longest note that is read, in bytes.
const MAX_NOTE: usize = 1 << 20;
