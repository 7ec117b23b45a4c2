//! Who sends what when: batches of what waits, never two at a time with events of the same action, none while nobody answers.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use dataplane_proto::flyteidl2::workflow::ActionEvent;
use prost::Message as _;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep_until},
};
use tracing::{error, info, warn};

use super::{
    Away, CALL_BYTES, CALL_EVENTS, EventMetrics, Undelivered, action_of,
    batch::{Batches, Fate},
    record::Record,
    shortening::reduce,
};
use crate::{backoff::Backoff, lease::Trust};

/// How long a batch waits for more while another is on its way.
const WINDOW: Duration = Duration::from_millis(25);
/// Calls on their way at a time.
const FLIGHTS: usize = 8;
/// Bytes of events that wait here; more are not taken out of the inbox.
const QUEUE: usize = 16 << 20;
/// Pauses between attempts while nobody answers.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Events that somebody waits to hear of.
pub struct Delivery {
    events: Vec<ActionEvent>,
    bytes: usize,
    actions: Vec<u64>,
    reply: oneshot::Sender<Result<(), Undelivered>>,
}

impl Delivery {
    pub fn new(events: Vec<ActionEvent>, reply: oneshot::Sender<Result<(), Undelivered>>) -> Self {
        let mut actions: Vec<u64> = events.iter().map(action_of).collect();
        actions.sort_unstable();
        actions.dedup();
        Self {
            bytes: events.iter().map(ActionEvent::encoded_len).sum(),
            events,
            actions,
            reply,
        }
    }

    fn answer(self, result: Result<(), Undelivered>) {
        // Nobody hears it when the caller gave up waiting.
        let _ = self.reply.send(result);
    }
}

/// What came of a call.
enum Landed {
    Batch {
        taken: bool,
        /// Why nobody takes events, and the first one that was not taken.
        away: Option<(Arc<str>, ActionEvent)>,
    },
    /// Whether the event is there now.
    Probe {
        event: ActionEvent,
        result: Result<bool, Arc<str>>,
    },
}

/// What is asked while nobody takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// The event that was not taken.
    Whole,
    /// The same without its details.
    Bare,
    /// A call without events, and when it is answered the event.
    Nothing,
}

impl Probe {
    /// The receiver may be well and not get over this one event.
    fn nth(number: u32) -> Self {
        match number {
            0..=2 => Self::Whole,
            3..=5 => Self::Bare,
            _ => Self::Nothing,
        }
    }

    /// Whether the event is there then. Fails when nobody answers.
    async fn ask<R: Record>(
        self,
        batches: &Batches<R>,
        event: &ActionEvent,
    ) -> Result<bool, Arc<str>> {
        match self {
            Self::Whole => batches.tries(event.clone()).await,
            Self::Bare => batches.tries(reduce(event)).await,
            Self::Nothing => {
                batches.answers_nothing().await?;
                Ok(batches.tries(event.clone()).await.unwrap_or(false))
            }
        }
    }
}

/// Nobody takes events: this one is tried again until it is taken, or another one is.
struct Outage {
    event: ActionEvent,
    probes: u32,
    /// None while it is being tried.
    next: Option<Instant>,
}

pub struct Dispatcher<R> {
    batches: Batches<R>,
    metrics: EventMetrics,
    queue: VecDeque<Delivery>,
    /// Events in the queue, and their bytes.
    queued: usize,
    queued_bytes: usize,
    /// When what waits is sent although it is no full batch.
    window: Option<Instant>,
    flights: JoinSet<Landed>,
    /// Actions with events on their way, by the call's task.
    on_their_way: HashMap<Id, Vec<u64>>,
    outage: Option<Outage>,
    /// Since when no event is known to be taken.
    silent: Option<Instant>,
    backoff: Backoff,
    away: watch::Sender<Option<Away>>,
    reachable: watch::Sender<bool>,
}

impl<R: Record> Dispatcher<R> {
    pub fn new(
        recorder: R,
        metrics: EventMetrics,
        trust: Option<Trust>,
        away: watch::Sender<Option<Away>>,
        reachable: watch::Sender<bool>,
    ) -> Self {
        Self {
            batches: Batches::new(recorder, metrics.clone(), trust),
            metrics,
            queue: VecDeque::new(),
            queued: 0,
            queued_bytes: 0,
            window: None,
            flights: JoinSet::new(),
            on_their_way: HashMap::new(),
            outage: None,
            silent: None,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            away,
            reachable,
        }
    }

    /// Until nobody can ask any more and all are answered.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Delivery>) {
        let mut open = true;
        while open || !self.queue.is_empty() || !self.on_their_way.is_empty() {
            self.launch();
            let wake = self.wake();
            tokio::select! {
                biased;
                Some(landed) = self.flights.join_next_with_id() => match landed {
                    Ok((id, landed)) => self.land(id, landed),
                    Err(error) => self.broke(&error),
                },
                delivery = inbox.recv(), if open && self.queued_bytes < QUEUE => match delivery {
                    Some(delivery) => self.enqueue(delivery),
                    None => open = false,
                },
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            self.metrics
                .waiting
                .set(i64::try_from(self.queued).unwrap_or(i64::MAX));
        }
    }

    /// A call panicked: who waited for it hears that from the dropped reply. A probe is sent again.
    fn broke(&mut self, failure: &JoinError) {
        error!(%failure, "a call to the control plane broke off: report this");
        self.on_their_way.remove(&failure.id());
        if let Some(outage) = &mut self.outage
            && outage.next.is_none()
        {
            outage.next = Some(Instant::now() + self.backoff.next());
        }
    }

    fn enqueue(&mut self, delivery: Delivery) {
        if let Some(why) = self.why_away() {
            if !self.may_try(&delivery) {
                return delivery.answer(Err(Undelivered::Away { why }));
            }
            // One at a time: whoever answers without taking anything is not asked by all.
            self.invite(false);
            return self.send(vec![delivery]);
        }
        self.queued += delivery.events.len();
        self.queued_bytes += delivery.bytes;
        self.queue.push_back(delivery);
        if self.window.is_none() {
            self.window = Some(Instant::now() + WINDOW);
        }
    }

    fn why_away(&self) -> Option<Arc<str>> {
        let away = self.away.borrow();
        away.as_ref().map(|away| Arc::clone(&away.why))
    }

    /// Whether it is tried although nobody takes events: somebody answers, and may not take that one event only.
    fn may_try(&self, delivery: &Delivery) -> bool {
        let invited = self.away.borrow().as_ref().is_some_and(|away| away.invites);
        let mut actions = delivery.actions.iter();
        invited && self.batches.may_tell() && !actions.any(|action| self.is_on_its_way(*action))
    }

    /// Whether events of an action are.
    fn is_on_its_way(&self, action: u64) -> bool {
        self.on_their_way
            .values()
            .flatten()
            .any(|held| *held == action)
    }

    /// Whether one delivery is asked for, to see whether events of others are taken.
    fn invite(&self, invites: bool) {
        self.away.send_if_modified(|away| {
            if let Some(away) = away {
                away.invites = invites;
            }
            false
        });
    }

    /// When something is due although nothing happens.
    fn wake(&self) -> Option<Instant> {
        match &self.outage {
            Some(outage) => outage.next,
            None => self.window.filter(|_| self.flights.len() < FLIGHTS),
        }
    }

    /// Sends what is due.
    fn launch(&mut self) {
        let now = Instant::now();
        let busy = self
            .outage
            .as_ref()
            .is_some_and(|outage| self.is_on_its_way(action_of(&outage.event)));
        if let Some(outage) = &mut self.outage {
            if outage.next.is_some_and(|next| next <= now) {
                if busy || !self.batches.may_tell() {
                    let pause = if busy { FIRST_PAUSE } else { LONGEST_PAUSE };
                    outage.next = Some(now + pause);
                    return;
                }
                outage.next = None;
                outage.probes += 1;
                let probe = Probe::nth(outage.probes);
                let (batches, event) = (self.batches.clone(), outage.event.clone());
                let action = action_of(&event);
                let task = self.flights.spawn(async move {
                    let result = probe.ask(&batches, &event).await;
                    Landed::Probe { event, result }
                });
                self.on_their_way.insert(task.id(), vec![action]);
            }
            return;
        }
        while self.flights.len() < FLIGHTS && !self.queue.is_empty() {
            let due = self.flights.is_empty()
                || self.queued >= CALL_EVENTS
                || self.window.is_some_and(|window| window <= now);
            if !due {
                return;
            }
            let batch = self.batch();
            // What is left may wait for more, or waits for a call with an earlier event of the same action.
            self.window = (!batch.is_empty() && !self.queue.is_empty()).then(|| now + WINDOW);
            if batch.is_empty() {
                return;
            }
            self.send(batch);
        }
    }

    /// The next batch: what waits, in its order, without actions that have events on their way.
    fn batch(&mut self) -> Vec<Delivery> {
        let mut held: HashSet<u64> = self.on_their_way.values().flatten().copied().collect();
        let (mut batch, mut left) = (Vec::new(), VecDeque::new());
        let (mut events, mut bytes) = (0, 0);
        while let Some(delivery) = self.queue.pop_front() {
            if delivery.reply.is_closed() || !self.batches.may_tell() {
                self.queued -= delivery.events.len();
                self.queued_bytes -= delivery.bytes;
                delivery.answer(Err(Undelivered::Fenced));
                continue;
            }
            let fits = events + delivery.events.len() <= CALL_EVENTS
                && bytes + delivery.bytes <= CALL_BYTES;
            if !fits && !batch.is_empty() {
                left.push_back(delivery);
                break;
            }
            if delivery.actions.iter().any(|action| held.contains(action)) {
                held.extend(&delivery.actions);
                left.push_back(delivery);
                continue;
            }
            events += delivery.events.len();
            bytes += delivery.bytes;
            batch.push(delivery);
        }
        left.append(&mut self.queue);
        self.queue = left;
        self.queued -= events;
        self.queued_bytes -= bytes;
        batch
    }

    fn send(&mut self, batch: Vec<Delivery>) {
        let actions: Vec<u64> = batch
            .iter()
            .flat_map(|delivery| &delivery.actions)
            .copied()
            .collect();
        let batches = self.batches.clone();
        let task = self.flights.spawn(fly(batches, batch));
        self.on_their_way.insert(task.id(), actions);
    }

    fn land(&mut self, id: Id, landed: Landed) {
        self.on_their_way.remove(&id);
        if !self.queue.is_empty() && self.window.is_none() {
            self.window = Some(Instant::now());
        }
        match landed {
            Landed::Batch { taken, away } => {
                if taken {
                    self.silent = None;
                    self.backoff.reset();
                }
                match away {
                    Some((why, event)) if !taken => self.go_away(&why, event),
                    // A part was taken: whatever happened to the rest, somebody is there.
                    _ if taken => self.come_back(),
                    _ => {}
                }
            }
            Landed::Probe { event, result } => match result {
                Ok(true) => {
                    self.silent = None;
                    self.backoff.reset();
                    self.come_back();
                }
                // Somebody answers. Should all who wait be told so, and nothing be taken, they would be told again and again.
                Ok(false) => {
                    self.wait_on(event);
                    self.invite(true);
                }
                Err(why) => self.go_away(&why, event),
            },
        }
    }

    /// The outage goes on: this event is tried again later.
    fn wait_on(&mut self, event: ActionEvent) {
        let probes = self.outage.as_ref().map_or(0, |outage| outage.probes);
        self.outage = Some(Outage {
            event,
            probes,
            next: Some(Instant::now() + self.backoff.next()),
        });
    }

    fn go_away(&mut self, why: &Arc<str>, event: ActionEvent) {
        if self
            .outage
            .as_ref()
            .is_some_and(|outage| outage.next.is_some())
        {
            return;
        }
        if self.outage.is_none() {
            warn!(
                error = %why,
                "the control plane takes no events; they are kept with their actions until it does"
            );
        }
        let since = *self.silent.get_or_insert_with(Instant::now);
        self.wait_on(event);
        let why = Arc::clone(why);
        self.away.send_replace(Some(Away {
            why: Arc::clone(&why),
            since,
            invites: false,
        }));
        self.reachable
            .send_if_modified(|reachable| std::mem::replace(reachable, false));
        self.metrics.reachable.set(0);
        self.window = None;
        self.queued = 0;
        self.queued_bytes = 0;
        for delivery in self.queue.drain(..) {
            delivery.answer(Err(Undelivered::Away {
                why: Arc::clone(&why),
            }));
        }
    }

    fn come_back(&mut self) {
        if self.outage.take().is_none() {
            return;
        }
        info!("the control plane takes events again");
        self.away.send_replace(None);
        self.reachable.send_replace(true);
        self.metrics.reachable.set(1);
    }
}

/// Sends a batch and answers who waits for it.
async fn fly<R: Record>(batches: Batches<R>, batch: Vec<Delivery>) -> Landed {
    let events: Vec<ActionEvent> = batch
        .iter()
        .flat_map(|delivery| delivery.events.clone())
        .collect();
    let fates = batches.send(&events).await;
    let taken = fates.iter().any(|fate| matches!(fate, Fate::Taken));
    let away = fates
        .iter()
        .zip(&events)
        .find_map(|(fate, event)| match fate {
            Fate::Away(why) => Some((Arc::clone(why), event.clone())),
            _ => None,
        });
    let mut fates = fates.into_iter();
    for delivery in batch {
        // All of its own are taken out first, so that the next delivery gets its own.
        let own: Vec<Fate> = fates.by_ref().take(delivery.events.len()).collect();
        let result = own.into_iter().try_for_each(told);
        delivery.answer(result);
    }
    Landed::Batch { taken, away }
}

fn told(fate: Fate) -> Result<(), Undelivered> {
    match fate {
        Fate::Taken | Fate::GivenUp => Ok(()),
        Fate::NotTaken(why) => Err(Undelivered::NotTaken { why }),
        Fate::Away(why) => Err(Undelivered::Away { why }),
    }
}
