//! A clock that wakes within a tenth of a millisecond, where the runtime's own rounds to whole ones.

use std::{
    io,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// One timer of the kernel.
#[derive(Debug)]
pub(crate) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// Makes a timer on the current runtime.
    ///
    /// # Errors
    ///
    /// A system without timers or descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(deprecated, reason = "its successor is unsafe; an `OwnedFd` is its own for life")]
        let fd = AsyncFd::new(timer)?;
        Ok(Self(fd))
    }

    /// Waits until then; a time that has passed is not waited for.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) async fn until(&self, at: Instant) -> io::Result<()> {
        loop {
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let value = left.max(Duration::from_nanos(1));
            let value = Timespec::try_from(value).map_err(io::Error::other)?;
            let once = Itimerspec { it_interval: Timespec::default(), it_value: value };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
            let mut ready = self.0.readable().await?;
            let mut count = [0; 8];
            // A timer that has not run out yet is asked again by the loop.
            let _ = rustix::io::read(self.0.get_ref(), &mut count);
            ready.clear_ready();
        }
    }
}
