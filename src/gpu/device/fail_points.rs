//! The seam at which tests make the GPU fail: every creation, submission and mapping passes it. Nothing in other builds.

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
        /// Fail points still to be passed, and the error of the one after them.
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

    /// Runs `f` with this error at the `n`th fail point that this thread comes to; also returns whether it came so far.
    pub(crate) fn with_fault<T>(n: u32, error: Error, f: impl FnOnce() -> T) -> (T, bool) {
        FAULT.set(Some((n, error)));
        let result = f();
        (result, FAULT.take().is_none())
    }
}
