//! Talks to the admin listener of a running exchange: one request, one answer.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::cli::{Common, Format, load};
use crate::config::settings;

/// Which exchange is meant.
#[derive(Args, Debug)]
pub struct Admin {
    /// Its admin listener [default: `listen.admin` of the config file, else http://127.0.0.1:9090]
    #[arg(long, env = "BREAKWATER_ADMIN", value_name = "URL", value_parser = authority)]
    admin: Option<String>,
}

/// What it answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null when it is no JSON.
    pub body: Value,
}

impl Admin {
    /// Returns the host and port to talk to.
    ///
    /// # Errors
    ///
    /// When a config is named that cannot be read: it is another exchange that would be asked.
    pub fn authority(&self, common: &Common) -> anyhow::Result<String> {
        if let Some(asked) = &self.admin {
            return Ok(asked.clone());
        }
        let told = match &common.config {
            Some(path) => load::admin(path)?,
            None => None,
        };
        Ok(told.unwrap_or_else(|| settings::ADMIN.to_string()))
    }
}

impl Answer {
    /// Returns why it is a refusal.
    #[must_use]
    pub fn refusal(&self) -> String {
        match self.text("detail") {
            "" => format!("status {}: is this the admin listener of an exchange?", self.status),
            detail => detail.to_owned(),
        }
    }

    /// Returns a text of the body, or nothing.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }
}

/// Returns the host and port in an address of a listener.
fn authority(url: &str) -> Result<String, String> {
    let bare = url.strip_prefix("http://").unwrap_or(url);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let parts = bare.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
    match parts.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(_)) => Ok(bare.to_owned()),
        _ => Err(format!("it must be as http://{}", settings::ADMIN)),
    }
}

/// Posts nothing to a path and prints what came of it: the answer as it is in JSON, in text what
/// `tell` makes of it. Returns none when nobody is there or what answers is no exchange, which is
/// then told.
///
/// # Errors
///
/// When the answer cannot be written.
pub fn post(
    authority: &str,
    path: &str,
    format: Format,
    tell: impl FnOnce(&Answer) -> io::Result<()>,
) -> io::Result<Option<Answer>> {
    let answer = match exchange(authority, "POST", path) {
        Ok(answer) => answer,
        Err(error) => {
            writeln!(io::stderr().lock(), "error: the exchange at {authority}: {error}")?;
            return Ok(None);
        }
    };
    match format {
        Format::Json => writeln!(io::stdout().lock(), "{}", answer.body)?,
        Format::Text => tell(&answer)?,
    }
    Ok(Some(answer))
}

/// Says whether anybody is there.
#[must_use]
pub fn is_there(authority: &str) -> bool {
    connect(authority).is_ok()
}

fn exchange(authority: &str, method: &str, path: &str) -> io::Result<Answer> {
    let mut stream = connect(authority)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\
         content-length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(LARGEST).read_to_end(&mut bytes)?;
    read(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it speaks no HTTP"))
}

fn connect(authority: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in authority.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_read_timeout(Some(LONGEST))?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Reads a whole answer.
fn read(bytes: &[u8]) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).ok()? else { return None };
    let body = serde_json::from_slice(&bytes[length..]).unwrap_or_default();
    Some(Answer { status: head.code?, body })
}

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take: a reload waits for the disk, and for reloads before it.
const LONGEST: Duration = Duration::from_secs(60);
/// The most bytes of an answer.
const LARGEST: u64 = 4 * 1024 * 1024;
