//! What is wrong with a config, where, and what to do about it.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// One problem and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// `BW` and four digits; append-only.
    pub code: &'static str,
    /// What is wrong, the value at fault included.
    pub message: String,
    /// A few words for the place in the file.
    pub label: String,
    /// What to do.
    pub help: String,
    /// The bytes of the file at fault.
    pub span: Range<usize>,
    /// A second place, with a few words for it: what the first one clashes with.
    pub also: Option<(Range<usize>, String)>,
}

impl Problem {
    pub(super) fn syntax(error: &toml::de::Error) -> Self {
        let label = "not understood from here on".to_owned();
        let help = "the file must be TOML 1.0: check quotes, brackets and equals signs".to_owned();
        let span = error.span().unwrap_or(0..0);
        let message = error.message().to_owned();
        Self { code: SYNTAX, message, label, help, span, also: None }
    }
}

/// Not TOML.
pub(super) const SYNTAX: &str = "BW0101";
/// A key nobody knows.
pub(super) const UNKNOWN_KEY: &str = "BW0102";
/// A value of the wrong type.
pub(super) const WRONG_TYPE: &str = "BW0103";
/// A key that must be there.
pub(super) const MISSING_KEY: &str = "BW0104";
/// A value that cannot be.
pub(super) const BAD_VALUE: &str = "BW0105";
/// A name that refers to nothing.
pub(super) const DANGLING: &str = "BW0106";
/// A name given twice.
pub(super) const REPEATED: &str = "BW0107";
/// Something this version does not do yet.
pub(super) const NOT_BUILT: &str = "BW0108";
/// A secret that cannot be read.
pub(super) const NO_SECRET: &str = "BW0109";
/// What a running exchange cannot change.
pub(super) const NEEDS_RESTART: &str = "BW0110";
/// More than memory or descriptors hold.
pub(super) const NO_ROOM: &str = "BW0111";

/// All problems of one file.
#[derive(Debug)]
pub struct Problems {
    /// In the order of their places.
    pub list: Vec<Problem>,
    source: NamedSource<String>,
}

impl Problems {
    pub(super) fn new(name: &str, text: &str, mut list: Vec<Problem>) -> Self {
        list.sort_by_cached_key(|problem| {
            (problem.span.start, problem.span.end, problem.code, problem.message.clone())
        });
        // A value that is read twice is at fault once.
        list.dedup();
        Self { list, source: NamedSource::new(name, text.to_owned()) }
    }

    /// Returns the line and column of a problem, both from 1.
    #[must_use]
    pub fn place(&self, problem: &Problem) -> (usize, usize) {
        self.place_of(&problem.span)
    }

    /// Returns the line and column of bytes of the file, both from 1.
    #[must_use]
    pub fn place_of(&self, span: &Range<usize>) -> (usize, usize) {
        let before = &self.source.inner()[..span.start.min(self.source.inner().len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// Returns each problem as a report of its own, ready to print.
    pub fn reports(&self) -> impl Iterator<Item = Report<'_>> {
        self.list.iter().map(|problem| Report { problem, source: &self.source })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "{}: {count} {noun}", self.source.name())
    }
}

impl std::error::Error for Problems {}

/// One problem with the file it is in, as miette prints it.
#[derive(Debug)]
pub struct Report<'a> {
    problem: &'a Problem,
    source: &'a NamedSource<String>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.problem.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.problem.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Problem { label, span, also, .. } = self.problem;
        let first = LabeledSpan::new_with_span(Some(label.clone()), span.clone());
        let second = also.as_ref();
        let second = second
            .map(|(span, label)| LabeledSpan::new_with_span(Some(label.clone()), span.clone()));
        Some(Box::new(std::iter::once(first).chain(second)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source)
    }
}
