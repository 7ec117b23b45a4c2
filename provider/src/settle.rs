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

/// How long something that was made a moment ago may take to be seen.
const SEEING: Duration = Duration::from_mins(1);

/// Since when something is missing: what was made a moment ago is seen within a minute, and a slip of the pen never.
#[derive(Default)]
pub struct Missing(Mutex<Option<Deadline>>);

impl Missing {
    /// It is missing now: whether it has been for so long that it will not come.
    pub fn for_good(&self) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = since.get_or_insert_with(|| Deadline::after(SEEING));
        until.remaining().is_zero()
    }

    /// It is there.
    pub fn found(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Why something that refers to what does not come is given up.
pub fn refers_to_nothing(what: impl Display, error: &Error) -> Diagnostic {
    let detail = format!(
        "gave up on {what}, which refers to something that is not there after a minute: {error}"
    );
    Diagnostic::error("", detail)
}

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
    let missing = Missing::default();
    let what = what.to_string();
    judged(cx, deadline, &what, call, |answer| match answer {
        Err(error @ Error::NotReady(_)) if missing.for_good() => {
            Err(refers_to_nothing(&what, &error).into())
        }
        answer => creation(answer),
    })
    .await
}

/// Changes a part of an object that refers to others, which are waited for as long as when it is made.
pub async fn changed<C, T, F>(
    cx: &Context<C>,
    deadline: Deadline,
    what: impl Display,
    call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = clouds::Result<T>>,
{
    let missing = Missing::default();
    let what = what.to_string();
    judged(cx, deadline, &what, call, |answer| match answer {
        Err(error @ Error::NotReady(_)) if missing.for_good() => {
            Err(refers_to_nothing(&what, &error).into())
        }
        answer => settling(answer),
    })
    .await
}

/// Looks until there is no reason any more why it is `not_yet` as wanted, and answers as what it was seen last: also when the time is
/// over, and when Terraform asks to stop, for what is waited for here is somebody's decision, and an error would have the object
/// replaced. An outage is waited out for the same reason. One that is gone is an error.
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
    let what = what.to_string();
    let last = Mutex::new(found);
    let (missing, refused) = (Missing::default(), OnceLock::new());
    let (seen, not_yet, missing, refused, what) = (&last, &not_yet, &missing, &refused, &what);
    let outcome = wait::until(cx, deadline, what, || {
        let answer = look();
        async move {
            let refuse = |diagnostic: Diagnostic| {
                refused.get_or_init(|| ());
                Err(diagnostic.into())
            };
            match answer.await {
                Ok(now) => {
                    missing.found();
                    let why = not_yet(&now);
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
                    Ok(why.map_or(Poll::Ready(()), Poll::Pending))
                }
                Err(error @ Error::NotFound(_)) if missing.for_good() => {
                    let detail =
                        format!("gave up waiting for {what}: it is gone since a minute: {error}");
                    refuse(Diagnostic::error("", detail))
                }
                Err(error) if is_settling(&error) || error.is_transient() => {
                    Ok(Poll::Pending(error.to_string()))
                }
                Err(error) => refuse(Diagnostic::error("", error.to_string())),
            }
        }
    })
    .await;
    match outcome {
        Err(error) if refused.get().is_some() && !cx.stopped().is_cancelled() => Err(error),
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

#[cfg(test)]
mod tests {
    use clouds::{Call, memory::Memory};
    use framework::Verb;

    use super::*;
    use crate::testing::client;

    /// A look that ends with the time is one more look, and what it says for good is told.
    #[tokio::test(start_paused = true)]
    async fn what_fails_for_good_at_the_last_moment_is_told() {
        let cx = Context::new(client(&Memory::default()), Verb::Update);
        let deadline = Deadline::after(Duration::from_secs(1));
        let denied = || async move {
            tokio::time::sleep_until(tokio::time::Instant::now() + deadline.remaining()).await;
            let call = Call::new("test", "acme").because("it is another's");
            Err::<(), _>(Error::Invalid(Box::new(call)))
        };
        let not_yet = |(): &()| Some("not yet".to_owned());
        let said = awaited(&cx, deadline, "acme", (), denied, not_yet).await;
        assert!(deadline.remaining().is_zero());
        let said = said.unwrap_err().iter().next().unwrap().detail.clone();
        assert!(said.contains("it is another's"), "{said}");
    }
}
