//! What is measured: an exchange or a floor, each a child in a fresh folder, on its own core.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use crate::{
    bars::{
        Options,
        child::{Children, Guarded},
        scenario::{Bar, BarError, FloorWay},
    },
    bidder::{Running, tls::certificate_pem},
    http,
    scenario::{Reach, target::Origin},
};

/// A child that answers auctions.
#[derive(Debug)]
pub(super) struct Subject {
    child: Option<Guarded>,
    /// Where it answers.
    pub(super) origin: Origin,
    folder: PathBuf,
    children: Children,
}

impl Drop for Subject {
    fn drop(&mut self) {
        // The child goes before its folder does.
        self.child = None;
        self.children.remove_folder(&self.folder);
    }
}

impl Subject {
    /// Returns the process to measure.
    pub(super) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Guarded::id)
    }

    /// Returns the child, for signals.
    pub(super) fn child(&self) -> Option<&Guarded> {
        self.child.as_ref()
    }

    /// Starts an exchange that asks these bidders.
    pub(super) async fn exchange(
        options: &Options,
        bar: &Bar,
        bidders: &[Running],
    ) -> Result<Self, BarError> {
        let failed = |what| move |source| BarError::System { what, source };
        // A bar may start several at a time; none finds what another left.
        let (traffic, admin) = (free_port()?, free_port()?);
        let name = format!("breakwater-bars-{}-{}-{traffic}", std::process::id(), bar.name);
        let folder = options.folder.join(name);
        options.children.make_folder(&folder).map_err(failed("making a data folder"))?;
        let config = config(&folder, (traffic, admin), bar, bidders);
        let path = folder.join("breakwater.toml");
        fs::write(&path, config).map_err(failed("writing the exchange's config"))?;
        let certificate = folder.join("bidders.pem");
        fs::write(&certificate, certificate_pem()).map_err(failed("writing the certificate"))?;
        let log = folder.join("log");
        let out = File::create(&log).map_err(failed("making a log"))?;
        let err = out.try_clone().map_err(failed("making a log"))?;
        let mut command = Command::new(&options.breakwater);
        command.arg("run").arg("-c").arg(&path).env("SSL_CERT_FILE", &certificate);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = options.children.start(&mut command);
        let child = child.map_err(failed("starting breakwater (--breakwater PATH names it)"))?;
        let (origin, children) = (origin(traffic), options.children.clone());
        let mut subject = Self { child: Some(child), origin, folder, children };
        subject.wait_until_ready(admin, &log).await?;
        Ok(subject)
    }

    async fn wait_until_ready(&mut self, admin: u16, log: &Path) -> Result<(), BarError> {
        let until = Instant::now() + STARTS_WITHIN;
        while Instant::now() < until && self.child.as_mut().is_some_and(Guarded::lives) {
            if is_ready(admin).await {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        let said = lines[lines.len().saturating_sub(5)..].join(" | ");
        Err(BarError::Child { what: "the exchange".to_owned(), said })
    }

    /// Starts a floor in front of these bidders, as a process of this program.
    pub(super) async fn floor(
        options: &Options,
        way: FloorWay,
        warm: u32,
        bidders: &[Running],
    ) -> Result<Self, BarError> {
        let failed = |what| move |source| BarError::System { what, source };
        let own = std::env::current_exe().map_err(failed("finding this program"))?;
        let folder = options.folder.join(format!("breakwater-floor-{}", std::process::id()));
        options.children.make_folder(&folder).map_err(failed("making a folder"))?;
        let mut command = Command::new(own);
        command.args(["floor", "--listen", "127.0.0.1:0", "--http", way.name()]);
        command.args(["--warm", &warm.to_string()]);
        for bidder in bidders {
            command.args(["--bidder", &bidder.address().to_string()]);
        }
        if bidders.iter().any(|bidder| bidder.endpoint().starts_with("https")) {
            let certificate = folder.join("bidders.pem");
            fs::write(&certificate, certificate_pem())
                .map_err(failed("writing the certificate"))?;
            command.arg("--tls").arg("--certificate").arg(certificate);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = options.children.start(&mut command).map_err(failed("starting a floor"))?;
        let out = child.child().stdout.take();
        let told = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            // No line is as good as a broken one.
            let _ = out.map(|out| BufReader::new(out).read_line(&mut line));
            line
        });
        let told = told.await.unwrap_or_default();
        let told: Option<serde_json::Value> = serde_json::from_str(&told).ok();
        let address = told.as_ref().and_then(|told| told["listening"].as_str()?.parse().ok());
        let Some(address) = address else {
            let mut said = String::new();
            let err = child.child().stderr.take();
            drop(child);
            let _ = err.map(|mut err| err.read_to_string(&mut said));
            return Err(BarError::Child { what: "the floor".to_owned(), said });
        };
        let address: SocketAddr = address;
        let children = options.children.clone();
        Ok(Self { child: Some(child), origin: origin(address.port()), folder, children })
    }
}

fn origin(port: u16) -> Origin {
    Origin::parse(&format!("http://127.0.0.1:{port}"), Reach::Loopback)
        .expect("an address of this machine is a target")
}

async fn is_ready(admin: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, admin)).await else {
        return false;
    };
    let request = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut kept = Vec::new();
    let status = http::read(&mut stream, &mut kept, |bytes| {
        Ok(http::answer(bytes)?.map(|(answer, used)| (answer.status, used)))
    });
    matches!(status.await, Ok(200))
}

/// Asks the system for a port that nobody has at the moment.
fn free_port() -> Result<u16, BarError> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    let address = address.map_err(|source| BarError::System { what: "finding a port", source })?;
    Ok(address.port())
}

/// Writes the config of an exchange of two publishers and these bidders.
fn config(folder: &Path, (traffic, admin): (u16, u16), bar: &Bar, bidders: &[Running]) -> String {
    let (data, tmax_ms) = (folder.join("data"), bar.tmax_ms);
    let mut text = format!(
        "[exchange]\ndomain = \"breakwater.example\"\ndata = {data:?}\n\n\
         [listen]\ntraffic = \"127.0.0.1:{traffic}\"\nadmin = \"127.0.0.1:{admin}\"\n\n\
         [auction]\ntmax = \"{tmax_ms}ms\"\ncurrency = \"USD\"\n\n\
         [journal]\ndurability = \"flushed\"\n"
    );
    for number in 1..=2 {
        text.push_str(&format!(
            "\n[[publisher]]\nid = \"pub-{number}\"\ndomain = \"arena-{number}.example\"\n\
             fees = [{{ name = \"exchange\", percent = \"15\" }}]\ngdpr_default = false\n\n\
             [[placement]]\nid = \"arena-{number}-mid\"\npublisher = \"pub-{number}\"\n\
             floor = {{ amount = \"5.00\", currency = \"USD\" }}\ndurations = [15, 30]\n\
             max_ads = 8\n"
        ));
    }
    for bidder in bidders {
        let (id, endpoint, http2) = (bidder.id(), bidder.endpoint(), bidder.speaks_http2());
        text.push_str(&format!(
            "\n[[bidder]]\nid = \"{id}\"\nendpoint = \"{endpoint}\"\ndomains = [\"{id}.example\"]\n\
             allow_loopback = true\nhttp2 = {http2}\n"
        ));
    }
    text.push_str(&bar.config);
    text
}

/// How long a child may take to come up.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
