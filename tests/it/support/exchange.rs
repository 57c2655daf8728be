//! An exchange on free ports, with a data folder of its own.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use breakwater::cli::serve::{self, Running};
use breakwater::config::budget::Machine;
use breakwater::config::{self, Environment};
use tempfile::TempDir;

use crate::support::bidder::Bidder;
use crate::support::http::{self, Answer};
use crate::support::until;

/// What players are told to call; tests put the real address in its place.
pub(crate) const PUBLIC_URL: &str = "http://beacons.example";

/// The key of `pub-keyed`.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// An exchange that sells.
pub(crate) struct Exchange {
    running: Option<Running>,
    pub(crate) traffic: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) data: TempDir,
}

/// A config for these bidders; listeners take free ports.
///
/// Placements: `arena` (60 s, 1.5 s for bidders) and `brisk` (60 s, 300 ms) are open, `follows` is
/// `arena` with Wrappers followed, `keyed` needs a key, and `strict` belongs to a publisher that takes no viewer's data.
pub(crate) fn config(data: &Path, bidders: &[&Bidder]) -> String {
    let data = data.display();
    let mut text = format!(
        r#"
[exchange]
domain = "breakwater.example"
data = "{data}"
[listen]
traffic = "127.0.0.1:0"
admin = "127.0.0.1:0"
public_url = "{PUBLIC_URL}"
[shutdown]
delay = "0ms"
[[publisher]]
id = "pub-open"
domain = "open.example"
gdpr_default = false
fees = [{{ name = "exchange", percent = "15" }}]
[[publisher]]
id = "pub-keyed"
domain = "keyed.example"
keys = [{{ env = "BREAKWATER_TEST_KEY" }}]
fees = [{{ name = "exchange", percent = "10" }}, {{ name = "data", percent = "2.5" }}]
"#
    );
    for (id, publisher, tmax, unwrap) in [
        ("arena", "pub-open", "1500ms", false),
        ("brisk", "pub-open", "300ms", false),
        ("follows", "pub-open", "1500ms", true),
        ("keyed", "pub-keyed", "1500ms", false),
    ] {
        write!(
            text,
            r#"
[[placement]]
id = "{id}"
publisher = "{publisher}"
floor = {{ amount = "5.00", currency = "USD" }}
durations = [15, 30]
max_ads = 4
default_break = "60s"
tmax = "{tmax}"
unwrap = {unwrap}
"#
        )
        .unwrap();
    }
    for Bidder { id, address, config, .. } in bidders {
        write!(
            text,
            "\n[[bidder]]\nid = \"{id}\"\nendpoint = \"http://{address}/openrtb2\"\n\
             allow_loopback = true\n{config}\n"
        )
        .unwrap();
    }
    text
}

/// Knows the one key there is.
struct Secrets;

impl Environment for Secrets {
    fn variable(&self, _name: &str) -> Result<String, String> {
        Ok(KEY.to_owned())
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        Err(format!("{} is not there", path.display()))
    }

    fn machine(&self) -> Machine {
        Machine { memory: 8 << 30, descriptors: 20_000, workers: 2 }
    }
}

impl Exchange {
    /// Starts an exchange with these bidders.
    pub(crate) fn start(bidders: &[&Bidder]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), bidders)
    }

    /// Starts an exchange on a data folder.
    pub(crate) fn start_in(data: TempDir, bidders: &[&Bidder]) -> Self {
        let text = config(data.path(), bidders);
        Self::start_as(data, &text)
    }

    /// Starts an exchange with these bidders and more of a config.
    pub(crate) fn start_with(bidders: &[&Bidder], more: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let text = config(data.path(), bidders) + more;
        Self::start_as(data, &text)
    }

    /// Starts an exchange without bidders on a data folder, with more of a config.
    pub(crate) fn start_on(data: TempDir, more: &str) -> Self {
        let text = config(data.path(), &[]) + more;
        Self::start_as(data, &text)
    }

    /// Starts an exchange on a data folder with a config of one's own.
    pub(crate) fn start_as(data: TempDir, text: &str) -> Self {
        let loaded = config::read("test", text, Some(&Secrets));
        let loaded = loaded.unwrap_or_else(|problems| panic!("{problems:?}"));
        let running = serve::start(loaded).unwrap();
        let (traffic, admin) = (running.traffic(), running.admin());
        Self { running: Some(running), traffic, admin, data }
    }

    /// Asks by the tag.
    pub(crate) fn tag(&self, query: &str) -> Answer {
        http::get(self.traffic, &format!("/v1/vast?{query}"))
    }

    /// Calls a beacon by the address in the markup.
    pub(crate) fn beacon(&self, url: &str) -> Answer {
        http::get(self.traffic, url.strip_prefix(PUBLIC_URL).unwrap())
    }

    /// Returns the sum of a metric's series that hold all of `labels`.
    pub(crate) fn count(&self, name: &str, labels: &[&str]) -> f64 {
        count(http::get(self.admin, "/metrics").text(), name, labels)
    }

    /// Waits until that sum is `wanted`.
    pub(crate) fn until_count(&self, name: &str, labels: &[&str], wanted: f64) {
        let what = format!("{name} {labels:?} = {wanted}");
        until(&what, || (self.count(name, labels) == wanted).then_some(()));
    }

    /// Waits until that sum is `wanted` or more: late flushes and notices add records of their own.
    pub(crate) fn until_at_least(&self, name: &str, labels: &[&str], wanted: f64) {
        let what = format!("{name} {labels:?} >= {wanted}");
        until(&what, || (wanted <= self.count(name, labels)).then_some(()));
    }

    /// Stops it as SIGTERM would; returns the data folder.
    pub(crate) fn stop(mut self) -> TempDir {
        stop(self.running.take().expect("it runs until stopped"));
        self.data
    }
}

/// Stops an exchange from a thread without a runtime.
fn stop(running: Running) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(running.stop());
}

/// Returns the sum of a metric's series that hold all of `labels`.
pub(crate) fn count(text: &str, name: &str, labels: &[&str]) -> f64 {
    let series = text.lines().filter(|line| {
        let metric = line.split(['{', ' ']).next();
        metric == Some(name) && labels.iter().all(|label| line.contains(label))
    });
    series.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}
