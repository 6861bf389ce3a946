//! Forks of the process. A fork copies one thread and the memory of all: a lock that another thread holds at that
//! moment stays locked in the child for ever, and the threads of a pool are gone.
//!
//! A fork therefore waits until no other thread is inside the library, and new calls wait until it is over. All state
//! here changes only while the calling thread holds Python's global lock, which the forking thread holds too.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::Python;

/// Number of calls of all threads that are inside the library.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);

/// True while a thread forks.
static FORKING: AtomicBool = AtomicBool::new(false);

/// Longest wait of a fork for other threads. After it the fork goes on: a thread may itself be waiting for the one that
/// forks, through a file object.
const PATIENCE: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_micros(100);

thread_local! {
    /// Number of calls of this thread that are inside the library: more than one where a file object calls it.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// A call inside the library, until it is dropped, which must happen under Python's global lock.
#[derive(Debug)]
pub(crate) struct Active(());

/// Enters the library; waits while another thread forks.
pub(crate) fn enter(py: Python<'_>) -> Active {
    while FORKING.load(Ordering::SeqCst) && OWN.get() == 0 {
        py.detach(|| std::thread::sleep(PAUSE));
    }
    ACTIVE.fetch_add(1, Ordering::SeqCst);
    OWN.set(OWN.get() + 1);
    Active(())
}

impl Drop for Active {
    fn drop(&mut self) {
        ACTIVE.fetch_sub(1, Ordering::SeqCst);
        OWN.set(OWN.get().saturating_sub(1));
    }
}

/// Keeps other threads out, and waits until none is inside the library.
pub(crate) fn begin(py: Python<'_>) {
    let begin = Instant::now();
    while FORKING.swap(true, Ordering::SeqCst) && begin.elapsed() < PATIENCE {
        py.detach(|| std::thread::sleep(PAUSE));
    }
    while ACTIVE.load(Ordering::SeqCst) > OWN.get() && begin.elapsed() < PATIENCE {
        py.detach(|| std::thread::sleep(PAUSE));
    }
}

/// Lets other threads in again.
pub(crate) fn end() {
    FORKING.store(false, Ordering::SeqCst);
}

/// Forgets the calls of threads that the child does not have.
pub(crate) fn begin_child() {
    ACTIVE.store(OWN.get(), Ordering::SeqCst);
    end();
}
