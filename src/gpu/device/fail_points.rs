//! [`fail_point`]: the point at which tests make the GPU fail. Every creation, submission and mapping calls it; outside
//! tests it does nothing.

#[cfg(not(test))]
#[inline]
pub(crate) fn fail_point() -> crate::error::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use self::injection::fail_point;

#[cfg(test)]
pub(crate) mod injection {
    use std::cell::RefCell;

    use crate::error::{Error, Result};

    thread_local! {
        /// Number of fail points that are passed before one fails, and its error.
        static FAULT: RefCell<Option<(u32, Error)>> = const { RefCell::new(None) };
    }

    pub(crate) fn fail_point() -> Result<()> {
        FAULT.with_borrow_mut(|fault| match fault {
            Some((0, _)) => Err(fault.take().map_or(Error::BatchOffsetsEmpty, |(_, error)| error)),
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        })
    }

    /// Runs `f`, in which fail point number `n` that this thread reaches, counted from 0, returns this error. The
    /// second result is true if that fail point was reached.
    pub(crate) fn with_fault<T>(n: u32, error: Error, f: impl FnOnce() -> T) -> (T, bool) {
        FAULT.set(Some((n, error)));
        let result = f();
        (result, FAULT.take().is_none())
    }
}
