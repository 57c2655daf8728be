//! Section `lifecycle`: what happened to a node, as a record of kind 11 tells it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::ids::AuctionId;
use crate::wire::record::text::Decimal;
use crate::wire::record::{Lifecycle, StreamName};

/// The section. Fields stand in ASCII order, the tag first.
#[derive(Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LifecycleForm<'a> {
    Start,
    NewOrigin {
        follows: FollowsForm<'a>,
    },
    KeyChange {
        new: Cow<'a, str>,
        old: Cow<'a, str>,
        stream: StreamName,
    },
    Stop {
        auction_end: Decimal,
    },
    Gap {
        of_boot: Decimal,
        // Once, only the numbers of auctions were told.
        #[serde(alias = "unused")]
        unused_auction: Vec<Decimal>,
        #[serde(default)]
        unused_money: Vec<Decimal>,
    },
    LateSync {
        of: Cow<'a, str>,
    },
    Cut {
        index: Decimal,
        length: Decimal,
        stream: StreamName,
    },
    Clock {
        lag_ms: Decimal,
    },
}

/// The last checkpoints of the logs that end: signed notes, word for word.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowsForm<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auction: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    money: Option<Cow<'a, str>>,
}

impl LifecycleForm<'_> {
    /// Makes the section of an event.
    pub(super) fn of(event: &Lifecycle) -> LifecycleForm<'static> {
        let text = |text: &str| Cow::Owned(text.to_owned());
        let decimals = |numbers: &[u64]| numbers.iter().copied().map(Decimal).collect();
        match event {
            Lifecycle::Start => LifecycleForm::Start,
            Lifecycle::NewOrigin { auction, money } => {
                let owned = |note: &Option<Box<str>>| note.as_deref().map(text);
                let follows = FollowsForm { auction: owned(auction), money: owned(money) };
                LifecycleForm::NewOrigin { follows }
            }
            Lifecycle::KeyChange { stream, old, new } => {
                LifecycleForm::KeyChange { new: text(new), old: text(old), stream: *stream }
            }
            Lifecycle::Stop { auction_end } => {
                LifecycleForm::Stop { auction_end: Decimal(*auction_end) }
            }
            Lifecycle::Gap { boot, auction, money } => LifecycleForm::Gap {
                of_boot: Decimal(*boot),
                unused_auction: decimals(auction),
                unused_money: decimals(money),
            },
            Lifecycle::LateSync { auction } => {
                LifecycleForm::LateSync { of: Cow::Owned(auction.to_string()) }
            }
            Lifecycle::Cut { stream, index, bytes } => LifecycleForm::Cut {
                index: Decimal(*index),
                length: Decimal(*bytes),
                stream: *stream,
            },
            Lifecycle::Clock { lag_ms } => LifecycleForm::Clock { lag_ms: Decimal(*lag_ms) },
        }
    }

    /// Returns the event; none when it names no auction where it should.
    pub(super) fn event(&self) -> Option<Lifecycle> {
        let numbers = |decimals: &[Decimal]| decimals.iter().map(|number| number.0).collect();
        Some(match self {
            Self::Start => Lifecycle::Start,
            Self::NewOrigin { follows: FollowsForm { auction, money } } => {
                let note = |note: &Option<Cow<'_, str>>| note.as_deref().map(Box::from);
                Lifecycle::NewOrigin { auction: note(auction), money: note(money) }
            }
            Self::KeyChange { new, old, stream } => Lifecycle::KeyChange {
                stream: *stream,
                old: Box::from(&**old),
                new: Box::from(&**new),
            },
            Self::Stop { auction_end } => Lifecycle::Stop { auction_end: auction_end.0 },
            Self::Gap { of_boot, unused_auction, unused_money } => Lifecycle::Gap {
                boot: of_boot.0,
                auction: numbers(unused_auction),
                money: numbers(unused_money),
            },
            Self::LateSync { of } => Lifecycle::LateSync { auction: AuctionId::parse(of)? },
            Self::Cut { index, length, stream } => {
                Lifecycle::Cut { stream: *stream, index: index.0, bytes: length.0 }
            }
            Self::Clock { lag_ms } => Lifecycle::Clock { lag_ms: lag_ms.0 },
        })
    }
}
