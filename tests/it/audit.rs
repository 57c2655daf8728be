//! What anyone can check of a data folder afterwards.

mod corruption;
mod folder;
mod verify;
