//! A text with placeholders: `{n}` counts requests, `{session}` and `{break}` name one each.

use serde::Deserialize;

/// A text cut at its placeholders; any other brace is text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "String")]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(String),
    Number,
    Session,
    Break,
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((at, mark, piece)) = first_placeholder(rest) {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            pieces.push(piece);
            rest = &rest[at + mark.len()..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self { pieces }
    }
}

impl Template {
    /// Returns the text of the `n`th request of a run.
    ///
    /// Sessions and breaks hold the run's own number, since an exchange sells a break to a session
    /// only once.
    #[must_use]
    pub fn fill(&self, run: u64, n: u64) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Number => text.push_str(&n.to_string()),
                Piece::Session => text.push_str(&format!("s-{run:x}-{n}")),
                Piece::Break => text.push_str(&format!("b-{run:x}-{n}")),
            }
        }
        text
    }
}

fn first_placeholder(text: &str) -> Option<(usize, &'static str, Piece)> {
    PLACEHOLDERS
        .iter()
        .filter_map(|(mark, piece)| text.find(mark).map(|at| (at, *mark, piece.clone())))
        .min_by_key(|(at, _, _)| *at)
}

const PLACEHOLDERS: [(&str, Piece); 3] =
    [("{n}", Piece::Number), ("{session}", Piece::Session), ("{break}", Piece::Break)];
