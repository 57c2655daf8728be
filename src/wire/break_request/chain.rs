//! The supply chain with our own node at its end (openrtb.md section 11).

use std::borrow::Cow;

use openrtb::source::{Source, SupplyChain, SupplyChainNode};

use crate::model::market::{Market, Publisher};

/// Returns `source.schain` as JSON: what came in, and our node.
///
/// Without a chain the caller is the publisher itself, and ours is the only node. A chain that
/// names us already, or that nobody could follow, is dropped, and ours says it is not complete.
pub(super) fn supply_chain(
    source: Option<&Source<'_>>,
    publisher: &Publisher,
    market: &Market,
) -> Option<Box<str>> {
    let own = SupplyChainNode {
        asi: Cow::Borrowed(&market.domain),
        sid: Cow::Borrowed(publisher.id.as_str()),
        hp: Some(true),
        ..SupplyChainNode::default()
    };
    let incoming = source.and_then(|source| source.supply_chain()).map(Cow::into_owned);
    let named_elsewhere = source.and_then(|source| source.ext.as_ref()?.get("schain")).is_some();
    let chain = match incoming {
        Some(mut chain) if is_usable(&chain, &market.domain) => {
            chain.nodes.push(own);
            chain
        }
        incoming => SupplyChain {
            complete: incoming.is_none() && !named_elsewhere,
            nodes: vec![own],
            ver: Cow::Borrowed(VERSION),
            ext: None,
        },
    };
    serde_json::to_string(&chain).ok().map(Into::into)
}

/// Says whether a chain can be continued: followed from node to node, and without us in it.
fn is_usable(chain: &SupplyChain<'_>, domain: &str) -> bool {
    let node = |node: &SupplyChainNode<'_>| {
        !node.asi.is_empty()
            && !node.sid.is_empty()
            && node.sid.len() <= MAX_SELLER
            && !node.asi.eq_ignore_ascii_case(domain)
    };
    chain.ver == VERSION
        && !chain.nodes.is_empty()
        && chain.nodes.len() < MAX_NODES
        && chain.nodes.iter().all(node)
}

/// The version of supply chains there is.
const VERSION: &str = "1.0";

/// The longest seller id of a node.
const MAX_SELLER: usize = 64;

/// The most nodes of a chain, ours included.
const MAX_NODES: usize = 32;
