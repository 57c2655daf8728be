//! Values of enumerations (AdCOM 1.0, lists). Members keep the plain integer: an unknown one is no
//! error, and those from 500 belong to vendors.

/// Kinds of auction (`request.at`, `deal.at`).
pub mod auction {
    /// The winner pays its bid.
    pub const FIRST_PRICE: i32 = 1;
    /// The winner pays what it needed to win, possibly a little more.
    pub const SECOND_PRICE: i32 = 2;
    /// The deal's floor is the agreed price; for deals only.
    pub const FIXED_PRICE: i32 = 3;
}

/// Kinds of ad (`bid.mtype`).
pub mod markup {
    /// A banner.
    pub const BANNER: i32 = 1;
    /// A video.
    pub const VIDEO: i32 = 2;
    /// Audio.
    pub const AUDIO: i32 = 3;
    /// A native ad.
    pub const NATIVE: i32 = 4;
}

/// Kinds of audio and video markup (`protocols`, `bid.protocol`); an inline version does not allow
/// its wrapper.
pub mod protocol {
    /// VAST 1.0.
    pub const VAST_1_0: i32 = 1;
    /// VAST 2.0.
    pub const VAST_2_0: i32 = 2;
    /// VAST 3.0.
    pub const VAST_3_0: i32 = 3;
    /// VAST 1.0 Wrapper.
    pub const VAST_1_0_WRAPPER: i32 = 4;
    /// VAST 2.0 Wrapper.
    pub const VAST_2_0_WRAPPER: i32 = 5;
    /// VAST 3.0 Wrapper.
    pub const VAST_3_0_WRAPPER: i32 = 6;
    /// VAST 4.0.
    pub const VAST_4_0: i32 = 7;
    /// VAST 4.0 Wrapper.
    pub const VAST_4_0_WRAPPER: i32 = 8;
    /// DAAST 1.0.
    pub const DAAST_1_0: i32 = 9;
    /// DAAST 1.0 Wrapper.
    pub const DAAST_1_0_WRAPPER: i32 = 10;
    /// VAST 4.1.
    pub const VAST_4_1: i32 = 11;
    /// VAST 4.1 Wrapper.
    pub const VAST_4_1_WRAPPER: i32 = 12;
    /// VAST 4.2.
    pub const VAST_4_2: i32 = 13;
    /// VAST 4.2 Wrapper.
    pub const VAST_4_2_WRAPPER: i32 = 14;
    /// VAST 4.3.
    pub const VAST_4_3: i32 = 15;
    /// VAST 4.3 Wrapper.
    pub const VAST_4_3_WRAPPER: i32 = 16;
}

/// Frameworks (`api`, `bid.apis`).
pub mod api {
    /// VPAID 1.0.
    pub const VPAID_1: i32 = 1;
    /// VPAID 2.0.
    pub const VPAID_2: i32 = 2;
    /// MRAID 1.
    pub const MRAID_1: i32 = 3;
    /// ORMMA.
    pub const ORMMA: i32 = 4;
    /// MRAID 2.
    pub const MRAID_2: i32 = 5;
    /// MRAID 3.
    pub const MRAID_3: i32 = 6;
    /// OMID 1.
    pub const OMID_1: i32 = 7;
    /// SIMID 1.0.
    pub const SIMID_1_0: i32 = 8;
    /// SIMID 1.1.
    pub const SIMID_1_1: i32 = 9;
}

/// Kinds of placement (`video.plcmt`).
pub mod placement {
    /// In a stream the viewer came for, with sound or clear intent.
    pub const INSTREAM: i32 = 1;
    /// Beside the content the viewer came for.
    pub const ACCOMPANYING: i32 = 2;
    /// Between contents.
    pub const INTERSTITIAL: i32 = 3;
    /// Without content.
    pub const STANDALONE: i32 = 4;
    /// While paused.
    pub const PAUSE: i32 = 5;
    /// As a screensaver.
    pub const SCREENSAVER: i32 = 6;
    /// Over the content.
    pub const OVERLAY: i32 = 7;
    /// Around the content, which is made smaller.
    pub const SQUEEZEBACK: i32 = 8;
    /// Inside the content's picture.
    pub const IN_SCENE: i32 = 9;
}

/// Places in a pod (`slotinpod`).
pub mod slot {
    /// Any.
    pub const ANY: i32 = 0;
    /// The first.
    pub const FIRST: i32 = 1;
    /// The first or the last.
    pub const FIRST_OR_LAST: i32 = 2;
    /// The last.
    pub const LAST: i32 = -1;
}

/// Places in a stream (`startdelay`) that are no number of seconds.
pub mod start {
    /// Before the content.
    pub const PRE_ROLL: i32 = 0;
    /// Within the content, at an unknown time.
    pub const MID_ROLL: i32 = -1;
    /// After the content.
    pub const POST_ROLL: i32 = -2;
}

/// What may not repeat in a pod (`video.poddedupe`).
pub mod dedupe {
    /// The advertiser's domain.
    pub const ADVERTISER: i32 = 1;
    /// The category.
    pub const CATEGORY: i32 = 2;
    /// The creative id.
    pub const CREATIVE: i32 = 3;
    /// The address of the media file.
    pub const MEDIA_FILE: i32 = 4;
    /// Anything may repeat.
    pub const NONE: i32 = 5;
}

/// Who stitches (`imp.ssai`).
pub mod ssai {
    /// Unknown.
    pub const UNKNOWN: i32 = 0;
    /// The client does everything.
    pub const CLIENT: i32 = 1;
    /// The server stitches, the client sends the beacons.
    pub const STITCHED: i32 = 2;
    /// The server does everything.
    pub const SERVER: i32 = 3;
}

/// Kinds of device (`device.devicetype`).
pub mod device {
    /// A phone or tablet.
    pub const MOBILE: i32 = 1;
    /// A personal computer.
    pub const COMPUTER: i32 = 2;
    /// A television.
    pub const TELEVISION: i32 = 3;
    /// A phone.
    pub const PHONE: i32 = 4;
    /// A tablet.
    pub const TABLET: i32 = 5;
    /// A connected device, such as a stick or a console.
    pub const CONNECTED_DEVICE: i32 = 6;
    /// A set-top box.
    pub const SET_TOP_BOX: i32 = 7;
    /// An out-of-home screen.
    pub const OUT_OF_HOME: i32 = 8;
}

/// Taxonomies of categories (`cattax`, `gtax`).
pub mod category_taxonomy {
    /// Content 1.0, the default of `cattax`; deprecated.
    pub const CONTENT_1_0: i32 = 1;
    /// Content 2.0; deprecated.
    pub const CONTENT_2_0: i32 = 2;
    /// Ad Product 1.0.
    pub const AD_PRODUCT_1_0: i32 = 3;
    /// Audience 1.1.
    pub const AUDIENCE_1_1: i32 = 4;
    /// Content 2.1.
    pub const CONTENT_2_1: i32 = 5;
    /// Content 2.2.
    pub const CONTENT_2_2: i32 = 6;
    /// Content 3.0.
    pub const CONTENT_3_0: i32 = 7;
    /// Ad Product 2.0.
    pub const AD_PRODUCT_2_0: i32 = 8;
    /// Content 3.1, the default of `gtax`.
    pub const CONTENT_3_1: i32 = 9;
}

/// Reasons for no bid (`response.nbr`).
pub mod no_bid {
    /// Unknown.
    pub const UNKNOWN: i32 = 0;
    /// A technical error.
    pub const TECHNICAL: i32 = 1;
    /// The request is invalid.
    pub const INVALID_REQUEST: i32 = 2;
    /// A known crawler.
    pub const CRAWLER: i32 = 3;
    /// Suspected to be no human.
    pub const NON_HUMAN: i32 = 4;
    /// The address of a data centre or proxy.
    pub const DATA_CENTRE: i32 = 5;
    /// The device is not supported.
    pub const DEVICE: i32 = 6;
    /// The publisher or site is blocked.
    pub const PUBLISHER_BLOCKED: i32 = 7;
    /// The viewer is not known.
    pub const UNMATCHED_USER: i32 = 8;
    /// The viewer's daily cap is reached.
    pub const USER_CAP: i32 = 9;
    /// The domain's daily cap is reached.
    pub const DOMAIN_CAP: i32 = 10;
    /// `ads.txt` cannot be had.
    pub const ADS_TXT_UNAVAILABLE: i32 = 11;
    /// `ads.txt` does not allow it.
    pub const ADS_TXT_VIOLATION: i32 = 12;
    /// `ads.cert` cannot be had.
    pub const ADS_CERT_UNAVAILABLE: i32 = 13;
    /// `ads.cert` does not allow it.
    pub const ADS_CERT_VIOLATION: i32 = 14;
    /// Too little time.
    pub const TOO_LITTLE_TIME: i32 = 15;
    /// The supply chain is not complete.
    pub const INCOMPLETE_CHAIN: i32 = 16;
    /// A node of the supply chain is blocked.
    pub const BLOCKED_NODE: i32 = 17;
}

/// Reasons for a loss (`${AUCTION_LOSS}`; OpenRTB 3.0, list Loss Reason Codes).
pub mod loss {
    /// The bid won.
    pub const WON: i32 = 0;
    /// An error inside the exchange.
    pub const INTERNAL: i32 = 1;
    /// The opportunity is over.
    pub const EXPIRED: i32 = 2;
    /// The response is invalid.
    pub const INVALID_RESPONSE: i32 = 3;
    /// The deal id is invalid.
    pub const INVALID_DEAL: i32 = 4;
    /// The auction id is invalid.
    pub const INVALID_AUCTION: i32 = 5;
    /// The advertiser's domain is invalid.
    pub const INVALID_ADVERTISER: i32 = 6;
    /// The markup is missing.
    pub const NO_MARKUP: i32 = 7;
    /// The creative id is missing.
    pub const NO_CREATIVE: i32 = 8;
    /// The price is missing.
    pub const NO_PRICE: i32 = 9;
    /// What approval needs is missing.
    pub const NO_APPROVAL_DATA: i32 = 10;
    /// Below the auction's floor.
    pub const BELOW_FLOOR: i32 = 100;
    /// Below the deal's floor.
    pub const BELOW_DEAL_FLOOR: i32 = 101;
    /// A higher bid won.
    pub const OUTBID: i32 = 102;
    /// A bid on a deal won.
    pub const LOST_TO_DEAL: i32 = 103;
    /// The seat is blocked.
    pub const SEAT_BLOCKED: i32 = 104;
    /// The creative is filtered, for a reason not said.
    pub const CREATIVE: i32 = 200;
    /// The creative is not approved yet.
    pub const CREATIVE_PENDING: i32 = 201;
    /// The creative is disapproved.
    pub const CREATIVE_DISAPPROVED: i32 = 202;
    /// The size is not allowed.
    pub const CREATIVE_SIZE: i32 = 203;
    /// The format is wrong.
    pub const CREATIVE_FORMAT: i32 = 204;
    /// The advertiser is excluded.
    pub const ADVERTISER_EXCLUDED: i32 = 205;
    /// The app's store id is excluded.
    pub const APP_EXCLUDED: i32 = 206;
    /// The creative is not secure.
    pub const NOT_SECURE: i32 = 207;
    /// The language is excluded.
    pub const LANGUAGE_EXCLUDED: i32 = 208;
    /// The category is excluded.
    pub const CATEGORY_EXCLUDED: i32 = 209;
    /// A creative attribute is excluded.
    pub const ATTRIBUTE_EXCLUDED: i32 = 210;
    /// The kind of ad is excluded.
    pub const TYPE_EXCLUDED: i32 = 211;
    /// The animation is too long.
    pub const ANIMATION_TOO_LONG: i32 = 212;
    /// The deal does not allow it.
    pub const NOT_IN_DEAL: i32 = 213;
    /// The SKAdNetwork is invalid.
    pub const INVALID_SKADNETWORK: i32 = 214;
    /// The app's bundle is excluded.
    pub const BUNDLE_EXCLUDED: i32 = 215;
}

/// Reasons why a seat has no bid in the answer (community extension Seat Non Bid); below 100 as
/// [`no_bid`].
pub mod non_bid {
    /// An error.
    pub const ERROR: i32 = 100;
    /// No answer in time.
    pub const TIMEOUT: i32 = 101;
    /// The answer is invalid.
    pub const INVALID_RESPONSE: i32 = 102;
    /// The bidder cannot be reached.
    pub const UNREACHABLE: i32 = 103;
    /// The request was blocked.
    pub const REQUEST_BLOCKED: i32 = 200;
    /// The bidder does not buy this channel.
    pub const CHANNEL: i32 = 201;
    /// The bidder does not buy this media type.
    pub const MEDIA_TYPE: i32 = 202;
    /// Left out to save traffic.
    pub const OPTIMISED_AWAY: i32 = 203;
    /// Left out for privacy.
    pub const PRIVACY: i32 = 204;
    /// The bid was rejected.
    pub const REJECTED: i32 = 300;
    /// Below the floor.
    pub const BELOW_FLOOR: i32 = 301;
    /// A duplicate.
    pub const DUPLICATE: i32 = 302;
    /// The category cannot be mapped.
    pub const CATEGORY_MAPPING: i32 = 303;
    /// Below the deal's floor.
    pub const BELOW_DEAL_FLOOR: i32 = 304;
    /// The creative is invalid.
    pub const INVALID_CREATIVE: i32 = 350;
    /// The size is not allowed.
    pub const SIZE: i32 = 351;
    /// The creative is not secure.
    pub const NOT_SECURE: i32 = 352;
    /// The format is wrong.
    pub const FORMAT: i32 = 353;
    /// The creative is malware.
    pub const MALWARE: i32 = 354;
    /// A competitor is in the pod.
    pub const COMPETITOR: i32 = 355;
    /// The advertiser is blocked.
    pub const ADVERTISER_BLOCKED: i32 = 356;
    /// The category is blocked.
    pub const CATEGORY_BLOCKED: i32 = 357;
}
