//! Reads one table key by key and reports all that is wrong with it, instead of the first thing.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::problem::{BAD_VALUE, MISSING_KEY, NOT_BUILT, Problem, UNKNOWN_KEY, WRONG_TYPE};

/// Where problems gather.
#[derive(Debug, Default)]
pub(super) struct Reporter(RefCell<Vec<Problem>>);

impl Reporter {
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.0.into_inner()
    }

    pub(super) fn report(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }
}

/// A value and its place in the file.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// One table, read key by key; what was not asked for is unknown.
pub(super) struct Section<'a> {
    name: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
    reporter: &'a Reporter,
}

impl<'a> Section<'a> {
    pub(super) fn root(table: &'a DeTable<'a>, reporter: &'a Reporter) -> Self {
        Self { name: String::new(), table, span: 0..0, known: RefCell::default(), reporter }
    }

    fn of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Self> {
        let name =
            if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        let span = value.span();
        Some(Self { name, table, span, known: RefCell::default(), reporter: self.reporter })
    }

    /// Returns the table's own place.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Returns the place of a value, or of the table where there is none.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.span(), Spanned::span)
    }

    /// Returns a sub-table; an absent one reads as empty.
    pub(super) fn table(&self, key: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        self.of(key, value)
    }

    /// Returns the tables of an array of tables.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "an array of tables");
            return Vec::new();
        };
        array.iter().filter_map(|item| self.of(key, item)).collect()
    }

    /// Returns each entry of a table whose keys are names, with the place of its key; reports
    /// values that are no strings.
    pub(super) fn entries(self) -> Vec<(At<&'a str>, At<&'a str>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table {
            match value.get_ref().as_str() {
                Some(text) => entries.push((
                    At { value: key.get_ref().as_ref(), span: key.span() },
                    At { value: text, span: value.span() },
                )),
                None => self.wrong_type(key.get_ref(), value, "a string"),
            }
        }
        entries
    }

    /// Says whether there is a value, whatever it is.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table.get(key)
    }

    pub(super) fn text(&self, key: &'static str) -> Option<At<&'a str>> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, value, "a string");
        }
        Some(At { value: text?, span: value.span() })
    }

    /// Returns a string read by `read`, whose error says what is wrong with it.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let text = self.text(key)?;
        match read(text.value) {
            Ok(value) => Some(At { value, span: text.span }),
            Err(wrong) => {
                self.bad_value(key, &text.span, wrong);
                None
            }
        }
    }

    /// Returns a string that must be there, read by `read`; `help` says what to write.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        help: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        if !self.has(key) {
            self.missing(key, help);
            return None;
        }
        self.parsed(key, read)
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, value, "true or false");
        }
        flag
    }

    pub(super) fn integer(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<At<u32>> {
        let value = self.value(key)?;
        let number = self.number(key, value, &range)?;
        Some(At { value: number, span: value.span() })
    }

    fn number(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        range: &RangeInclusive<u32>,
    ) -> Option<u32> {
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, "an integer");
            return None;
        };
        let number = i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix());
        let fits = number.ok().and_then(|number| u32::try_from(number).ok());
        let fits = fits.filter(|number| range.contains(number));
        if fits.is_none() {
            let (least, most) = (range.start(), range.end());
            self.bad_value(key, &value.span(), format!("it must be from {least} to {most}"));
        }
        fits
    }

    pub(super) fn integers(
        &self,
        key: &'static str,
        range: RangeInclusive<u32>,
    ) -> Option<At<Vec<u32>>> {
        let value = self.value(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "an array of integers");
            return None;
        };
        let numbers = array.iter().filter_map(|item| self.number(key, item, &range)).collect();
        Some(At { value: numbers, span: value.span() })
    }

    pub(super) fn texts(&self, key: &'static str) -> Option<At<Vec<At<&'a str>>>> {
        let value = self.value(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "an array of strings");
            return None;
        };
        let mut texts = Vec::new();
        for item in array {
            match item.get_ref().as_str() {
                Some(text) => texts.push(At { value: text, span: item.span() }),
                None => self.wrong_type(key, item, "a string"),
            }
        }
        Some(At { value: texts, span: value.span() })
    }

    /// Refuses a key that a later version takes.
    pub(super) fn later(&self, key: &'static str) {
        let Some(value) = self.value(key) else { return };
        self.reporter.report(Problem {
            code: NOT_BUILT,
            message: format!("{} is not built into this version", self.path(key)),
            label: "not built yet".to_owned(),
            help: "take it out: the exchange would not act on it".to_owned(),
            span: value.span(),
            also: None,
        });
    }

    pub(super) fn missing(&self, key: &str, help: &str) {
        let place = if self.name.is_empty() { "the file".to_owned() } else { self.name.clone() };
        self.reporter.report(Problem {
            code: MISSING_KEY,
            message: format!("{place} has no `{key}`"),
            label: format!("`{key}` is missing here"),
            help: help.to_owned(),
            span: self.span.clone(),
            also: None,
        });
    }

    pub(super) fn bad_value(&self, key: &str, span: &Range<usize>, wrong: impl Display) {
        self.reporter.report(Problem {
            code: BAD_VALUE,
            message: format!("{} cannot be this: {wrong}", self.path(key)),
            label: "this value".to_owned(),
            help: format!("change `{key}`; `docs/operating.md` lists what it takes"),
            span: span.clone(),
            also: None,
        });
    }

    pub(super) fn problem(
        &self,
        code: &'static str,
        span: &Range<usize>,
        (message, label, help): (String, &str, String),
    ) {
        let (label, span) = (label.to_owned(), span.clone());
        self.reporter.report(Problem { code, message, label, help, span, also: None });
    }

    /// Reports what clashes with another place of the file, `also`.
    pub(super) fn clash(
        &self,
        code: &'static str,
        span: &Range<usize>,
        also: (&Range<usize>, &str),
        (message, label, help): (String, &str, String),
    ) {
        let (label, span) = (label.to_owned(), span.clone());
        let also = Some((also.0.clone(), also.1.to_owned()));
        self.reporter.report(Problem { code, message, label, help, span, also });
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.reporter.report(Problem {
            code: WRONG_TYPE,
            message: format!("{} must be {wanted}, not {found}", self.path(key)),
            label: format!("{found} here"),
            help: format!("write {wanted}"),
            span: value.span(),
            also: None,
        });
    }

    /// Returns the name of a key with those of the tables it stands in.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { format!("`{key}`") } else { format!("`{}.{key}`", self.name) }
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        let known = self.known.borrow();
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let nearest = known.iter().map(|known| (distance(name, known), known)).min();
            let help = match nearest {
                Some((near, known)) if near <= 2 => format!("did you mean `{known}`?"),
                _ if known.is_empty() => "take it out".to_owned(),
                _ => format!("known here: {}", known.join(", ")),
            };
            self.reporter.report(Problem {
                code: UNKNOWN_KEY,
                message: format!("{} is not a key of this version", self.path(name)),
                label: "unknown key".to_owned(),
                help,
                span: key.span(),
                also: None,
            });
        }
    }
}

/// Returns how many single-character edits lead from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
