//! `[[publisher]]`.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::config::problem::NO_SECRET;
use crate::config::section::Section;
use crate::config::{Environment, block, value};
use crate::model::ids::PublisherId;
use crate::model::market::Publisher;
use crate::model::money::{Fee, FeeSchedule};
use crate::model::time::Millis;

pub(super) fn read(
    section: Section<'_>,
    environment: Option<&dyn Environment>,
) -> Option<Publisher> {
    let id = section.required("id", "give the publisher an id: id = \"pub-1\"", value::name);
    let help = "name the publisher's own domain: domain = \"arena.example\"";
    let domain = section.required("domain", help, value::domain);
    let fees = fees(&section);
    let key_hashes = keys(&section, environment);
    let block = block::read(&section);
    let network_reserve = section.parsed("network_reserve", value::millis_within(0, 1_000));
    let gdpr_default = section.boolean("gdpr_default").unwrap_or(true);
    let weight = section.integer("weight", 1..=100).and_then(|at| NonZeroU32::new(at.value));
    section.finish();
    Some(Publisher {
        id: PublisherId::new(id?.value),
        domain: domain?.value.into(),
        key_hashes,
        fees,
        blocked_advertisers: block.advertisers,
        blocked_categories: block.categories,
        gdpr_default,
        network_reserve: network_reserve.map_or(Millis(20), |reserve| reserve.value),
        weight: weight.unwrap_or(NonZeroU32::MIN),
    })
}

fn fees(section: &Section<'_>) -> FeeSchedule {
    let mut fees = Vec::new();
    let mut names = BTreeSet::new();
    let mut span = section.span();
    for fee in section.tables("fees") {
        span = fee.span();
        let (name, ppm) = (fee.parsed("name", value::name), fee.parsed("percent", value::ppm));
        match (name, ppm) {
            (Some(name), Some(ppm)) => {
                if !names.insert(name.value.clone()) {
                    fee.bad_value("name", &name.span, "two fees have this name");
                }
                fees.push(Fee { name: name.value.into(), ppm: ppm.value });
            }
            (None, _) => fee.missing("name", "name the fee: name = \"exchange\""),
            (_, None) => fee.missing("percent", "say how much it takes: percent = \"15\""),
        }
        fee.finish();
    }
    FeeSchedule::new(fees).unwrap_or_else(|| {
        section.bad_value("fees", &span, "the fees together reach 100 %");
        FeeSchedule::default()
    })
}

/// Hashes the publisher's keys; the keys themselves are forgotten at once.
fn keys(section: &Section<'_>, environment: Option<&dyn Environment>) -> Vec<[u8; 32]> {
    let mut hashes = Vec::new();
    for key in section.tables("keys") {
        let (env, file) = (key.text("env"), key.text("file"));
        let span = key.span();
        let source = match (env, file) {
            (Some(name), None) => Source::Variable(name.value.to_owned()),
            (None, Some(path)) => Source::File(PathBuf::from(path.value)),
            _ => {
                key.missing("env", "write { env = \"NAME\" } or { file = \"path\" }, one of them");
                continue;
            }
        };
        key.finish();
        let Some(environment) = environment else { continue };
        match source.secret(environment) {
            Ok(secret) => hashes.push(Sha256::digest(secret.expose_secret().as_bytes()).into()),
            Err(wrong) => {
                let help = "set it before the exchange starts, or take the key out".to_owned();
                section.problem(NO_SECRET, &span, (wrong, "this secret", help));
            }
        }
    }
    hashes
}

/// Where a secret lies; never in the file itself.
enum Source {
    Variable(String),
    File(PathBuf),
}

impl Source {
    fn secret(&self, environment: &dyn Environment) -> Result<SecretString, String> {
        let text = match self {
            Self::Variable(name) => environment.variable(name)?,
            Self::File(path) => environment.file(path)?,
        };
        let text = text.trim();
        if text.len() < SHORTEST_KEY {
            return Err(format!("a key has at least {SHORTEST_KEY} characters"));
        }
        Ok(text.into())
    }
}

/// Keys shorter than this can be guessed.
const SHORTEST_KEY: usize = 16;
