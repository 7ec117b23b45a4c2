//! What the cache means for an action: decided from its answers, without asking anybody.

use dataplane_proto::flyteidl2::core::CatalogCacheStatus;

use super::{Lookup, Reservation};

/// What to do with an action of a discoverable task that has not run yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// It runs, whatever the cache will say afterwards.
    Run(CatalogCacheStatus),
    /// It has a result already.
    UseCached(super::Cached),
    /// An equal action computes the result; look again later.
    Wait { owner: String },
}

/// Before the first attempt. `reservation` is asked for only after a miss, and only for a serializable task; none when it was
/// not asked for. Whatever goes wrong with the cache, the task runs.
pub fn before(lookup: Lookup, reservation: Option<Reservation>) -> Before {
    match (lookup, reservation) {
        (Lookup::Hit(cached), _) => Before::UseCached(cached),
        (Lookup::Failed(_) | Lookup::Long, _) => {
            Before::Run(CatalogCacheStatus::CacheLookupFailure)
        }
        (Lookup::Miss, Some(Reservation::Theirs { owner })) => Before::Wait { owner },
        (Lookup::Miss, None | Some(Reservation::Ours | Reservation::Failed(_))) => {
            Before::Run(CatalogCacheStatus::CacheMiss)
        }
    }
}

/// The status of an action that succeeded, by whether its outputs were put into the cache.
pub fn after(put: &Result<(), String>) -> CatalogCacheStatus {
    match put {
        Ok(()) => CatalogCacheStatus::CachePopulated,
        Err(_) => CatalogCacheStatus::CachePutFailure,
    }
}

/// Who holds a reservation: the action, by the name of its resource.
pub fn owner(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

#[cfg(test)]
mod tests {
    use super::{super::Cached, *};

    #[test]
    fn only_a_hit_and_somebody_elses_reservation_keep_a_task_from_running() {
        let hit = || Lookup::Hit(Cached::Uri("s3://b/outputs.pb".to_owned()));
        let failed = || Lookup::Failed("no answer".to_owned());
        let theirs = || Reservation::Theirs {
            owner: "ns/other".to_owned(),
        };
        let no_answer = || Reservation::Failed("no answer".to_owned());
        let run = |status| Before::Run(status);
        let miss = CatalogCacheStatus::CacheMiss;
        let lookup_failure = CatalogCacheStatus::CacheLookupFailure;
        for (lookup, reservation, expected) in [
            (
                hit(),
                None,
                Before::UseCached(Cached::Uri("s3://b/outputs.pb".to_owned())),
            ),
            (failed(), None, run(lookup_failure)),
            (failed(), Some(theirs()), run(lookup_failure)),
            (Lookup::Long, None, run(lookup_failure)),
            (Lookup::Miss, None, run(miss)),
            (Lookup::Miss, Some(Reservation::Ours), run(miss)),
            (Lookup::Miss, Some(no_answer()), run(miss)),
            (
                Lookup::Miss,
                Some(theirs()),
                Before::Wait {
                    owner: "ns/other".to_owned(),
                },
            ),
        ] {
            assert_eq!(before(lookup, reservation), expected);
        }
        assert_eq!(after(&Ok(())), CatalogCacheStatus::CachePopulated);
        assert_eq!(
            after(&Err("full".to_owned())),
            CatalogCacheStatus::CachePutFailure
        );
        assert_eq!(owner("ns", "r-a0"), "ns/r-a0");
    }
}
