//! Every reason the exchange can give, each with its codes and words.
//!
//! Used by the auction, `lurl`, metrics, logs and records. Codes below 500 are IAB's (OpenRTB 3.0
//! loss reasons, the seat-non-bid extension, no-bid reasons); codes from 500 are ours, published
//! in `docs/integrating.md`.

/// A reason in words: a row of the tables below.
struct Row {
    name: &'static str,
    /// Loss code or, for `NoFillReason`, `nbr`.
    code: u16,
    /// Seat-non-bid code.
    non_bid: u16,
    sentence: &'static str,
    remedy: &'static str,
}

/// Shortens the tables.
const fn row(
    name: &'static str,
    code: u16,
    non_bid: u16,
    sentence: &'static str,
    remedy: &'static str,
) -> Row {
    Row { name, code, non_bid, sentence, remedy }
}

/// Declares a closed set of reasons from one table; a function cannot make types.
macro_rules! reasons {
    (
        $(#[$doc:meta])* $name:ident, $code:ident: $code_doc:literal;
        $($variant:ident = $row:expr;)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[expect(missing_docs, reason = "the sentence of each variant's row says what it means")]
        pub enum $name { $($variant,)+ }

        impl $name {
            /// All reasons, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Their names, in the same order.
            const NAMES: &[&str] = &[$($row.name,)+];

            const fn row(self) -> Row {
                match self { $(Self::$variant => $row,)+ }
            }

            /// Returns the name used in records, metrics, logs and answers.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.row().name
            }

            #[doc = $code_doc]
            #[must_use]
            pub const fn $code(self) -> u16 {
                self.row().code
            }

            /// Returns the status code of the seat-non-bid extension.
            #[must_use]
            pub const fn non_bid_code(self) -> u16 {
                self.row().non_bid
            }

            /// Returns one sentence that says what happened.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                self.row().sentence
            }

            /// Returns what to do about it, and who.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                self.row().remedy
            }

            /// Returns the reason of a name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().position(|own| *own == name).map(|place| Self::ALL[place])
            }
        }
    };
}

reasons! {
    /// What came of a bidder that sent no bids that count, asked or not.
    CallReason, loss_code: "Returns the loss code of bids in such a response, 0 where there are none.";
    NoBid = row("no_bid", 0, 0, "The bidder chose not to bid.", "Nothing.");
    BidderError = row("bidder_error", 3, 100, "The bidder's answer broke HTTP, its limits or the connection.",
        "Bidder: look at the status and framing of the answer.");
    Timeout = row("timeout", 2, 101, "No complete answer came by the cutoff.",
        "Bidder: answer within tmax, network included.");
    InvalidResponse = row("invalid_response", 3, 102, "The answer is not an OpenRTB response.",
        "Bidder: send JSON as OpenRTB 2.6 describes it.");
    WrongRequestId = row("wrong_request_id", 5, 102, "The answer names another request.",
        "Bidder: echo the id of the request.");
    Unreachable = row("unreachable", 0, 103, "No connection to the bidder could be made.",
        "Operator: check endpoint, DNS and TLS of the bidder.");
    SkippedSwitch = row("skipped_switch", 0, 200, "A kill switch turns the bidder off.", "Operator: lift the switch.");
    SkippedMarket = row("skipped_market", 0, 200, "The market does not offer this break to the bidder.",
        "Operator: check the bidder's seats and deals.");
    SkippedChannel = row("skipped_channel", 0, 201, "The bidder does not take this channel.", "Nothing.");
    SkippedMedia = row("skipped_media", 0, 202, "The bidder does not take this kind of ad or pod.",
        "Operator: check lengths and pods of placement and bidder.");
    SkippedQps = row("skipped_qps", 0, 203, "The bidder's calls-per-second limit is used up.",
        "Bidder or operator: raise qps.");
    SkippedSelection = row("skipped_selection", 0, 203, "Under load, others were expected to be worth more per call.",
        "Nothing.");
    SkippedInFlight = row("skipped_in_flight", 0, 203, "Too many calls to the bidder are under way.",
        "Bidder: answer faster.");
    SkippedPrivacy = row("skipped_privacy", 0, 204, "The viewer's consent does not cover the bidder.", "Nothing.");
    SkippedHealth = row("skipped_health", 0, 103, "The bidder's endpoint fails too often, or cannot be reached.",
        "Bidder: mend the endpoint.");
    SkippedNoConnection = row("skipped_no_connection", 0, 103, "No connection to the bidder was ready.",
        "Operator: compare its connections and dials in the metrics.");
}

reasons! {
    /// Why a bid lost.
    LossReason, loss_code: "Returns the code for `${AUCTION_LOSS}`.";
    Late = row("late", 2, 101, "It came after the cutoff.", "Answer within tmax, network included.");
    InvalidResponse = row("invalid_response", 3, 102, "Its response is not an OpenRTB response.",
        "Send JSON as OpenRTB 2.6 describes it.");
    WrongRequestId = row("wrong_request_id", 5, 102, "Its response names another request.",
        "Echo the id of the request.");
    InvalidBid = row("invalid_bid", 3, 300, "A required member is missing or malformed.",
        "Send id, impid and price as OpenRTB types them.");
    UnknownImp = row("unknown_imp", 3, 300, "Its impid names no imp of the request.", "Answer the imps offered.");
    CurrencyNotOffered = row("currency_not_offered", 3, 300, "Its currency was not offered.",
        "Bid in a currency of request.cur.");
    CurrencyWithoutRate = row("currency_without_rate", 3, 300, "There is no fresh rate for its currency.",
        "Operator: refresh the rates.");
    TooManyBids = row("too_many_bids", 3, 300, "It came after the most bids a response may hold.",
        "Send at most 64 bids in 16 seatbids.");
    NoticeUrlRefused = row("notice_url_refused", 3, 300, "Its nurl or burl breaks the rules for notice addresses.",
        "Use https, a registered domain and no odd characters.");
    PriceMissing = row("price_missing", 9, 300, "It has no price that can be believed.",
        "Send a JSON number above 0 and below the cap.");
    DealUnknown = row("deal_unknown", 4, 300, "Its deal was not offered.", "Use a deal id of the imp.");
    DealRequired = row("deal_required", 4, 300, "The imp is sold through deals only.", "Use a deal id of the imp.");
    AdvertiserMissing = row("advertiser_missing", 6, 300, "It names no advertiser domain.", "Send adomain.");
    MarkupMissing = row("markup_missing", 7, 350, "It has no markup, or markup without an ad.", "Send VAST in adm.");
    CreativeIdMissing = row("creative_id_missing", 8, 350, "It has no creative id.", "Send crid.");
    MarkupBroken = row("markup_broken", 200, 350, "Its markup is not VAST that can be served.",
        "Validate the VAST; no DOCTYPE, one InLine, a Linear with media.");
    SeveralAds = row("several_ads", 200, 350, "Its markup holds several ads.", "Send one ad a bid.");
    WrapperRefused = row("wrapper_refused", 200, 350, "Its markup is a Wrapper that was not, or could not be, followed to its ad in time.",
        "Send InLine VAST, or a Wrapper by the rules where its protocols are offered.");
    CreativeNotReady = row("creative_not_ready", 201, 350, "The stitcher has not prepared the creative.",
        "Try again later.");
    CreativeDisapproved = row("creative_disapproved", 202, 350, "The creative is disapproved.",
        "Send another creative.");
    Size = row("size", 203, 351, "Its size is not the one offered.", "Match w and h.");
    Protocol = row("protocol", 204, 353, "Its VAST version was not offered.", "Use a protocol of the imp.");
    Insecure = row("insecure", 207, 352, "Its markup holds plain http where https is required.",
        "Serve all assets over https.");
    Language = row("language", 208, 350, "Its language was not offered.", "Match wlang or wlangb.");
    AdvertiserBlocked = row("advertiser_blocked", 205, 356, "The publisher blocks its advertiser.",
        "Honour badv.");
    CategoryBlocked = row("category_blocked", 209, 357, "The publisher blocks its category.", "Honour bcat.");
    AttributeBlocked = row("attribute_blocked", 210, 350, "The publisher blocks one of its attributes.",
        "Honour battr.");
    ApiUnsupported = row("api_unsupported", 210, 350, "It needs an API the player lacks.", "Honour api.");
    AppBlocked = row("app_blocked", 215, 300, "The publisher blocks the advertised app.", "Honour bapp.");
    MediaType = row("media_type", 211, 353, "It is not the kind of ad offered.", "Send linear video.");
    SeatNotAllowed = row("seat_not_allowed", 104, 300, "Its seat may not bid here.", "Honour wseat and bseat.");
    DealAdvertiser = row("deal_advertiser", 213, 300, "Its advertiser is not in the deal.", "Honour wadomain.");
    ExpiresTooSoon = row("expires_too_soon", 2, 300, "It expires before it could play.", "Raise exp.");
    BelowFloor = row("below_floor", 100, 301, "Its price is below the floor.", "Bid at least bidfloor.");
    BelowDealFloor = row("below_deal_floor", 101, 304, "Its price is below the deal's.",
        "Bid at least the deal's floor.");
    Outbid = row("outbid", 102, 300, "Higher bids filled the break.", "Bid more.");
    DisplacedByDeal = row("displaced_by_deal", 103, 300, "A deal came first by the publisher's policy.",
        "Agree a deal.");
    DurationNotAllowed = row("duration_not_allowed", 501, 350,
        "Its length is missing, not offered, or not that of its markup.", "Match rqddurs and the VAST Duration.");
    PodFull = row("pod_full", 502, 300, "The most ads were reached though seconds were free.", "Bid more.");
    SlotTaken = row("slot_taken", 503, 300, "The only place it would take went to another.",
        "Bid for any place, or bid more.");
    Separation = row("separation", 504, 355, "It conflicts with a chosen ad.", "Offer another creative.");
    GroupIncomplete = row("group_incomplete", 505, 300, "Another bid of its all-or-nothing group lost.",
        "Bid without group.");
    Duplicate = row("duplicate", 506, 302, "Its id repeats another bid of the response.", "Use unique bid ids.");
}

reasons! {
    /// Why a whole request was not filled.
    NoFillReason, nbr: "Returns the OpenRTB no-bid reason.";
    NoBid = row("no_bid", 0, 0, "No bid could be sold.", "See the fates of the bids.");
    Technical = row("technical", 1, 0, "It needs what this exchange does not do yet, or the exchange failed.",
        "See the counter by field.");
    PublisherBlocked = row("publisher_blocked", 7, 0, "The bundle or domain is not registered.",
        "Publisher: register it.");
    TooLate = row("too_late", 15, 0, "Too little of the caller's time was left.", "Caller: ask earlier or wait longer.");
    CannotRecord = row("cannot_record", 500, 0, "The journal could not take the record.",
        "Operator: look at the disk.");
    Shed = row("shed", 501, 0, "The exchange is overloaded.", "Operator: add capacity.");
    SwitchedOff = row("switched_off", 502, 0, "A kill switch is on.", "Operator: lift the switch.");
    NoBidders = row("no_bidders", 503, 0, "No bidder could be asked.", "Operator: check bidders and quotas.");
}

reasons! {
    /// Why seconds of a break stayed unfilled: what the best bid refused there failed on.
    UnfilledReason, nbr: "Returns the OpenRTB no-bid reason, 0 where none fits.";
    NoBid = row("no_bid", 0, 0, "Nobody bid for them.", "Ask more bidders.");
    BelowFloor = row("below_floor", 0, 0, "The best bid for them was below the floor.", "Publisher: lower the floor.");
    Blocked = row("blocked", 0, 0, "The best bid for them was refused: blocked, or not fit to be shown.",
        "See why that bid lost; publisher: review blocks.");
    Timeout = row("timeout", 0, 0, "Bidders that might have filled them were late.", "Raise tmax.");
    Duration = row("duration", 0, 0, "The bids left did not fit them.", "Allow more lengths.");
    Separation = row("separation", 0, 0, "The best bid for them conflicts with a chosen ad.",
        "Publisher: loosen separation.");
    Technical = row("technical", 1, 0, "The exchange could not sell them.", "See the request's reason.");
    TooLate = row("too_late", 15, 0, "Too little time was left to sell them.", "Caller: ask earlier.");
    CannotRecord = row("cannot_record", 500, 0, "The journal could not take the record.", "Operator: look at the disk.");
    Shed = row("shed", 501, 0, "The exchange is overloaded.", "Operator: add capacity.");
    NoBidders = row("no_bidders", 503, 0, "No bidder could be asked.", "Operator: check bidders and quotas.");
}

#[cfg(test)]
mod tests;
