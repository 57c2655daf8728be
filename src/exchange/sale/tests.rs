use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::AtEnd;

#[test]
fn what_must_happen_at_the_end_happens_unless_cancelled() {
    let calls = Cell::new(0);
    let count = || AtEnd::new(|| calls.set(calls.get() + 1));
    drop(count());
    assert_eq!(calls.get(), 1);
    count().cancel();
    assert_eq!(calls.get(), 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = count();
        panic!("a fault of ours");
    }));
    assert!(panicked.is_err());
    assert_eq!(calls.get(), 2);
}
