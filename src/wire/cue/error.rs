//! Why a message was refused: the first failure in a fixed order.

use thiserror::Error;

/// Why a message is invalid. The sender of the message is at fault.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum CueError {
    /// The text is not what its carriage promises, or too long.
    #[error("reading the message: {0}")]
    Encoding(Box<str>),
    /// The section is shorter than it says, or outside the limits.
    #[error("measuring the section: {0}")]
    Truncated(Box<str>),
    /// The bytes are not a splice section.
    #[error("table id {0:#04x} is not 0xfc, that of a splice section")]
    TableId(u8),
    /// The checksum does not match the bytes.
    #[error("checksum {stated:#010x} does not match the bytes, which make {computed:#010x}")]
    Crc {
        /// What the message says.
        stated: u32,
        /// What its bytes make.
        computed: u32,
    },
    /// The message is of a version that does not exist yet.
    #[error("protocol version {0} is unknown, only 0 is")]
    ProtocolVersion(u8),
    /// The command does not fit its length.
    #[error("reading the command: {0}")]
    Command(Box<str>),
    /// A descriptor, or their loop, does not fit its length.
    #[error("reading the descriptors: {0}")]
    Descriptor(Box<str>),
    /// The document is not XML that carries a message.
    #[error("reading the document: {0}")]
    Xml(Box<str>),
    /// The message is sound but names no event a break could be known by.
    #[error("the message names no event")]
    NoEvent,
}

impl CueError {
    /// Returns the word for the failure: `encoding`, `truncated`, `table_id`, `crc`,
    /// `protocol_version`, `command`, `descriptor`, `xml`, `no_event`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "encoding",
            Self::Truncated(_) => "truncated",
            Self::TableId(_) => "table_id",
            Self::Crc { .. } => "crc",
            Self::ProtocolVersion(_) => "protocol_version",
            Self::Command(_) => "command",
            Self::Descriptor(_) => "descriptor",
            Self::Xml(_) => "xml",
            Self::NoEvent => "no_event",
        }
    }
}
