//! Simulated bidders and the load tool over real sockets.
