//! Byte streams through this client and through hyper's: the cases of `tests/data/http1`, at every
//! split, and what chance makes of them.

mod bodies;
mod calls;
mod cases;
mod chance;
mod script;
mod secret;
mod sides;
mod spell;

use crate::io::http1::{Connection, Exchange};

#[test]
fn what_waits_is_small() {
    let sizes = (size_of::<Connection>(), size_of::<Exchange>());
    assert!(sizes.0 <= 128 && sizes.1 <= 320, "{sizes:?}");
}
