//! Addresses and methods: which door a request takes, and what it gets there.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, CONNECTION, CONTENT_TYPE,
    HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use tokio::time::Instant;

use crate::exchange::Exchange;
use crate::exchange::current::Current;
use crate::exchange::sale::Sale;
use crate::io::sampler::Sampler;
use crate::io::{clock, entropy};
use crate::model::break_request::BreakRequest;
use crate::server::proxies::Proxies;
use crate::server::refusal::Refused;
use crate::server::reply::{Kind, Reply, document, dress, plain};
use crate::server::room::Seat;
use crate::server::stamp::{BodyLength, Stamps};
use crate::server::{beacons, body, credential, head, published};
use crate::wire::break_request::{self, Caller, Credential};
use crate::wire::openrtb_answer::Asker;
use crate::wire::{json, openrtb_answer, sellers, vast};

const GPC: HeaderName = HeaderName::from_static("sec-gpc");
const PLAYBACK_SESSION: HeaderName = HeaderName::from_static("x-playback-session-id");
const OPENRTB_VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");

/// The doors of one worker.
pub struct Doors {
    exchange: Arc<Exchange>,
    proxies: Arc<Proxies>,
    refusals: Sampler,
}

/// One request with its body still to come.
struct Visit<'a> {
    parts: &'a Parts,
    body: Incoming,
    peer: IpAddr,
    seat: &'a Seat,
    stamps: &'a Stamps,
    arrival: Instant,
}

/// When the first byte of a request came, and when all of it had been read.
type Arrival = (Instant, Instant);

impl Doors {
    /// Opens the doors of a worker.
    #[must_use]
    pub fn new(exchange: Arc<Exchange>, proxies: Arc<Proxies>) -> Self {
        Self { exchange, proxies, refusals: Sampler::default() }
    }

    /// Returns the exchange behind them.
    #[must_use]
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// Answers any request; a panic ends this request only.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        (peer, seat): (IpAddr, &Seat),
        stamps: Stamps,
    ) -> Reply {
        let (parts, body) = request.into_parts();
        let length = body.size_hint().exact().map_or(BodyLength::Chunked, BodyLength::Known);
        let arrival = stamps.begin(length, Instant::now());
        let peer = self.proxies.caller(&parts.headers, peer);
        let visit = Visit { parts: &parts, body, peer, seat, stamps: &stamps, arrival };
        let answered = AssertUnwindSafe(self.route(visit)).catch_unwind().await;
        let mut reply = answered.unwrap_or_else(|_panic| {
            tracing::error!("a request failed inside the exchange");
            self.exchange.shared().metrics.request_refused("internal");
            let mut reply = plain(StatusCode::INTERNAL_SERVER_ERROR);
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            reply
        });
        // Where an unread body ends is unknown here, and so when the next request begins.
        if stamps.in_chunked_body() || seat.is_leaving() {
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        dress(&mut reply, &parts.headers);
        reply
    }

    async fn route(&self, visit: Visit<'_>) -> Reply {
        let parts = visit.parts;
        if let Err(refused) = head::check(parts) {
            return self.refuse(&refused).empty();
        }
        let (method, path) = (&parts.method, parts.uri.path());
        match path {
            "/v1/vast" => self.by_method(method, "GET", || self.tag(visit)).await,
            "/v1/breaks" => self.by_method(method, "POST", || self.native(visit)).await,
            "/openrtb2/auction" => self.by_method(method, "POST", || self.openrtb(visit)).await,
            "/sellers.json" => self.by_method(method, "GET", || self.sellers(visit)).await,
            _ if path.starts_with("/log/") => {
                match published::file(&self.exchange, method, path).await {
                    Ok(reply) => reply,
                    Err(refused) => self.refuse(&refused).empty(),
                }
            }
            _ => match path.strip_prefix("/v1/b/") {
                Some(token) if *method == Method::GET || *method == Method::POST => {
                    self.beacon(token)
                }
                Some(_) => self.refuse(&Refused::method("GET, POST")).empty(),
                None => self.refuse(&Refused::not_found()).empty(),
            },
        }
    }

    /// Calls the door when the method is its own; answers a page's question about it.
    async fn by_method<F>(
        &self,
        method: &Method,
        own: &'static str,
        door: impl FnOnce() -> F,
    ) -> Reply
    where
        F: Future<Output = Reply>,
    {
        if method.as_str() == own {
            return door().await;
        }
        if *method == Method::OPTIONS {
            return preflight(own);
        }
        self.refuse(&Refused::method(own)).empty()
    }

    /// Says, and counts, that a request is to be answered with no fill before it is looked at, since
    /// any sale would be refused just now: the less a refusal costs, the more is sold beside it.
    fn turns_away(&self) -> bool {
        let shed = self.exchange.gate().refusal();
        if let Some(shed) = shed {
            self.exchange.shared().metrics.load.shed(shed.name());
        }
        shed.is_some()
    }

    /// Answers a request whose body nobody looks at, once it has come.
    async fn unread(&self, visit: Visit<'_>, reply: Reply) -> Reply {
        if visit.stamps.is_body_ahead() {
            if let Err(refused) = body::pass(visit.body).await {
                return self.refuse(&refused).empty();
            }
            visit.stamps.body_ended();
        }
        reply
    }

    /// `GET /v1/vast`: the ad tag.
    async fn tag(&self, visit: Visit<'_>) -> Reply {
        // It is read whatever the load: it may ask again for what was sold (decision 30).
        // A connection keeps room for the largest future of its service as long as it lives, and
        // most of its life it waits or is refused: what sells has a box of its own.
        Box::pin(self.tag_sale(visit)).await
    }

    async fn tag_sale(&self, visit: Visit<'_>) -> Reply {
        let Visit { parts, peer, seat, arrival, .. } = visit;
        let read = Instant::now();
        let query = parts.uri.query().unwrap_or_default();
        // The tag is open: no key is read, and no price is shown.
        let caller = caller(&parts.headers, peer, Credential::None);
        let current = self.exchange.current();
        let request = match break_request::tag::tag(query, &caller, current.market()) {
            Ok(request) => request,
            Err(refusal) => return self.refuse(&refusal.into()).empty(),
        };
        let kind = match Kind::accepted(&parts.headers) {
            Some(Kind::Decision) => Kind::Decision,
            // The address says VAST, whatever a player's default `Accept` is.
            Some(Kind::Vast) | None => Kind::Vast,
        };
        let sale = self.sell(current, request, seat, (arrival, read)).await;
        rendered(kind, &sale, false, &parts.headers)
    }

    /// `POST /v1/breaks`: the native request.
    async fn native(&self, visit: Visit<'_>) -> Reply {
        // As a tag, it may ask again for what was sold.
        Box::pin(self.native_sale(visit)).await
    }

    async fn native_sale(&self, visit: Visit<'_>) -> Reply {
        let Visit { parts, body, peer, seat, stamps, arrival } = visit;
        let problem = |refused: Refused| {
            let id = format!("req_{}", entropy::name());
            self.refuse(&refused).problem(&id)
        };
        let Some(kind) = Kind::accepted(&parts.headers) else {
            let detail = "made here: application/xml, application/vnd.breakwater+json";
            return problem(Refused::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail));
        };
        let read = self.read(&parts.headers, body, peer, stamps).await;
        let (bytes, credential) = match read {
            Ok(read) => read,
            Err(refused) => return problem(refused),
        };
        let read = Instant::now();
        let caller = caller(&parts.headers, peer, credential);
        let current = self.exchange.current();
        match break_request::native::native(&bytes, &caller, current.market()) {
            Ok(request) => {
                // What a publisher earns is shown to nobody else, even where no key is needed.
                let own = Credential::Publisher(request.publisher.id.clone());
                let priced = caller.credential == own;
                let sale = self.sell(current, request, seat, (arrival, read)).await;
                rendered(kind, &sale, priced, &parts.headers)
            }
            Err(refusal) => problem(refusal.into()),
        }
    }

    /// `POST /openrtb2/auction`: an OpenRTB 2.6 request, which is always a sale of its own.
    async fn openrtb(&self, visit: Visit<'_>) -> Reply {
        if self.turns_away() {
            return self.unread(visit, plain(StatusCode::NO_CONTENT)).await;
        }
        Box::pin(self.openrtb_sale(visit)).await
    }

    async fn openrtb_sale(&self, visit: Visit<'_>) -> Reply {
        let Visit { parts, body, peer, seat, stamps, arrival } = visit;
        let (bytes, credential) = match self.read(&parts.headers, body, peer, stamps).await {
            Ok(read) => read,
            Err(refused) => return self.refuse(&refused).empty(),
        };
        let read = Instant::now();
        let caller = caller(&parts.headers, peer, credential);
        let current = self.exchange.current();
        let request = match break_request::openrtb::openrtb(&bytes, &caller, current.market()) {
            Ok(request) => request,
            Err(refusal) => return self.refuse(&refusal.into()).empty(),
        };
        let asker = Asker::of(&request);
        let explain = request.explain;
        let sale = self.sell(current, request, seat, (arrival, read)).await;
        let text = if explain {
            Some(openrtb_answer::explained(&sale.sold, &asker, sale.told.as_ref()))
        } else {
            openrtb_answer::answer(&sale.sold, &asker)
        };
        let mut reply = text.map_or_else(
            || plain(StatusCode::NO_CONTENT),
            |text| document("application/json", text, &parts.headers),
        );
        reply.headers_mut().insert(OPENRTB_VERSION, HeaderValue::from_static("2.6"));
        reply
    }

    fn beacon(&self, token: &str) -> Reply {
        let shared = self.exchange.shared();
        beacons::answer(token, shared, clock::now())
    }

    async fn sellers(&self, visit: Visit<'_>) -> Reply {
        let text = sellers::document(self.exchange.current().market());
        std::future::ready(document("application/json", text, &visit.parts.headers)).await
    }

    /// Sells, unless `seat` is one too many of the publisher's; `arrival` is when the first byte came,
    /// `read` when the request was whole.
    async fn sell(
        &self,
        current: Arc<Current>,
        request: BreakRequest,
        seat: &Seat,
        (arrival, read): Arrival,
    ) -> Arc<Sale> {
        let own = current.market().own_reserve;
        let (tmax, network) = (request.placement.tmax, request.publisher.network_reserve);
        let times = clock::times(arrival, request.patience, tmax, network, own);
        let times = times.read_at(read);
        let leaves = seat.is_leaving();
        if !seat.asks_for(&request.publisher.id) {
            // Over HTTP/2 others may be asked for beside it: the connection counts once.
            if !leaves {
                self.exchange.shared().metrics.load.connection_refused("publisher");
            }
            return self.exchange.turn_away(&current, &request, &times);
        }
        self.exchange.serve(current, request, times).await
    }

    /// Reads a JSON body and its caller's credential.
    async fn read(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        peer: IpAddr,
        stamps: &Stamps,
    ) -> Result<(Vec<u8>, Credential), Refused> {
        check_content_type(headers)?;
        let current = self.exchange.current();
        let credential = credential::of(headers, current.market(), peer.is_loopback())?;
        // The body may take its time: what is current then is what it is read with.
        drop(current);
        let bytes = body::read(body, headers).await?;
        stamps.body_ended();
        Ok((bytes, credential))
    }

    fn refuse<'a>(&self, refused: &'a Refused) -> &'a Refused {
        self.exchange.shared().metrics.request_refused(refused.code);
        if self.refusals.lets_through(refused.code) {
            // Never the detail: it may quote the request.
            let (code, path) = (refused.code, refused.path.as_deref());
            tracing::warn!(code, path, "a request was refused");
        }
        refused
    }
}

/// Renders a sale as the kind asked for; nothing sold is an empty document, never an error.
fn rendered(kind: Kind, sale: &Sale, priced: bool, request: &HeaderMap) -> Reply {
    let text = match kind {
        Kind::Vast => vast::document(&sale.sold),
        Kind::Decision => json::decision(&sale.sold, priced),
    };
    document(kind.media_type(), text, request)
}

fn caller(headers: &HeaderMap, peer: IpAddr, credential: Credential) -> Caller<'_> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Caller {
        arrived_at: clock::now(),
        peer,
        user_agent: text(USER_AGENT),
        gpc: headers.get(GPC).is_some_and(|value| value == "1"),
        playback_session: text(PLAYBACK_SESSION),
        credential,
    }
}

/// JSON, or nothing said.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refused> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let cut: String = text.chars().take(40).collect();
    let detail = format!("content type {cut:?} is not application/json");
    Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_encoding", &detail))
}

/// Tells a page's script what it may send.
fn preflight(method: &'static str) -> Reply {
    let mut reply = plain(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(method));
    let allowed = "authorization, content-type, x-playback-session-id";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
    reply
}
