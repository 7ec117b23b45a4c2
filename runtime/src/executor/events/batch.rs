//! One batch: a call, and when it is not taken as a whole, calls with parts of it until it is known which event is at fault.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use dataplane_proto::flyteidl2::{common::ActionPhase, workflow::ActionEvent};
use tokio::time::Instant;
use tonic::Status;
use tracing::error;

use super::{
    EventMetrics, action_of,
    record::{Answer, Record, explain},
    shortening::reduce,
};
use crate::lease::Trust;

/// Why nothing is told.
const NO_LONGER: &str = "this pod has not renewed its Lease for too long";

/// So many events in a row that are not taken for no fault of theirs, and the rest of the batch is not tried.
const TROUBLES: u32 = 3;
/// An event that is so old and still in trouble goes without its details: better a bare transition than none.
const OLD: Duration = Duration::from_mins(10);
/// An event that is so old and not taken, also without its details, where others are taken, is given up: what comes after it says
/// more.
const HOPELESS: Duration = Duration::from_hours(24);
/// The same for one that tells of an end, after which nothing comes: as long as an abort waits for a control plane that is away.
const HOPELESS_END: Duration = Duration::from_hours(7 * 24);
/// For so long after an event was taken a refusal is about the event and not about us.
const PROOF: Duration = Duration::from_mins(10);
/// For so long after an event was taken it is asked whether others are not answered for what they are.
const JUST_NOW: Duration = Duration::from_mins(1);

/// What became of one event.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is there.
    Taken,
    /// It was refused, also without its details, by a receiver that takes others.
    GivenUp,
    /// It was not taken now.
    NotTaken(Arc<str>),
    /// It was not tried, or there was no answer, since nobody takes events.
    Away(Arc<str>),
}

/// Sends batches.
#[derive(Clone)]
pub struct Batches<R> {
    recorder: R,
    metrics: EventMetrics,
    /// When an event was last taken: before the first one a refusal may be about us and not about the event.
    taken: Arc<Mutex<Option<Instant>>>,
    trust: Option<Trust>,
}

impl<R: Record> Batches<R> {
    /// Tells only as long as nobody else can lead.
    pub fn new(recorder: R, metrics: EventMetrics, trust: Option<Trust>) -> Self {
        Self {
            recorder,
            metrics,
            taken: Arc::default(),
            trust,
        }
    }

    /// Whether nobody else can lead, who would have told more by now.
    pub fn may_tell(&self) -> bool {
        self.trust.as_ref().is_none_or(Trust::holds)
    }

    /// Sends the events in their order; the fate of each. After an event that was not taken, no other of its action is sent.
    pub async fn send(&self, events: &[ActionEvent]) -> Vec<Fate> {
        let mut fates: Vec<Option<Fate>> = vec![None; events.len()];
        let mut held = HashSet::new();
        let mut troubles = 0;
        let whole = 0..events.len();
        let mut ranges = vec![whole];
        let mut away = None;
        while let Some(range) = ranges.pop() {
            let sent: Vec<usize> = range
                .clone()
                .filter(|index| !held.contains(&action_of(&events[*index])))
                .collect();
            let Some(&first) = sent.first() else { continue };
            if !self.may_tell() {
                away = Some(NO_LONGER.into());
                break;
            }
            let part = sent.iter().map(|index| events[*index].clone()).collect();
            let Err(status) = self.record(part).await else {
                troubles = 0;
                for index in sent {
                    fates[index] = Some(Fate::Taken);
                }
                continue;
            };
            if Answer::of(&status) == Answer::Away && !self.is_there().await {
                away = Some(explain(&status));
                break;
            }
            // To ask in smaller parts is to ask more often. It is told again with what is pending.
            if sent.len() > 1 && Answer::of(&status) == Answer::Busy {
                let why = explain(&status);
                for index in sent {
                    held.insert(action_of(&events[index]));
                    fates[index] = Some(Fate::NotTaken(Arc::clone(&why)));
                }
                continue;
            }
            if sent.len() > 1 {
                // The latter half waits below the former one, so the order stays.
                let middle = sent[sent.len() / 2];
                ranges.push(middle..range.end);
                ranges.push(range.start..middle);
                continue;
            }
            let fate = self.alone(&events[first], &status).await;
            match &fate {
                Fate::Taken | Fate::GivenUp => troubles = 0,
                Fate::NotTaken(why) => {
                    held.insert(action_of(&events[first]));
                    let own = matches!(Answer::of(&status), Answer::Unwelcome | Answer::Invalid)
                        && self.takes(PROOF);
                    troubles += u32::from(!own);
                    if troubles == TROUBLES {
                        away = Some(Arc::clone(why));
                    }
                }
                Fate::Away(why) => away = Some(Arc::clone(why)),
            }
            fates[first] = Some(fate);
            if away.is_some() {
                break;
            }
        }
        let left = |event: &ActionEvent| match &away {
            // Nothing of an action is tried before what comes first of it, also not to see whether anybody takes events.
            Some(why) if !held.contains(&action_of(event)) => Fate::Away(Arc::clone(why)),
            _ => Fate::NotTaken("an earlier event of the action was not taken".into()),
        };
        let fates = fates.into_iter().zip(events);
        fates
            .map(|(fate, event)| fate.unwrap_or_else(|| left(event)))
            .collect()
    }

    /// Whether others are taken although these were not answered: then it is these which the receiver does not get over.
    async fn is_there(&self) -> bool {
        self.takes(JUST_NOW) && self.answers_nothing().await.is_ok()
    }

    /// Fails when nobody answers to no event at all.
    pub async fn answers_nothing(&self) -> Result<(), Arc<str>> {
        self.answered(Vec::new()).await.map(drop)
    }

    /// Whether this event is there then. Fails when nobody answers.
    pub async fn tries(&self, event: ActionEvent) -> Result<bool, Arc<str>> {
        self.answered(vec![event]).await
    }

    async fn answered(&self, events: Vec<ActionEvent>) -> Result<bool, Arc<str>> {
        let Err(status) = self.record(events).await else {
            return Ok(true);
        };
        match Answer::of(&status) {
            Answer::Away => Err(explain(&status)),
            answer => Ok(answer == Answer::Known),
        }
    }

    /// An event that was not taken although it was sent alone: once more, and without its details when they are the reason.
    async fn alone(&self, event: &ActionEvent, status: &Status) -> Fate {
        let bare = match Answer::of(status) {
            Answer::Known => return Fate::Taken,
            Answer::Invalid => true,
            Answer::Away | Answer::Unwelcome | Answer::Busy | Answer::Trouble => {
                is_older(event, OLD)
            }
        };
        let again = if bare { reduce(event) } else { event.clone() };
        let Err(again) = self.record(vec![again]).await else {
            return Fate::Taken;
        };
        let end = is_end(event);
        let old = is_older(event, if end { HOPELESS_END } else { HOPELESS });
        let hopeless = match Answer::of(&again) {
            Answer::Known => return Fate::Taken,
            Answer::Away if Answer::of(status) != Answer::Away && !self.is_there().await => {
                return Fate::Away(explain(&again));
            }
            // A receiver that is mended may take it: that something went on is told by what follows, an end is not.
            Answer::Invalid => bare && self.takes(Duration::MAX) && (old || !end),
            Answer::Away | Answer::Unwelcome | Answer::Busy | Answer::Trouble => {
                old && self.takes(PROOF)
            }
        };
        if hopeless {
            self.give_up(event, &again);
            return Fate::GivenUp;
        }
        Fate::NotTaken(explain(&again))
    }

    /// Whether an event was taken within this time.
    fn takes(&self, within: Duration) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.is_some_and(|taken| taken.elapsed() <= within)
    }

    fn give_up(&self, event: &ActionEvent, status: &Status) {
        self.metrics.given_up.inc();
        let id = event.id.as_ref();
        let run = id.and_then(|id| id.run.as_ref());
        error!(
            project = run.map(|run| run.project.as_str()),
            domain = run.map(|run| run.domain.as_str()),
            run = run.map(|run| run.name.as_str()),
            action = id.map(|id| id.name.as_str()),
            attempt = event.attempt,
            phase = event.phase().as_str_name(),
            error = %explain(status),
            "the control plane refuses an event, which is given up: it will not show this transition"
        );
    }

    async fn record(&self, events: Vec<ActionEvent>) -> Result<(), Status> {
        let count = events.len();
        let seconds = self.metrics.call_seconds.start_timer();
        let result = self.recorder.record(events).await;
        seconds.observe_duration();
        let label = match &result {
            Ok(()) => {
                if count > 0 {
                    let taken = Some(Instant::now());
                    *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = taken;
                }
                self.metrics
                    .taken
                    .inc_by(u64::try_from(count).unwrap_or_default());
                "ok"
            }
            Err(status) => match Answer::of(status) {
                Answer::Away => "away",
                Answer::Known => "known",
                Answer::Invalid => "invalid",
                Answer::Unwelcome => "unwelcome",
                Answer::Busy => "busy",
                Answer::Trouble => "trouble",
            },
        };
        self.metrics.calls.with_label_values(&[label]).inc();
        result
    }
}

/// Whether it tells of an end: of an attempt, or of its action.
fn is_end(event: &ActionEvent) -> bool {
    match event.phase() {
        ActionPhase::Succeeded
        | ActionPhase::Failed
        | ActionPhase::Aborted
        | ActionPhase::TimedOut
        | ActionPhase::Recovered => true,
        ActionPhase::Unspecified
        | ActionPhase::Queued
        | ActionPhase::WaitingForResources
        | ActionPhase::Initializing
        | ActionPhase::Running
        | ActionPhase::Paused => false,
    }
}

fn is_older(event: &ActionEvent, than: Duration) -> bool {
    event
        .reported_time
        .and_then(|time| SystemTime::try_from(time).ok())
        .and_then(|time| time.elapsed().ok())
        .is_some_and(|age| age > than)
}
