//! Tests of the whole program and of the seams that last; a module a subject.

mod cue;
