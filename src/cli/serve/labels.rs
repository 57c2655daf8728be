//! Every label value that a market and the reasons can yield, so that all series read 0.

use crate::exchange::observe::{FILLED, STAGES, TAG_FAULTS};
use crate::exchange::shared::COMMIT;
use crate::io::metrics::{Build, Labels};
use crate::live::admission::shed::Shed;
use crate::model::market::Market;
use crate::model::reason::{CallReason, LossReason, NoFillReason, UnfilledReason};
use crate::wire::beacon;

/// The placements and bidders that were ever in force: series of those that left go on.
#[derive(Debug, Default)]
pub(super) struct Known {
    placements: Vec<String>,
    bidders: Vec<String>,
}

impl Known {
    /// Adds those of a market.
    pub(super) fn add(&mut self, market: &Market) {
        let placements = market.placements.keys().map(|id| id.as_str().to_owned());
        self.placements.extend(placements);
        let bidders = market.bidders.iter().map(|bidder| bidder.id.as_str().to_owned());
        self.bidders.extend(bidders);
        for list in [&mut self.placements, &mut self.bidders] {
            list.sort_unstable();
            list.dedup();
        }
    }

    /// Calls `register` with all labels; `currency` is that of prices.
    pub(super) fn with<R>(
        &self,
        currency: &str,
        workers: usize,
        register: impl FnOnce(&Labels<'_>) -> R,
    ) -> R {
        let names =
            |reasons: &[NoFillReason]| reasons.iter().map(|it| it.name()).collect::<Vec<_>>();
        let outcomes = [FILLED, &names(NoFillReason::ALL)].concat();
        let unfilled: Vec<_> = UnfilledReason::ALL.iter().map(|reason| reason.name()).collect();
        let calls: Vec<_> = CallReason::ALL.iter().map(|reason| reason.name()).collect();
        let losses: Vec<_> = LossReason::ALL.iter().map(|reason| reason.name()).collect();
        let answers: Vec<_> = ANSWERS.iter().map(|reason| reason.name()).collect();
        let answers = [&["bids"], answers.as_slice()].concat();
        let placements: Vec<_> = self.placements.iter().map(String::as_str).collect();
        let bidders: Vec<_> = self.bidders.iter().map(String::as_str).collect();
        let kinds: Vec<_> = beacon::Kind::ALL.iter().map(|(kind, _)| kind.name()).collect();
        let kinds = [kinds.as_slice(), &["unknown"]].concat();
        let workers: Vec<String> = (0..workers).map(|worker| worker.to_string()).collect();
        let workers: Vec<_> = workers.iter().map(String::as_str).collect();
        let shed: Vec<_> = Shed::ALL.iter().map(|shed| shed.name()).collect();
        register(&Labels {
            placements: &placements,
            bidders: &bidders,
            currencies: &[currency],
            fill_outcomes: &outcomes,
            unfilled_reasons: &unfilled,
            call_reasons: &calls,
            loss_reasons: &losses,
            answer_outcomes: &answers,
            switch_scopes: &[],
            refusal_codes: crate::server::refusal::CODES,
            tag_faults: TAG_FAULTS,
            unbuilt_fields: crate::wire::break_request::UNBUILT,
            beacon_kinds: &kinds,
            beacon_outcomes: crate::server::beacons::OUTCOMES,
            stages: STAGES,
            shed_reasons: &shed,
            workers: &workers,
            build: Build {
                version: env!("CARGO_PKG_VERSION"),
                commit: COMMIT,
                rustc: env!("CARGO_PKG_RUST_VERSION"),
            },
        })
    }
}

/// How a complete answer may end that has no bids.
const ANSWERS: &[CallReason] =
    &[CallReason::NoBid, CallReason::InvalidResponse, CallReason::WrongRequestId];
