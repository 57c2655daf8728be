//! The viewer's device.

use std::borrow::Cow;

object! {
    /// A device (OpenRTB 2.6, section 3.2.18).
    pub struct Device<'a> {
        /// Where it is.
        pub geo: Option<Box<Geo<'a>>>,
        /// Whether the browser asks not to be tracked.
        pub dnt: Option<bool>,
        /// Whether the system asks for limited tracking.
        pub lmt: Option<bool>,
        /// User agent; see `sua`.
        pub ua: Option<Cow<'a, str>>,
        /// User agent in parts, preferred to `ua`.
        pub sua: Option<Box<UserAgent<'a>>>,
        /// IPv4 address.
        pub ip: Option<Cow<'a, str>>,
        /// IPv6 address.
        pub ipv6: Option<Cow<'a, str>>,
        /// Kind of device, see [`crate::list::device`].
        pub devicetype: Option<i32>,
        /// Make.
        pub make: Option<Cow<'a, str>>,
        /// Model.
        pub model: Option<Cow<'a, str>>,
        /// Operating system.
        pub os: Option<Cow<'a, str>>,
        /// Version of the operating system.
        pub osv: Option<Cow<'a, str>>,
        /// Version of the hardware.
        pub hwv: Option<Cow<'a, str>>,
        /// Height of the screen in pixels.
        pub h: Option<i32>,
        /// Width of the screen in pixels.
        pub w: Option<i32>,
        /// Pixels per inch.
        pub ppi: Option<i32>,
        /// Physical pixels per device-independent pixel.
        pub pxratio: Option<f64>,
        /// Whether JavaScript runs.
        pub js: Option<bool>,
        /// Whether JavaScript may ask for the place.
        pub geofetch: Option<bool>,
        /// Version of Flash.
        pub flashver: Option<Cow<'a, str>>,
        /// Language, ISO 639-1; excludes `langb`.
        pub language: Option<Cow<'a, str>>,
        /// Language, BCP 47; excludes `language`.
        pub langb: Option<Cow<'a, str>>,
        /// Carrier or provider.
        pub carrier: Option<Cow<'a, str>>,
        /// Mobile country and network codes, with a dash between.
        pub mccmnc: Option<Cow<'a, str>>,
        /// Kind of connection.
        pub connectiontype: Option<i32>,
        /// Advertising id, in clear.
        pub ifa: Option<Cow<'a, str>>,
        /// Hardware id, SHA-1; deprecated.
        pub didsha1: Option<Cow<'a, str>>,
        /// Hardware id, MD5; deprecated.
        pub didmd5: Option<Cow<'a, str>>,
        /// Platform id, SHA-1; deprecated.
        pub dpidsha1: Option<Cow<'a, str>>,
        /// Platform id, MD5; deprecated.
        pub dpidmd5: Option<Cow<'a, str>>,
        /// MAC address, SHA-1; deprecated.
        pub macsha1: Option<Cow<'a, str>>,
        /// MAC address, MD5; deprecated.
        pub macmd5: Option<Cow<'a, str>>,
    }
}

object! {
    /// A place (OpenRTB 2.6, section 3.2.19).
    pub struct Geo<'a> {
        /// Latitude in degrees, south negative.
        pub lat: Option<f64>,
        /// Longitude in degrees, west negative.
        pub lon: Option<f64>,
        /// Where it is known from: 1 GPS, 2 IP address, 3 the user.
        pub r#type: Option<i32> = "type",
        /// Accuracy in metres.
        pub accuracy: Option<i32>,
        /// Seconds since it was found.
        pub lastfix: Option<i64>,
        /// Service that found it from the IP address.
        pub ipservice: Option<i32>,
        /// Country, ISO 3166-1 alpha-3.
        pub country: Option<Cow<'a, str>>,
        /// Region, ISO 3166-2.
        pub region: Option<Cow<'a, str>>,
        /// Region, FIPS 10-4.
        pub regionfips104: Option<Cow<'a, str>>,
        /// Metropolitan area.
        pub metro: Option<Cow<'a, str>>,
        /// City.
        pub city: Option<Cow<'a, str>>,
        /// Postal code.
        pub zip: Option<Cow<'a, str>>,
        /// Local time less UTC, in minutes.
        pub utcoffset: Option<i32>,
    }
}

object! {
    /// A user agent in parts (OpenRTB 2.6, section 3.2.29).
    pub struct UserAgent<'a> {
        /// Browsers and libraries.
        pub browsers: Option<Vec<BrandVersion<'a>>>,
        /// Operating system.
        pub platform: Option<BrandVersion<'a>>,
        /// Whether it prefers mobile content.
        pub mobile: Option<bool>,
        /// Architecture.
        pub architecture: Option<Cow<'a, str>>,
        /// Bitness.
        pub bitness: Option<Cow<'a, str>>,
        /// Model.
        pub model: Option<Cow<'a, str>>,
        /// 0 unknown, 1 low-entropy hints, 2 high-entropy hints, 3 a parsed user agent.
        pub source: Option<i32>,
    }
}

object! {
    /// A name and its version (OpenRTB 2.6, section 3.2.30).
    pub struct BrandVersion<'a> {
        /// Name.
        pub brand: Cow<'a, str>,
        /// Version, part by part.
        pub version: Option<Vec<Cow<'a, str>>>,
    }
}
