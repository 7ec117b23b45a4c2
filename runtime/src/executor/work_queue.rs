//! What is to be looked at: fair between namespaces, one at a time per action, nothing twice.
//!
//! Namespaces take turns, and within one the order is that of arrival, so a project that starts ten thousand actions at once
//! delays the others by one action each. What is touched while it is worked on is looked at again afterwards. What failed
//! comes back after a pause that doubles.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::watch::Scope;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// An action's resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

impl Key {
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

/// How work on an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing is to be done until something changes.
    Rest,
    /// Look again after so long, whatever happens.
    Again(Duration),
    /// It could not be done: again after a pause.
    Failed,
}

/// The queue.
#[derive(Default)]
pub struct WorkQueue {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    /// Actions that wait for their turn, by namespace; none of the lists is empty.
    ready: HashMap<Arc<str>, VecDeque<Key>>,
    /// Namespaces with actions that wait, in the order of their turns.
    turns: VecDeque<Arc<str>>,
    /// Where nothing gets its turn.
    held: HashSet<Scope>,
    /// Only actions of which there is something to remember.
    items: HashMap<Key, Item>,
    later: BTreeSet<(Instant, Key)>,
}

#[derive(Default)]
struct Item {
    /// Since when it waits for its turn.
    waits: Option<Instant>,
    working: bool,
    /// It was touched while it was worked on.
    touched: bool,
    /// When it is looked at without being touched.
    later: Option<Instant>,
    failures: u32,
}

impl WorkQueue {
    /// Something about the action changed.
    pub fn add(&self, key: Key) {
        self.lock().add(key);
        self.changed.notify_one();
    }

    /// Nothing that is there gets its turn, until it is let go.
    pub fn hold(&self, scope: Scope) {
        self.lock().held.insert(scope);
    }

    /// What is there takes its turns from now on.
    pub fn let_go(&self, scope: &Scope) {
        self.lock().let_go(scope);
        self.changed.notify_one();
    }

    /// The next action, and how long it waited for its turn. Whoever takes one calls [`Self::done`]. For one task at a time.
    pub async fn next(&self) -> (Key, Duration) {
        loop {
            let next = {
                let mut inner = self.lock();
                inner.promote(Instant::now());
                match inner.take() {
                    Some(taken) => return taken,
                    None => inner.later.first().map(|(at, _)| *at),
                }
            };
            let changed = self.changed.notified();
            match next {
                // Whether it was the time or a change does not matter: it is looked at again.
                Some(at) => drop(timeout_at(at, changed).await),
                None => changed.await,
            }
        }
    }

    /// Work on an action ended.
    pub fn done(&self, key: Key, done: Done) {
        self.lock().done(key, done);
        self.changed.notify_one();
    }

    /// How many wait for their turn.
    pub fn waiting(&self) -> usize {
        let inner = self.lock();
        let free = inner.free();
        free.map(|(_, keys)| keys.len()).sum()
    }

    /// For how long the one that waits longest has waited.
    pub fn age(&self) -> Duration {
        let inner = self.lock();
        inner
            .free()
            .filter_map(|(_, keys)| inner.items.get(keys.front()?)?.waits)
            .min()
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, key: Key) {
        let item = self.items.entry(key.clone()).or_default();
        if item.working {
            item.touched = true;
        } else if item.waits.is_none() {
            item.waits = Some(Instant::now());
            let held = self.is_held(&key.namespace);
            let keys = self.ready.entry(key.namespace.clone()).or_default();
            if keys.is_empty() && !held {
                self.turns.push_back(key.namespace.clone());
            }
            keys.push_back(key);
        }
    }

    /// Who waits for nothing but its turn: a namespace that can't be read may never have one.
    fn free(&self) -> impl Iterator<Item = (&Arc<str>, &VecDeque<Key>)> {
        let all = self.ready.iter();
        all.filter(|(namespace, _)| !self.is_held(namespace))
    }

    fn is_held(&self, namespace: &Arc<str>) -> bool {
        self.held.contains(&None) || self.held.contains(&Some(Arc::clone(namespace)))
    }

    fn let_go(&mut self, scope: &Scope) {
        if !self.held.remove(scope) {
            return;
        }
        let free: Vec<Arc<str>> = self
            .ready
            .keys()
            .filter(|namespace| scope.as_ref().is_none_or(|scope| scope == *namespace))
            .filter(|namespace| !self.is_held(namespace))
            .cloned()
            .collect();
        self.turns.extend(free);
    }

    fn schedule(&mut self, key: Key, at: Instant) {
        let item = self.items.entry(key.clone()).or_default();
        if item.waits.is_some() || item.later.is_some_and(|earlier| earlier <= at) {
            return;
        }
        if let Some(replaced) = item.later.replace(at) {
            self.later.remove(&(replaced, key.clone()));
        }
        self.later.insert((at, key));
    }

    /// What is due waits for its turn from now on.
    fn promote(&mut self, now: Instant) {
        while let Some((at, _)) = self.later.first()
            && *at <= now
            && let Some((_, key)) = self.later.pop_first()
        {
            if let Some(item) = self.items.get_mut(&key) {
                item.later = None;
            }
            self.add(key);
        }
    }

    fn take(&mut self) -> Option<(Key, Duration)> {
        let namespace = self.turns.pop_front()?;
        let keys = self.ready.get_mut(&namespace)?;
        let key = keys.pop_front()?;
        if keys.is_empty() {
            self.ready.remove(&namespace);
        } else {
            self.turns.push_back(namespace);
        }
        let item = self.items.entry(key.clone()).or_default();
        item.working = true;
        if let Some(at) = item.later.take() {
            self.later.remove(&(at, key.clone()));
        }
        let waited = item
            .waits
            .take()
            .map_or(Duration::ZERO, |since| since.elapsed());
        Some((key, waited))
    }

    fn done(&mut self, key: Key, done: Done) {
        let Some(item) = self.items.get_mut(&key) else {
            return;
        };
        item.working = false;
        let touched = std::mem::take(&mut item.touched);
        let pause = match done {
            Done::Rest | Done::Again(_) => {
                item.failures = 0;
                match done {
                    Done::Again(pause) => Some(pause),
                    _ => None,
                }
            }
            Done::Failed => {
                let doubled = FIRST_PAUSE.saturating_mul(1 << item.failures.min(10));
                item.failures += 1;
                Some(
                    doubled
                        .min(LONGEST_PAUSE)
                        .mul_f64(rand::random_range(0.5..=1.0)),
                )
            }
        };
        if touched && done != Done::Failed {
            self.add(key);
        } else if let Some(pause) = pause {
            self.schedule(key, Instant::now() + pause);
        } else if item.later.is_none() {
            self.items.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt;

    use super::*;

    fn key(text: &str) -> Key {
        let (namespace, name) = text.split_once('/').unwrap();
        Key::new(namespace, name)
    }

    fn later(queue: &WorkQueue, seconds: u64) {
        let at = Instant::now() + Duration::from_secs(seconds);
        queue.lock().schedule(key("a/1"), at);
    }

    /// The next one, if one is ready now.
    fn take(queue: &WorkQueue) -> Option<String> {
        let (key, _) = pin!(queue.next()).now_or_never()?;
        Some(format!("{}/{}", key.namespace, key.name))
    }

    #[track_caller]
    fn takes(queue: &WorkQueue, expected: &[&str]) {
        let taken: Vec<String> = std::iter::from_fn(|| take(queue)).collect();
        assert_eq!(taken, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn namespaces_take_turns_and_each_is_in_order() {
        let queue = WorkQueue::default();
        for text in [
            "big/1", "big/2", "big/3", "small/1", "big/4", "tiny/1", "small/2",
        ] {
            queue.add(key(text));
        }
        assert_eq!(queue.waiting(), 7);
        takes(
            &queue,
            &[
                "big/1", "small/1", "tiny/1", "big/2", "small/2", "big/3", "big/4",
            ],
        );
        assert_eq!(queue.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_held_holds_nobody_else() {
        let queue = WorkQueue::default();
        for namespace in ["a", "b"] {
            queue.hold(Some(namespace.into()));
        }
        for text in ["a/1", "b/1", "b/2", "c/1"] {
            queue.add(key(text));
        }
        takes(&queue, &["c/1"]);
        queue.let_go(&Some("b".into()));
        queue.let_go(&Some("b".into()));
        takes(&queue, &["b/1", "b/2"]);
        queue.add(key("b/3"));
        takes(&queue, &["b/3"]);
        queue.let_go(&Some("a".into()));
        takes(&queue, &["a/1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn all_may_be_held() {
        let queue = WorkQueue::default();
        queue.hold(None);
        queue.add(key("a/1"));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((queue.waiting(), queue.age()), (0, Duration::ZERO));
        takes(&queue, &[]);
        queue.let_go(&None);
        takes(&queue, &["a/1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_already_is_not_added_again() {
        let queue = WorkQueue::default();
        queue.add(key("a/1"));
        queue.add(key("a/1"));
        later(&queue, 1);
        takes(&queue, &["a/1"]);
        queue.done(key("a/1"), Done::Rest);
        tokio::time::advance(Duration::from_secs(2)).await;
        takes(&queue, &[]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_action_is_worked_on_once_at_a_time_and_again_when_touched_meanwhile() {
        let queue = WorkQueue::default();
        queue.add(key("a/1"));
        takes(&queue, &["a/1"]);
        queue.add(key("a/1"));
        queue.add(key("a/1"));
        takes(&queue, &[]);
        queue.done(key("a/1"), Done::Rest);
        takes(&queue, &["a/1"]);
        queue.done(key("a/1"), Done::Rest);
        takes(&queue, &[]);
        assert!(queue.lock().items.is_empty(), "what rests is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_later_comes_then_and_the_earliest_wins() {
        let queue = WorkQueue::default();
        later(&queue, 60);
        later(&queue, 10);
        later(&queue, 90);
        let began = Instant::now();
        let (taken, _) = queue.next().await;
        assert_eq!(
            (taken, began.elapsed()),
            (key("a/1"), Duration::from_secs(10))
        );
        queue.done(key("a/1"), Done::Again(Duration::from_secs(5)));
        queue.next().await;
        assert_eq!(began.elapsed(), Duration::from_secs(15));
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_touch_replaces_the_later_look() {
        let queue = WorkQueue::default();
        later(&queue, 60);
        queue.add(key("a/1"));
        takes(&queue, &["a/1"]);
        queue.done(key("a/1"), Done::Rest);
        tokio::time::advance(Duration::from_mins(2)).await;
        takes(&queue, &[]);
        assert!(queue.lock().items.is_empty() && queue.lock().later.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_of_what_fails_double_up_to_a_minute_also_when_it_is_touched() {
        let queue = WorkQueue::default();
        queue.add(key("a/1"));
        queue.next().await;
        for failures in 0..12_u32 {
            // A watch that tells of every change must not turn a failing action into a busy loop.
            queue.add(key("a/1"));
            queue.done(key("a/1"), Done::Failed);
            takes(&queue, &[]);
            let began = Instant::now();
            let full = (FIRST_PAUSE * (1 << failures.min(10))).min(LONGEST_PAUSE);
            queue.next().await;
            let pause = began.elapsed();
            assert!(
                pause >= full / 2 && pause <= full + Duration::from_millis(1),
                "{pause:?} of {full:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_age_is_that_of_the_longest_wait() {
        let queue = WorkQueue::default();
        assert_eq!(queue.age(), Duration::ZERO);
        queue.add(key("a/1"));
        tokio::time::advance(Duration::from_secs(3)).await;
        queue.add(key("b/1"));
        assert_eq!(queue.age(), Duration::from_secs(3));
        let (_, waited) = queue.next().await;
        assert_eq!(waited, Duration::from_secs(3));
        assert_eq!(queue.age(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken() {
        let queue = Arc::new(WorkQueue::default());
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.next().await.0 }
        });
        tokio::task::yield_now().await;
        queue.add(key("a/1"));
        assert_eq!(waiting.await.unwrap(), key("a/1"));
    }
}
