//! The size of what waits.

use crate::io::http1::{Connection, Exchange};

#[test]
fn what_waits_is_small() {
    let sizes = (size_of::<Connection>(), size_of::<Exchange>());
    assert!(sizes.0 <= 128 && sizes.1 <= 320, "{sizes:?}");
}
