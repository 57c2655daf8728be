//! Transparency logs, made and checked: RFC 6962 Merkle trees, C2SP tiles, signed notes,
//! checkpoints and offline proofs.
//!
//! Pure: it reads no file and no clock. A log writer feeds `tree::Frontier` and writes the tiles
//! that `tile` names; a checker reads notes through `note`, checkpoints through `checkpoint`, and
//! verifies with `tree`. Whatever it reads may be hostile: it refuses and never panics.

pub mod checkpoint;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;
