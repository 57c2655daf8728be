//! What anyone can check of a data folder afterwards.

mod commands;
mod corruption;
mod ends;
pub(crate) mod figures;
pub(crate) mod folder;
mod junk;
mod keeping;
mod markup;
mod resealed;
mod taken;
mod terms;
mod verify;
