//! Waiting out what a cloud does not see everywhere yet.

use std::{fmt::Display, future::Future};

use clouds::Error;
use framework::{
    Context, Result,
    wait::{self, Deadline, Poll},
};

/// Repeats a call until what it refers to is seen everywhere. A permanent error fails at once, and so does an outage: the client
/// library has tried again by then.
pub async fn settled<C, T, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    mut call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = clouds::Result<T>>,
{
    wait::until(cx, deadline, &what.to_string(), || {
        let answer = call();
        async {
            match answer.await {
                Ok(value) => Ok(Poll::Ready(value)),
                Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
                Err(error) => Err(error.into()),
            }
        }
    })
    .await
}

/// Makes an object, once what went before is settled: a deletion of the same name, or what the new one refers to. None when one
/// of that name exists already.
pub async fn created<C, T, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    mut call: impl FnMut() -> F,
) -> Result<Option<T>>
where
    F: Future<Output = clouds::Result<T>>,
{
    wait::until(cx, deadline, &what.to_string(), || {
        let answer = call();
        async {
            match answer.await {
                Ok(made) => Ok(Poll::Ready(Some(made))),
                Err(Error::AlreadyExists(_)) => Ok(Poll::Ready(None)),
                Err(error @ (Error::NotReady(_) | Error::Conflict(_) | Error::Throttled(_))) => {
                    Ok(Poll::Pending(error.to_string()))
                }
                Err(error) => Err(error.into()),
            }
        }
    })
    .await
}

/// Whether the object was made or changed a moment ago and the answer is of before.
pub fn is_settling(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound(_) | Error::NotReady(_) | Error::Conflict(_) | Error::Throttled(_)
    )
}
