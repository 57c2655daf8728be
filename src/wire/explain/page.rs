//! Lines of plain text: at most `WIDTH` columns, no colours, and nothing a bidder sent that could
//! steer a terminal.

/// Lines of text, wrapped.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// Returns all lines.
    pub(super) fn text(self) -> String {
        self.0
    }

    pub(super) fn blank(&mut self) {
        self.0.push('\n');
    }

    /// Writes a paragraph.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.hanging(indent, text, indent);
    }

    /// Writes a paragraph whose further lines have an indent of their own.
    pub(super) fn hanging(&mut self, indent: usize, text: &str, further: usize) {
        let mut line = " ".repeat(indent);
        let mut bare = true;
        for word in text.split(' ') {
            let word: String = word.chars().map(printable).collect();
            let gap = usize::from(!bare);
            if WIDTH < width(&line) + gap + width(&word) && !bare {
                self.raw(line.trim_end());
                line = " ".repeat(further);
            } else if !bare {
                line.push(' ');
            }
            bare = false;
            for letter in word.chars() {
                if WIDTH <= width(&line) {
                    self.raw(&line);
                    line = " ".repeat(further);
                }
                line.push(letter);
            }
        }
        self.raw(line.trim_end());
    }

    pub(super) fn raw(&mut self, line: &str) {
        self.0.extend(line.chars().map(printable));
        self.0.push('\n');
    }
}

/// Returns the columns of a text, each letter counted as one.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Shortens a text to so many columns, with a mark where it was cut.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// Fills a text up to so many columns.
pub(super) fn padded(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(width(text))))
}

/// Shows what would steer a terminal, or turn the direction of text, as a mark.
fn printable(letter: char) -> char {
    let turns = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if letter.is_control() || turns { '\u{fffd}' } else { letter }
}

/// The most columns of a line.
pub(super) const WIDTH: usize = 100;
