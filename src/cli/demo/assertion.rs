//! `--assert 'fill>=0.9'`: a name, a comparison, a number.

use std::fmt;

/// What a demo must have come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// What is looked at.
    pub name: Name,
    operator: Operator,
    number: f64,
    text: String,
}

/// What an assertion may look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Name {
    /// Seconds sold by nominal seconds asked for.
    Fill,
    /// Seconds sold.
    Sold,
    /// Breaks played.
    Breaks,
    /// Answers that came after their deadline.
    Late,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    AtLeast,
    AtMost,
    Equal,
    Unequal,
    Above,
    Below,
}

/// Reads an assertion.
///
/// # Errors
///
/// A sentence that says what is expected.
pub fn parse(text: &str) -> Result<Assertion, String> {
    let wrong = || {
        "expected a name (fill, sold, breaks, late), one of >= <= == != > <, and a number, \
         as in fill>=0.9"
            .to_owned()
    };
    let at = text.find(['<', '>', '=', '!']).ok_or_else(wrong)?;
    let (name, rest) = text.split_at(at);
    let name = Name::of(name.trim()).ok_or_else(wrong)?;
    // Longer signs come first: each that follows may begin one.
    let found = SIGNS.iter().find_map(|(sign, it)| rest.strip_prefix(sign).map(|rest| (*it, rest)));
    let (operator, number) = found.ok_or_else(wrong)?;
    let number = number.trim();
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(wrong());
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Ok(Assertion { name, operator, number, text: text.trim().to_owned() })
}

impl Assertion {
    /// Says whether a number is as asserted.
    #[must_use]
    pub fn holds(&self, found: f64) -> bool {
        match self.operator {
            Operator::AtLeast => self.number <= found,
            Operator::AtMost => found <= self.number,
            Operator::Above => self.number < found,
            Operator::Below => found < self.number,
            Operator::Equal => (found - self.number).abs() < NEAR,
            Operator::Unequal => NEAR <= (found - self.number).abs(),
        }
    }
}

/// Prints it as it was given.
impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Name {
    fn of(text: &str) -> Option<Self> {
        match text {
            "fill" => Some(Self::Fill),
            "sold" => Some(Self::Sold),
            "breaks" => Some(Self::Breaks),
            "late" => Some(Self::Late),
            _ => None,
        }
    }
}

const SIGNS: [(&str, Operator); 6] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// Numbers this close are equal: far less than one second in a day of breaks.
const NEAR: f64 = 1e-9;
