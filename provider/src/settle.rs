//! Waiting out what a cloud does not see everywhere yet.

use std::{
    fmt::Display,
    future::Future,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use clouds::{Error, Optional};
use framework::{
    Context, Diagnostic, Result,
    wait::{self, Deadline, Poll},
};

/// Repeats a call until what it refers to is seen everywhere. A permanent error fails at once, and so does an outage: the client
/// library has tried again by then.
pub async fn settled<C, T, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = clouds::Result<T>>,
{
    judged(cx, deadline, what, call, settling).await
}

/// Deletes an object, which is done when there is none, and goes on while another change of it is under way. Like every wait it
/// ends when Terraform asks to stop.
pub async fn deleted<C, F>(
    cx: &Context<C>,
    deadline: Deadline,
    object: impl Display,
    mut call: impl FnMut() -> F,
) -> Result<()>
where
    F: Future<Output = clouds::Result<()>>,
{
    let call = || {
        let deletion = call();
        async { deletion.await.optional().map(drop) }
    };
    settled(cx, deadline, format!("the deletion of {object}"), call).await
}

/// Repeats a call until `judge` takes its answer, or gives up on it.
pub async fn judged<C, T, U, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    mut call: impl FnMut() -> F,
    judge: impl Fn(clouds::Result<T>) -> Result<Poll<U>>,
) -> Result<U>
where
    F: Future<Output = clouds::Result<T>>,
{
    let judge = &judge;
    wait::until(cx, deadline, &what.to_string(), || {
        let answer = call();
        async move { judge(answer.await) }
    })
    .await
}

/// How long others that a new object refers to may take to be seen.
const SEEING: Duration = Duration::from_mins(1);

/// Makes an object that refers to others. Those may be a moment old, or a slip of the pen, so that they are waited for a minute from the
/// first answer on that misses them; the call itself has until the deadline, for it may take minutes, or have to wait for its turn. None
/// when one of that name exists already.
pub async fn made<C, T, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    call: impl FnMut() -> F,
) -> Result<Option<T>>
where
    F: Future<Output = clouds::Result<T>>,
{
    let missed = OnceLock::new();
    let what = what.to_string();
    judged(cx, deadline, &what, call, |answer| match answer {
        Err(error @ Error::NotReady(_)) => {
            let grace: &Deadline = missed.get_or_init(|| Deadline::after(SEEING));
            if grace.remaining().is_zero() {
                let detail = format!("gave up on {what}, which refers to something that is not there after a minute: {error}");
                return Err(Diagnostic::error("", detail).into());
            }
            Ok(Poll::Pending(error.to_string()))
        }
        answer => creation(answer),
    })
    .await
}

/// Looks until there is no reason any more why it is `not_yet` as wanted, and answers as what it was seen last: also when the time is
/// over, and when Terraform asks to stop, for what is waited for here is somebody's decision, and an error would have the object
/// replaced. An outage is waited out for the same reason.
pub async fn awaited<C, T, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    found: T,
    mut look: impl FnMut() -> F,
    not_yet: impl Fn(&T) -> Option<String>,
) -> Result<T>
where
    F: Future<Output = clouds::Result<T>>,
{
    if not_yet(&found).is_none() {
        return Ok(found);
    }
    let last = Mutex::new(found);
    let (seen, not_yet) = (&last, &not_yet);
    let outcome = wait::until(cx, deadline, &what.to_string(), || {
        let answer = look();
        async move {
            match answer.await {
                Ok(now) => {
                    let why = not_yet(&now);
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
                    Ok(why.map_or(Poll::Ready(()), Poll::Pending))
                }
                Err(error) if is_settling(&error) || error.is_transient() => {
                    Ok(Poll::Pending(error.to_string()))
                }
                Err(error) => Err(error.into()),
            }
        }
    })
    .await;
    match outcome {
        Err(error) if !deadline.remaining().is_zero() && !cx.stopped().is_cancelled() => Err(error),
        _ => Ok(last.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Judges a call about an object that is there.
pub fn settling<T>(answer: clouds::Result<T>) -> Result<Poll<T>> {
    match answer {
        Ok(value) => Ok(Poll::Ready(value)),
        Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Judges a call that makes an object, once what went before is settled: a deletion of the same name, or what the new one refers
/// to. None when one of that name exists already.
pub fn creation<T>(answer: clouds::Result<T>) -> Result<Poll<Option<T>>> {
    match answer {
        Ok(made) => Ok(Poll::Ready(Some(made))),
        Err(Error::AlreadyExists(_)) => Ok(Poll::Ready(None)),
        Err(error @ (Error::NotReady(_) | Error::Conflict(_) | Error::Throttled(_))) => {
            Ok(Poll::Pending(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the object was made or changed a moment ago and the answer is of before.
pub fn is_settling(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound(_) | Error::NotReady(_) | Error::Conflict(_) | Error::Throttled(_)
    )
}
