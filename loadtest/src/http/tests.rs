//! Where messages end.

use super::{Broken, answer, request};

/// A status, a body and the length of the whole answer.
type Expected = Result<Option<(u16, &'static [u8], usize)>, Broken>;

#[test]
fn answers_end_where_their_framing_says() {
    let cases: [(&[u8], Expected); 10] = [
        (b"", Ok(None)),
        (b"HTTP/1.1 200 OK\r\ncontent-le", Ok(None)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nh", Ok(None)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi!", Ok(Some((200, b"hi", 40)))),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Ok(Some((204, b"", 27)))),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            Ok(Some((200, b"abc", 65))),
        ),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", Ok(None)),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", Err(Broken)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", Err(Broken)),
        (b"220 mail ready\r\n", Err(Broken)),
    ];
    for (bytes, expected) in cases {
        let got = answer(bytes)
            .map(|whole| whole.map(|(answer, end)| (answer.status, answer.body.into_owned(), end)));
        let expected =
            expected.map(|it| it.map(|(status, body, end)| (status, body.to_vec(), end)));
        assert_eq!(got, expected, "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(answer(&[b'H'; 20_000]).unwrap_err(), Broken);
}

#[test]
fn requests_end_where_their_length_says() {
    let post = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\ncontent-encoding: gzip\r\n\r\nabcGET";
    let (whole, end) = request(post).unwrap().unwrap();
    assert_eq!((whole.method, whole.path, whole.body), ("POST", "/a", b"abc".as_slice()));
    assert!(whole.gzip && end == post.len() - 3);
    assert_eq!(request(&post[..post.len() - 4]).unwrap(), None);
    let (get, _) = request(b"GET /b?c=1 HTTP/1.1\r\n\r\n").unwrap().unwrap();
    assert_eq!((get.path, get.body.len()), ("/b?c=1", 0));
    let chunked = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(request(chunked).unwrap_err(), Broken);
}
