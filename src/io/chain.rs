//! An error with its causes, for the log: each error prints only itself.

use std::error::Error;
use std::fmt;

/// Prints an error, and behind it each of its causes.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some say what their cause says.
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            (said, next) = (text, cause.source());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
