//! Sections `ops` and `user`: changing state as it was read, and the erasable facts of a viewer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::passthrough::ViewerFacts;
use crate::model::plan::AuctionInput;
use crate::model::standing::{Quota, Standing};
use crate::wire::record::text::{Decimal, canonical, text};

/// What the record keeps of one auction besides its input and outcome.
#[derive(Clone, Copy, Debug)]
pub struct Ops<'a> {
    /// The standing of the bidders, as `select` read it.
    pub standing: &'a Standing,
    /// Names of stages and the microseconds each took, in order.
    pub stages: &'a [(&'a str, u64)],
}

/// Section `ops`. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpsForm<'a> {
    /// Indexes into `offers`.
    pub(super) asked: Vec<usize>,
    /// Who was offered the break, in the market's order.
    pub(super) offers: Vec<Cow<'a, str>>,
    /// Who the replies are of, in their order.
    pub(super) replies: Vec<Cow<'a, str>>,
    /// Indexes into `offers` and why each was not asked.
    pub(super) skipped: Vec<(usize, Cow<'a, str>)>,
    stages: Vec<(Cow<'a, str>, Decimal)>,
    standing: Vec<(Cow<'a, str>, QuotaForm)>,
    /// Who could not be offered the break, and why.
    pub(super) unoffered: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum QuotaForm {
    Free,
    Exhausted,
}

/// Section `user`. Fields stand in ASCII order.
#[derive(Serialize)]
struct UserForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    coppa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gdpr: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpc: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lmt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    us_opt_out: Option<bool>,
}

/// Writes section `ops`.
pub(super) fn write(ops: &Ops<'_>, input: &AuctionInput) -> Vec<u8> {
    let (plan, chosen) = (&input.plan, &input.chosen);
    let standing = ops.standing.bidders.iter().map(|standing| {
        let quota = match standing.quota {
            Quota::Free => QuotaForm::Free,
            Quota::Exhausted => QuotaForm::Exhausted,
        };
        (text(standing.bidder.as_str()), quota)
    });
    canonical(&OpsForm {
        asked: chosen.asked.clone(),
        offers: plan.offers.iter().map(|offer| text(offer.bidder.id.as_str())).collect(),
        replies: input.replies.iter().map(|reply| text(reply.bidder.as_str())).collect(),
        skipped: chosen.skipped.iter().map(|(index, why)| (*index, text(why.name()))).collect(),
        stages: ops.stages.iter().map(|(name, us)| (text(name), Decimal(*us))).collect(),
        standing: standing.collect(),
        unoffered: plan
            .skipped
            .iter()
            .map(|(bidder, why)| (text(bidder.as_str()), text(why.name())))
            .collect(),
    })
}

/// Writes section `user`.
pub(super) fn write_user(viewer: &ViewerFacts) -> Vec<u8> {
    canonical(&UserForm {
        coppa: viewer.coppa,
        country: viewer.country.as_deref(),
        device_type: viewer.device_type,
        gdpr: viewer.gdpr,
        gpc: viewer.gpc,
        lmt: viewer.lmt,
        network: viewer.network.as_deref(),
        us_opt_out: viewer.us_opt_out,
    })
}
