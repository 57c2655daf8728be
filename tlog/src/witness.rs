//! What a witness is asked (C2SP `tlog-witness`): to cosign a checkpoint that extends the last.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::tree::Hash;

/// Returns the body of `add-checkpoint`: the size the witness knows, the proof from there, and the
/// signed checkpoint.
#[must_use]
pub fn add_checkpoint(old: u64, consistency: &[Hash], checkpoint: &str) -> String {
    let proof: String =
        consistency.iter().map(|hash| BASE64_STANDARD.encode(hash) + "\n").collect();
    format!("old {old}\n{proof}\n{checkpoint}")
}
