//! [`reported`]: errors of scopes whose reports come later, as in browsers.

#[cfg(target_family = "wasm")]
use std::{cell::RefCell, future::poll_fn, pin::Pin, pin::pin};

#[cfg(target_family = "wasm")]
use crate::error::Error;
use crate::error::Result;

/// Report of a scope that has ended.
#[cfg(target_family = "wasm")]
type Report = Pin<Box<dyn Future<Output = Option<Error>>>>;

#[cfg(target_family = "wasm")]
thread_local! {
    /// Reports of the work that is being polled; `None` if nobody waits for them.
    static OUTSTANDING: RefCell<Option<Vec<Report>>> = const { RefCell::new(None) };
}

/// Does work, and returns its result, and the first error of the scopes that ended in it and could not be reported there.
#[cfg(not(target_family = "wasm"))]
pub(crate) async fn reported<T>(work: impl Future<Output = T>) -> (T, Result<()>) {
    (work.await, Ok(()))
}

/// Does work, and returns its result, and the first error of the scopes that ended in it and could not be reported there.
///
/// The reports belong to the work in which they were asked for, whatever other work is polled between.
#[cfg(target_family = "wasm")]
pub(crate) async fn reported<T>(work: impl Future<Output = T>) -> (T, Result<()>) {
    let mut work = pin!(work);
    let mut reports = Some(Vec::new());
    let result = poll_fn(|context| {
        OUTSTANDING.with_borrow_mut(|outstanding| std::mem::swap(outstanding, &mut reports));
        let poll = work.as_mut().poll(context);
        OUTSTANDING.with_borrow_mut(|outstanding| std::mem::swap(outstanding, &mut reports));
        poll
    })
    .await;
    for report in reports.unwrap_or_default() {
        if let Some(error) = report.await {
            return (result, Err(error));
        }
    }
    (result, Ok(()))
}

/// Keeps a report for [`reported`], if that is waiting for it.
#[cfg(target_family = "wasm")]
pub(super) fn defer(report: impl Future<Output = Option<Error>> + 'static) {
    OUTSTANDING.with_borrow_mut(|outstanding| {
        if let Some(reports) = outstanding {
            reports.push(Box::pin(report));
        }
    });
}
