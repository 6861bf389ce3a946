//! The pool of threads, one for each process, and the number of threads that a call uses.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polyphase::CpuResampler;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::ThreadPool;

/// Multiply-adds below which a call stays on its own thread: some 50 µs of work, which waking others would not shorten.
const SMALL: u64 = 1 << 20;

#[derive(Default)]
struct State {
    pool: Option<Arc<ThreadPool>>,
    /// Number that [`set_num_threads`] was given, and the process that gave it.
    asked: Option<(NonZeroUsize, u32)>,
}

/// Locked under Python's global lock only, and never across a release of it: no fork sees it locked.
static STATE: Mutex<State> = Mutex::new(State { pool: None, asked: None });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the pool, whose threads a fork did not copy. It is leaked: dropping it would wait for them.
pub(crate) fn forget() {
    std::mem::forget(state().pool.take());
}

/// Sets the number of threads that calls of this process use.
///
/// The default is one for each core, but 1 in a worker of torch's DataLoader: there the number counts only if the
/// worker itself sets it.
///
/// >>> polyphase.set_num_threads(2)
/// >>> polyphase.get_num_threads()
/// 2
#[pyfunction]
pub(crate) fn set_num_threads(threads: usize) -> PyResult<()> {
    let Some(threads) = NonZeroUsize::new(threads) else {
        return Err(PyValueError::new_err("threads is 0: it must be at least 1"));
    };
    let mut state = state();
    if state.asked.is_none_or(|(before, _)| before != threads) {
        // Calls that are running keep their pool until they end.
        state.pool = None;
    }
    state.asked = Some((threads, std::process::id()));
    Ok(())
}

/// Number of threads that a call from here may use.
#[pyfunction]
pub(crate) fn get_num_threads(py: Python<'_>) -> PyResult<usize> {
    match limit(py)? {
        Some(threads) => Ok(threads.get()),
        None => Ok(pool()?.current_num_threads()),
    }
}

/// The number that was asked for in this process, 1 in a worker of a DataLoader, or `None` for all cores.
fn limit(py: Python<'_>) -> PyResult<Option<NonZeroUsize>> {
    let asked = state().asked;
    match asked {
        Some((threads, process)) if process == std::process::id() => Ok(Some(threads)),
        _ if is_loader_worker(py)? => Ok(Some(NonZeroUsize::MIN)),
        Some((threads, _)) => Ok(Some(threads)),
        None => Ok(None),
    }
}

/// True in a worker process of `torch.utils.data.DataLoader`.
fn is_loader_worker(py: Python<'_>) -> PyResult<bool> {
    let modules = py.import("sys")?.getattr("modules")?;
    let data = modules.call_method1("get", ("torch.utils.data",))?;
    Ok(!data.is_none() && !data.call_method0("get_worker_info")?.is_none())
}

fn pool() -> PyResult<Arc<ThreadPool>> {
    let mut state = state();
    if let Some(pool) = &state.pool {
        return Ok(Arc::clone(pool));
    }
    // 0 stands for one thread for each core.
    let threads = state.asked.map_or(0, |(threads, _)| threads.get());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("polyphase-{index}"))
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("threads cannot be started: {error}")))?;
    Ok(Arc::clone(state.pool.insert(Arc::new(pool))))
}

/// Runs `work` without Python's global lock, on as many threads as its multiply-adds deserve.
///
/// `threads` is the number that the call asks for, `None` for the default.
pub(crate) fn run<R: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    multiply_adds: u64,
    work: impl FnOnce(CpuResampler) -> R + Send,
) -> PyResult<R> {
    let _active = crate::fork::enter(py);
    let wanted = match threads {
        Some(0) => return Err(PyValueError::new_err("threads is 0: it must be at least 1")),
        _ if multiply_adds < SMALL => 1,
        Some(threads) => threads,
        None => limit(py)?.map_or(0, NonZeroUsize::get),
    };
    if wanted == 1 {
        return Ok(py.detach(|| work(CpuResampler::new().with_threads(1))));
    }
    let pool = pool()?;
    let threads = if wanted >= pool.current_num_threads() { 0 } else { wanted };
    Ok(py.detach(|| pool.install(|| work(CpuResampler::new().with_threads(threads)))))
}
