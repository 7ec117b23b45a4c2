//! Who may start when: a function of what was asked for and of what has ended so far. Nothing here runs anything.

use std::{
    collections::{BTreeSet, VecDeque},
    num::NonZeroUsize,
};

use crate::tenants::Tenant;

/// Tenants that are done beside each other.
#[derive(Clone, Debug)]
pub struct Wave {
    pub name: String,
    pub tenants: Vec<Tenant>,
    /// How many at once.
    pub parallelism: NonZeroUsize,
    /// After so many failures nobody new is started.
    pub stop_after: NonZeroUsize,
}

/// How a tenant's turn ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    Well,
    Failed,
    /// The cloud had too many calls: it is tried once more, with half as many beside it.
    Throttled,
}

/// What failures mean for those who are still to come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnFailure {
    /// Nothing: looking at a tenant changes nothing, and a summary wants all of them.
    GoOn,
    /// They are counted, and the next wave wants none.
    Stop,
}

#[derive(Debug)]
pub struct Schedule {
    on_failure: OnFailure,
    later: VecDeque<Wave>,
    current: Option<Wave>,
    waiting: VecDeque<Tenant>,
    running: BTreeSet<Tenant>,
    throttled: VecDeque<Tenant>,
    second_turn: bool,
    failures: usize,
    stopped: bool,
}

impl Schedule {
    pub fn new(waves: Vec<Wave>, on_failure: OnFailure) -> Self {
        let mut schedule = Self {
            on_failure,
            later: waves.into(),
            current: None,
            waiting: VecDeque::new(),
            running: BTreeSet::new(),
            throttled: VecDeque::new(),
            second_turn: false,
            failures: 0,
            stopped: false,
        };
        schedule.settle();
        schedule
    }

    /// A tenant that may start now, and the name of its wave.
    pub fn start(&mut self) -> Option<(Tenant, String)> {
        let wave = self.current.as_ref()?;
        let parallelism = wave.parallelism.get();
        let limit = if self.second_turn {
            (parallelism / 2).max(1)
        } else {
            parallelism
        };
        if self.stopped || self.running.len() >= limit {
            return None;
        }
        let tenant = self.waiting.pop_front()?;
        self.running.insert(tenant.clone());
        Some((tenant, wave.name.clone()))
    }

    /// A tenant that was started has ended.
    pub fn ended(&mut self, tenant: &Tenant, end: End) {
        self.running.remove(tenant);
        match end {
            End::Well => {}
            End::Throttled if !self.second_turn => self.throttled.push_back(tenant.clone()),
            End::Throttled | End::Failed => self.failures += 1,
        }
        let enough = self
            .current
            .as_ref()
            .is_some_and(|wave| self.failures >= wave.stop_after.get());
        if enough && self.on_failure == OnFailure::Stop {
            self.stopped = true;
        }
        self.settle();
    }

    /// Nobody new starts any more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Goes on to the second turn of a wave, and to the next wave, when the time has come.
    fn settle(&mut self) {
        while !self.stopped && self.waiting.is_empty() && self.running.is_empty() {
            if !self.throttled.is_empty() {
                self.waiting = std::mem::take(&mut self.throttled);
                self.second_turn = true;
                return;
            }
            if self.failures > 0 && self.on_failure == OnFailure::Stop {
                self.stopped = true;
                return;
            }
            self.current = self.later.pop_front();
            self.second_turn = false;
            self.failures = 0;
            let Some(wave) = &self.current else {
                return;
            };
            self.waiting = wave.tenants.iter().cloned().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn tenant(wave: usize, number: usize) -> Tenant {
        format!("w{wave}-{number}").parse().unwrap()
    }

    fn wave(number: usize, size: usize, parallelism: usize, stop_after: usize) -> Wave {
        Wave {
            name: format!("w{number}"),
            tenants: (0..size).map(|tenant_| tenant(number, tenant_)).collect(),
            parallelism: NonZeroUsize::new(parallelism).unwrap(),
            stop_after: NonZeroUsize::new(stop_after).unwrap(),
        }
    }

    #[derive(Debug, Default)]
    struct Seen {
        /// In the order of their starts, with how many ran then, themselves included.
        starts: Vec<(Tenant, usize)>,
        failures: BTreeMap<String, usize>,
        /// Starts after so many failures of their wave.
        started_after: Vec<(String, usize)>,
    }

    /// Runs a schedule to its end: `pick` says which of those who run ends next, `end` how.
    fn play(
        waves: &[Wave],
        on_failure: OnFailure,
        mut pick: impl FnMut(usize) -> usize,
        mut end: impl FnMut(&Tenant, usize) -> End,
    ) -> Seen {
        let mut schedule = Schedule::new(waves.to_vec(), on_failure);
        let (mut seen, mut running) = (Seen::default(), Vec::new());
        let mut turns: BTreeMap<Tenant, usize> = BTreeMap::new();
        loop {
            while let Some((tenant, wave)) = schedule.start() {
                let failures = seen.failures.get(&wave).copied().unwrap_or_default();
                seen.started_after.push((wave.clone(), failures));
                running.push((tenant.clone(), wave));
                seen.starts.push((tenant, running.len()));
            }
            if running.is_empty() {
                return seen;
            }
            let (tenant, wave) = running.remove(pick(running.len()));
            let turn = turns.entry(tenant.clone()).or_default();
            *turn += 1;
            let how = end(&tenant, *turn);
            if how == End::Failed || (how == End::Throttled && *turn == 2) {
                *seen.failures.entry(wave).or_default() += 1;
            }
            schedule.ended(&tenant, how);
        }
    }

    fn some_waves() -> impl Strategy<Value = Vec<Wave>> {
        prop::collection::vec((0_usize..8, 1_usize..5, 1_usize..4), 0..4).prop_map(|sizes| {
            let numbered = sizes.into_iter().enumerate();
            numbered
                .map(|(number, (size, parallelism, stop))| wave(number, size, parallelism, stop))
                .collect()
        })
    }

    fn an_end() -> impl Strategy<Value = End> {
        prop_oneof![6 => Just(End::Well), 1 => Just(End::Failed), 2 => Just(End::Throttled)]
    }

    proptest! {
        #[test]
        fn everybody_has_a_turn_in_the_order_of_waves(waves in some_waves(), picks in prop::collection::vec(0_usize..100, 64)) {
            let mut picks = picks.into_iter().cycle();
            let seen = play(&waves, OnFailure::Stop, |n| picks.next().unwrap() % n, |_, _| End::Well);
            let wanted: Vec<_> = waves.iter().flat_map(|wave| wave.tenants.clone()).collect();
            let started: Vec<_> = seen.starts.into_iter().map(|(tenant, _)| tenant).collect();
            prop_assert_eq!(started, wanted);
        }

        #[test]
        fn never_more_than_so_many_at_once_and_nobody_after_the_stop(
            waves in some_waves(),
            picks in prop::collection::vec(0_usize..100, 64),
            ends in prop::collection::vec(an_end(), 64),
        ) {
            let (mut picks, mut ends) = (picks.into_iter().cycle(), ends.into_iter().cycle());
            let seen = play(&waves, OnFailure::Stop, |n| picks.next().unwrap() % n, |_, _| ends.next().unwrap());
            let of = |name: &str| waves.iter().find(|wave| wave.name == name).unwrap();
            for (tenant, at_once) in &seen.starts {
                let name = tenant.as_str().split('-').next().unwrap();
                prop_assert!(*at_once <= of(name).parallelism.get());
            }
            for (name, failures) in &seen.started_after {
                prop_assert!(*failures < of(name).stop_after.get(), "{name} started somebody after {failures} failures");
            }
            // After a wave with a failure there is no other.
            let failed: Vec<usize> = seen.failures.keys().map(|name| name[1..].parse().unwrap()).collect();
            prop_assert!(failed.len() <= 1);
            if let Some(failed) = failed.first() {
                let later = format!("w{}-", failed + 1);
                prop_assert!(!seen.starts.iter().any(|(tenant, _)| tenant.as_str().starts_with(&later)));
            }
        }

        #[test]
        fn who_only_looks_sees_everybody(
            waves in some_waves(),
            picks in prop::collection::vec(0_usize..100, 64),
            ends in prop::collection::vec(an_end(), 64),
        ) {
            let (mut picks, mut ends) = (picks.into_iter().cycle(), ends.into_iter().cycle());
            let seen = play(&waves, OnFailure::GoOn, |n| picks.next().unwrap() % n, |_, _| ends.next().unwrap());
            let started: BTreeSet<_> = seen.starts.into_iter().map(|(tenant, _)| tenant).collect();
            let wanted: BTreeSet<_> = waves.iter().flat_map(|wave| wave.tenants.clone()).collect();
            prop_assert_eq!(started, wanted);
        }
    }

    #[test]
    fn who_was_throttled_is_tried_once_more_with_half_beside_it() {
        let seen = play(
            &[wave(0, 8, 4, 1), wave(1, 1, 1, 1)],
            OnFailure::Stop,
            |_| 0,
            |tenant, turn| {
                if turn == 1 && tenant.as_str().starts_with("w0") {
                    End::Throttled
                } else {
                    End::Well
                }
            },
        );
        let at_once: Vec<usize> = seen.starts.iter().map(|(_, at_once)| *at_once).collect();
        assert_eq!(at_once[..8], [1, 2, 3, 4, 4, 4, 4, 4]);
        assert_eq!(at_once[8..16], [1, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(
            seen.starts.len(),
            17,
            "the next wave starts after the second turn"
        );
    }

    #[test]
    fn who_is_throttled_twice_has_failed() {
        let waves = [wave(0, 2, 2, 2), wave(1, 1, 1, 1)];
        let throttled = |tenant: &Tenant, _| match tenant.as_str() {
            "w0-1" => End::Throttled,
            _ => End::Well,
        };
        let seen = play(&waves, OnFailure::Stop, |_| 0, throttled);
        let started: Vec<&str> = seen
            .starts
            .iter()
            .map(|(tenant, _)| tenant.as_str())
            .collect();
        assert_eq!(started, ["w0-0", "w0-1", "w0-1"]);
    }

    #[test]
    fn an_interrupt_starts_nobody_new() {
        let mut schedule = Schedule::new(vec![wave(0, 3, 1, 1)], OnFailure::Stop);
        let (first, _) = schedule.start().unwrap();
        schedule.stop();
        assert!(schedule.start().is_none());
        schedule.ended(&first, End::Well);
        assert!(schedule.start().is_none());
    }
}
