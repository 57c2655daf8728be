use super::user;
use crate::wire::record::read::{Body, RecordError, read};
use crate::wire::record::tests::sample::drawn;

#[test]
fn what_is_erased_leaves_its_commitment_and_all_else() {
    for seed in 0..200 {
        let payload = drawn(seed).payload();
        let (before, erased) = (read(&payload).unwrap(), user(&payload).unwrap().unwrap());
        let after = read(&erased).unwrap();
        assert_eq!((before.root, before.id, before.at), (after.root, after.id, after.at));
        for (was, is) in before.sections().iter().zip(after.sections()) {
            assert_eq!(was.name, is.name);
            match (&was.body, &is.body) {
                (Body::Kept { salt, bytes }, Body::Erased(_)) => {
                    assert_eq!(&*is.name, "user", "seed {seed}");
                    let gone = |what: &[u8]| !erased.windows(what.len()).any(|it| it == what);
                    assert!(gone(salt), "the salt is gone, seed {seed}");
                    assert!(bytes.len() < 8 || gone(bytes), "the bytes are gone, seed {seed}");
                }
                (Body::Kept { bytes: was, .. }, Body::Kept { bytes: is, .. }) => {
                    assert_eq!(was, is);
                }
                (Body::Erased(_), _) => panic!("nothing was erased before"),
            }
        }
        assert_eq!(user(&erased), Ok(None), "once is enough");
    }
}

#[test]
fn nothing_is_erased_of_what_does_not_verify() {
    let mut payload = drawn(1).payload();
    let last = payload.len() - 1;
    payload[last] ^= 1;
    assert_eq!(user(&payload), Err(RecordError::Root));
    assert_eq!(user(&payload[..40]), Err(RecordError::Malformed));
}
