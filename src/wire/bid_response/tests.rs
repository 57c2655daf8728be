//! Tests of reading responses.
