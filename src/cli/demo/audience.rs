//! The people who watch: each asks through the ad tag over HTTP, reads the VAST, and shows it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::form_urlencoded::Serializer;

use crate::cli::demo::draws::Draws;
use crate::cli::demo::schedule::AUDIENCE;
use crate::model::time::{Millis, Seconds};
use crate::wire::vast::{clock, tree};

/// Somebody who watches the match from start to end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Viewer {
    /// The playback session.
    pub session: String,
    user_agent: &'static str,
    /// What its player says of the device and of the viewer's wishes.
    says: Vec<(&'static str, String)>,
}

/// What one viewer received.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// Ids of the ads, in play order.
    pub ads: Vec<String>,
    /// Their nominal seconds together.
    pub seconds: u32,
    /// The exchange's own impression beacons.
    pub beacons: Vec<String>,
    /// From the request's first byte to the answer's last.
    pub took: Duration,
}

/// Keep-alive connections to the exchange.
pub struct Line {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<Empty<Bytes>>>>,
}

/// Returns the audience of a seed.
#[must_use]
pub fn viewers(seed: u64) -> Vec<Viewer> {
    (0..AUDIENCE).map(|index| viewer(seed, index)).collect()
}

fn viewer(seed: u64, index: usize) -> Viewer {
    let mut draws = Draws::new(seed, ROW + u64::try_from(index).expect("an index fits"));
    let (user_agent, device) = *draws.pick(&DEVICES);
    let mut says: Vec<_> = device.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let wishes = *draws.pick(&WISHES);
    says.extend(wishes.iter().map(|(key, value)| (*key, (*value).to_owned())));
    says.push(("ip", format!("203.0.113.{}", 1 + draws.below(254))));
    if !wishes.contains(&("lmt", "1")) {
        let (high, low) = (draws.number(), draws.number());
        says.push(("ifa", uuid::Uuid::from_u64_pair(high, low).to_string()));
    }
    Viewer { session: format!("seed{seed}-viewer{}", index + 1), user_agent, says }
}

impl Viewer {
    /// Returns path and query of its ad tag for the break that a message announces.
    #[must_use]
    pub fn tag(&self, stream: &str, message: &str) -> String {
        let mut query = Serializer::for_suffix(TAG.to_owned(), TAG.len());
        query.append_pair("placement", PLACEMENT).append_pair("stream", stream);
        query.append_pair("session", &self.session).append_pair("scte35", message);
        query.append_pair("stitching", "client");
        query.append_pair("deadline_ms", &PATIENCE.0.to_string());
        for (key, value) in &self.says {
            query.append_pair(key, value);
        }
        query.finish()
    }
}

impl Line {
    /// Returns a line on which nothing is open yet.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::new(Vec::new()) }
    }

    /// Asks a tag and reads the VAST that comes.
    ///
    /// # Errors
    ///
    /// When no readable VAST comes in a time well above the deadline.
    pub async fn ask(&self, viewer: &Viewer, tag: &str) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let (status, body) = self.get(tag, viewer.user_agent).await?;
        let took = begun.elapsed();
        if status != StatusCode::OK {
            bail!("the tag was answered {status}");
        }
        let mut answer = read(&body, &format!("http://{}/", self.address))?;
        answer.took = took;
        Ok(answer)
    }

    /// Fires a beacon; says whether it was taken.
    pub async fn fire(&self, viewer: &Viewer, url: &str) -> bool {
        let Ok(uri) = url.parse::<Uri>() else { return false };
        let Some(path) = uri.path_and_query() else { return false };
        let got = self.get(path.as_str(), viewer.user_agent).await;
        got.is_ok_and(|(status, _)| status.is_success())
    }

    async fn get(&self, path: &str, user_agent: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        timeout(GIVE_UP, self.exchange(path, user_agent)).await.context("no answer")?
    }

    /// Sends one request on an idle connection, else on a new one.
    async fn exchange(&self, path: &str, user_agent: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut sender = self.connection().await?;
        let request = Request::get(path)
            .header(HOST, self.address.to_string())
            .header(USER_AGENT, user_agent)
            .body(Empty::new())?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
        self.idle.lock().push(sender);
        Ok((status, body))
    }

    async fn connection(&self) -> anyhow::Result<SendRequest<Empty<Bytes>>> {
        loop {
            let Some(mut idle) = self.idle.lock().pop() else { break };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with its sender, or with the server.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Reads the ads of a VAST document; beacons of ours start with `own`.
fn read(body: &[u8], own: &str) -> anyhow::Result<Answer> {
    let text = std::str::from_utf8(body).context("the VAST is not UTF-8")?;
    let tree = tree::parse(text).map_err(|fault| anyhow::anyhow!("the VAST: {fault:?}"))?;
    let mut answer = Answer::default();
    for element in tree.elements() {
        match element.name() {
            "Ad" => answer.ads.extend(element.attribute("id").map(str::to_owned)),
            "Duration" => {
                let length = clock::read(&element.text()).context("the VAST: a duration")?;
                answer.seconds += Seconds::nominal(length).0;
            }
            "Impression" => {
                let url = element.text();
                answer.beacons.extend(url.starts_with(own).then(|| url.into_owned()));
            }
            _ => {}
        }
    }
    Ok(answer)
}

/// Where the tag's query begins.
const TAG: &str = "/v1/vast?";

/// What everybody asks for.
pub const PLACEMENT: &str = "arena-1-mid";

/// How long each player waits for an answer, as it says in its tag.
pub const PATIENCE: Millis = Millis(800);

/// An answer later than this is none.
const GIVE_UP: Duration = Duration::from_secs(3);

/// The largest answer read.
const LARGEST: usize = 4 << 20;

/// Rows of draws from here on are viewers; breaks count from 1.
const ROW: u64 = 1 << 40;

/// Keys and values of a tag.
type Says = &'static [(&'static str, &'static str)];

/// Players and what they say of themselves.
const DEVICES: [(&str, Says); 4] = [
    (
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36",
        &[("devicetype", "3"), ("w", "1920"), ("h", "1080"), ("app_bundle", "111299001912")],
    ),
    (
        "ArenaLive/4.2 (Android 15; Pixel 9)",
        &[("devicetype", "4"), ("w", "1280"), ("h", "720"), ("app_bundle", "tv.arena.live")],
    ),
    (
        "Roku/DVP-14.5 (14.5.4.5934)",
        &[("devicetype", "7"), ("w", "1920"), ("h", "1080"), ("app_bundle", "698117")],
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15",
        &[("devicetype", "2"), ("site_domain", "arena.example"), ("w", "1280"), ("h", "720")],
    ),
];

/// What viewers want done with their data.
const WISHES: [Says; 5] =
    [&[], &[("lmt", "1")], &[("gdpr", "0")], &[("gdpr", "1")], &[("us_privacy", "1YYN")]];
