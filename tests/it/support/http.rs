//! A plain HTTP/1.1 client: it sends the bytes it is given and reads one answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::support::PATIENCE;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns a header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Connects.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes on a connection of their own and reads the answer.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = connect(address);
    // A server that refuses early closes while the rest is still being sent.
    let _ = stream.write_all(bytes);
    read(&mut BufReader::new(stream)).expect("an answer")
}

/// Asks for an address.
pub(crate) fn get(address: SocketAddr, target: &str) -> Answer {
    send(address, get_bytes(target).as_bytes())
}

/// Returns the bytes of a question for an address.
pub(crate) fn get_bytes(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: ads.example\r\n\r\n")
}

/// Posts JSON; `headers` are whole lines.
pub(crate) fn post(address: SocketAddr, target: &str, headers: &[&str], body: &str) -> Answer {
    let length = body.len();
    let mut head = format!("POST {target} HTTP/1.1\r\nhost: ads.example\r\n");
    head.push_str(&format!("content-type: application/json\r\ncontent-length: {length}\r\n"));
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    send(address, format!("{head}\r\n{body}").as_bytes())
}

/// Reads one answer; none when the connection ended before it.
pub(crate) fn read(stream: &mut impl BufRead) -> Option<Answer> {
    let (first, headers) = read_head(stream)?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer { status, headers, body: Vec::new() };
    if status == 100 {
        return read(stream);
    }
    let chunked = answer.header("transfer-encoding") == Some("chunked");
    let length = answer.header("content-length").map(|length| length.parse::<u64>().unwrap());
    if chunked {
        answer.body = read_chunks(stream);
    } else if status != 204 {
        stream.take(length.unwrap_or(u64::MAX)).read_to_end(&mut answer.body).ok()?;
        assert!(length.is_none_or(|length| length == answer.body.len() as u64), "{answer:?}");
    }
    Some(answer)
}

/// Reads the first line and the headers of a message; none at the end of the connection.
pub(crate) fn read_head(stream: &mut impl BufRead) -> Option<(String, Vec<(String, String)>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let first = lines.next()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some((first, headers.collect()))
}

fn read_chunks(stream: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let size = u64::from_str_radix(line.trim(), 16).unwrap();
        stream.by_ref().take(size).read_to_end(&mut body).unwrap();
        stream.read_line(&mut String::new()).unwrap();
        if size == 0 {
            return body;
        }
    }
}
