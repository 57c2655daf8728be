//! `sellers.json`: who sells through this exchange (IAB Tech Lab, sellers.json 1.0).

use serde_json::{Value, json};

use crate::model::market::{Market, Publisher};

/// Returns the document: one seller per publisher, ids as the supply chain's `sid`.
#[must_use]
pub fn document(market: &Market) -> String {
    let sellers: Vec<Value> = market.publishers.values().map(|it| seller(it)).collect();
    json!({ "sellers": sellers, "version": "1.0" }).to_string()
}

fn seller(publisher: &Publisher) -> Value {
    json!({
        "domain": &*publisher.domain,
        "name": &*publisher.domain,
        "seller_id": publisher.id.as_str(),
        "seller_type": "PUBLISHER",
    })
}
