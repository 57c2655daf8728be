//! The addresses of names, so that a slow or broken name server costs only the name it serves.
//!
//! The system's lookup holds a thread and cannot be cancelled. So a name is looked up once at a
//! time, whoever waits for it, and its place is given back only when the lookup has ended.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::io::once::Once;

/// The names that one connector knows or is looking up.
#[derive(Debug, Default)]
pub struct Names(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Each has an answer or a lookup under way.
    names: BTreeMap<Box<str>, Name>,
    /// How many lookups are under way.
    lookups: usize,
}

#[derive(Debug, Default)]
struct Name {
    last: Option<Good>,
    lookup: Option<Once<Found>>,
}

/// The last good answer.
#[derive(Clone, Debug)]
struct Good {
    addresses: Arc<[IpAddr]>,
    at: Instant,
}

/// What a lookup found, for everybody who waits; the fault's kind is all they need.
type Found = Result<Arc<[IpAddr]>, io::ErrorKind>;

impl Names {
    /// Returns the addresses of a name; `look_up` is called when they are not known or are old.
    ///
    /// An old answer serves while the name server fails or hesitates.
    ///
    /// # Errors
    ///
    /// When the lookup fails and there is no old answer, or too many lookups are under way.
    pub async fn find<L>(
        self: &Arc<Self>,
        host: &str,
        look_up: impl FnOnce() -> L,
    ) -> io::Result<Arc<[IpAddr]>>
    where
        L: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        let now = Instant::now();
        let (last, lookup) = {
            let mut state = self.0.lock();
            let last = state.names.get(host).and_then(|name| name.last.clone());
            if let Some(last) = &last
                && now < last.at + FRESH
            {
                return Ok(Arc::clone(&last.addresses));
            }
            (last, self.lookup(&mut state, host, look_up))
        };
        let last = last.filter(|last| now < last.at + OLD);
        let until = now + if last.is_some() { HESITATION } else { MAX_LOOKUP };
        let found = match lookup {
            Some(lookup) => lookup.by(until).await.unwrap_or(Err(io::ErrorKind::TimedOut)),
            None => Err(io::ErrorKind::ResourceBusy),
        };
        found.or_else(|fault| Ok(last.ok_or(fault)?.addresses))
    }

    /// Joins the lookup of a name or begins one; `None` when too many are under way.
    fn lookup<L>(
        self: &Arc<Self>,
        state: &mut State,
        host: &str,
        look_up: impl FnOnce() -> L,
    ) -> Option<Once<Found>>
    where
        L: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        if let Some(under_way) = state.names.get(host).and_then(|name| name.lookup.clone()) {
            return Some(under_way);
        }
        if state.lookups == MAX_LOOKUPS {
            return None;
        }
        if state.names.len() == MAX_NAMES && !state.names.contains_key(host) {
            state.forget_oldest();
        }
        state.lookups += 1;
        let place = Place { names: Arc::clone(self), host: host.into() };
        let looking = look_up();
        let lookup = Once::start(async move {
            let found = looking.await;
            place.end(found)
        });
        state.names.entry(host.into()).or_default().lookup = Some(lookup.clone());
        Some(lookup)
    }
}

impl State {
    fn forget_oldest(&mut self) {
        let settled = self.names.iter().filter(|(_, name)| name.lookup.is_none());
        let age = |name: &Name| name.last.as_ref().map(|last| last.at);
        let oldest = settled.min_by_key(|(_, name)| age(name)).map(|(host, _)| host.clone());
        if let Some(oldest) = oldest {
            self.names.remove(&oldest);
        }
    }
}

/// The place of a lookup, given back when dropped: at its end, or at that of its runtime.
struct Place {
    names: Arc<Names>,
    host: Box<str>,
}

impl Place {
    fn end(self, found: io::Result<Vec<IpAddr>>) -> Found {
        let addresses: Arc<[IpAddr]> = found.map_err(|fault| fault.kind())?.into();
        if addresses.is_empty() {
            return Err(io::ErrorKind::NotFound);
        }
        if let Some(name) = self.names.0.lock().names.get_mut(&self.host) {
            name.last = Some(Good { addresses: Arc::clone(&addresses), at: Instant::now() });
        }
        Ok(addresses)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.names.0.lock();
        state.lookups -= 1;
        let Some(name) = state.names.get_mut(&self.host) else { return };
        name.lookup = None;
        if name.last.is_none() {
            state.names.remove(&self.host);
        }
    }
}

/// How long an answer is used without asking again; the system does not tell its own term.
const FRESH: Duration = Duration::from_secs(60);
/// How long an answer serves while no newer one can be had.
const OLD: Duration = Duration::from_secs(60 * 60);
/// How long a lookup is waited for while there is an old answer.
const HESITATION: Duration = Duration::from_millis(50);
/// How long a lookup is waited for; a dial ends sooner.
const MAX_LOOKUP: Duration = Duration::from_secs(5);
/// Lookups under way, each on a thread; below the 512 of a runtime.
const MAX_LOOKUPS: usize = 256;
/// Names known; more than the lookups, so that there is always one to forget.
const MAX_NAMES: usize = 1024;

#[cfg(test)]
mod tests;
