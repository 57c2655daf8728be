//! Scenarios are refused by name.
