//! Publishers and bidders over real sockets.
