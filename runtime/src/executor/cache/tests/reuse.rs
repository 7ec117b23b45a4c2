//! The cache together with the store: what one action leaves another gets.

use std::num::NonZeroU32;

use dataplane_proto::flyteidl2::core::{CatalogCacheStatus, TaskTemplate};
use dataplane_store::{Precondition, Store, Written};
use serde_json::json;

use super::*;
use crate::executor::{action::Action, example, settings::Settings};

const FIRST: NonZeroU32 = NonZeroU32::MIN;

struct Site {
    bench: Bench,
    store: Store,
    reuse: Reuse,
    settings: Settings,
}

async fn site() -> Site {
    let bench = bench().await;
    let settings = example::settings(json!({}), "spec");
    let store = Store::in_memory(&settings.storage);
    let inputs = bytes(INPUTS);
    write(&store, &action(&settings, "r7-a0", false).inputs, &inputs).await;
    Site {
        reuse: Reuse::new(bench.cache.clone(), store.clone()),
        bench,
        store,
        settings,
    }
}

fn action(settings: &Settings, name: &str, serializable: bool) -> Action {
    let mut template: TaskTemplate = example::python();
    template.interface = caching().interface;
    let metadata = template.metadata.as_mut().unwrap();
    metadata.discoverable = true;
    metadata.discovery_version = "1".to_owned();
    metadata.cache_serializable = serializable;
    let mut action = example::action(&template, settings);
    action.name = name.to_owned();
    action.id.action = name.trim_start_matches("r7-").parse().unwrap();
    action
}

async fn write(store: &Store, uri: &str, content: &[u8]) {
    let uri = uri.parse().unwrap();
    let written = store.write(&uri, content.to_vec().into(), Precondition::None);
    assert_eq!(written.await.unwrap(), Written::Yes);
}

async fn outputs_of(site: &Site, action: &Action) -> Option<Vec<u8>> {
    let uri = format!("{}/outputs.pb", action.output_prefix(FIRST));
    let read = site.store.read(&uri.parse().unwrap(), 1 << 20).await;
    read.unwrap().map(Into::into)
}

#[tokio::test]
async fn what_one_action_leaves_another_gets() {
    let site = site().await;
    let one = action(&site.settings, "r7-a0", false);
    let run = site.before(&one, 0).await;
    assert_eq!(run, Reused::Run(CatalogCacheStatus::CacheMiss));
    let uri = format!("{}/outputs.pb", one.output_prefix(FIRST));
    write(&site.store, &uri, b"\n\x04\n\x02o0").await;
    assert_eq!(
        site.succeeded(&one, 1).await,
        CatalogCacheStatus::CachePopulated
    );

    let two = action(&site.settings, "r7-a1", false);
    assert_eq!(outputs_of(&site, &two).await, None);
    assert_eq!(site.before(&two, 2).await, Reused::Done);
    assert_eq!(
        outputs_of(&site, &two).await.unwrap(),
        b"\n\x04\n\x02o0",
        "byte for byte"
    );
}

#[tokio::test]
async fn equal_actions_wait_for_the_one_that_computes() {
    let site = site().await;
    let one = action(&site.settings, "r7-a0", true);
    let two = action(&site.settings, "r7-a1", true);
    let runs = Reused::Run(CatalogCacheStatus::CacheMiss);
    let waits = Reused::Wait {
        owner: "fraud-staging/r7-a0".to_owned(),
    };
    assert_eq!(site.before(&one, 0).await, runs);
    assert_eq!(site.before(&two, 0).await, waits);
    let claim = site.reuse.claim(&one).await.unwrap().unwrap();
    site.reuse.extend(&claim).await;
    assert_eq!(site.before(&two, 0).await, waits);
    site.reuse.give_way(&claim).await;
    assert_eq!(site.before(&two, 0).await, runs);
    let put = site.succeeded(&two, 1).await;
    assert_eq!(put, CatalogCacheStatus::CachePopulated);
    let owners = site.bench.fake.0.lock().unwrap().owners.clone();
    assert_eq!(owners, BTreeMap::new(), "the reservation is given up");
}

/// An answer may hold outputs of megabytes, and hundreds of actions ask at once.
#[tokio::test]
async fn outputs_in_answers_have_room_with_what_is_read() {
    let site = site().await;
    let store = site
        .store
        .clone()
        .with_memory(u32::try_from(3 * ROOM).unwrap());
    let reuse = Reuse::new(site.bench.cache.clone(), store.clone());
    let keep = async |action: &Action, bytes: usize| {
        let mut outputs = super::bytes(INPUTS);
        outputs.extend([0xc2, 0x3e]);
        prost::encoding::encode_varint(bytes as u64, &mut outputs);
        outputs.resize(outputs.len() + bytes, b'x');
        let output = CachedOutput {
            output: Some(Output::OutputLiterals(outputs)),
            metadata: None,
        };
        let claim = reuse.claim(action).await.unwrap().unwrap();
        let key = claim.key.key.clone();
        let mut inner = site.bench.fake.0.lock().unwrap();
        inner.outputs.insert(key, output);
        claim
    };
    let mut asked = Vec::new();
    for number in 0..16 {
        let mut one = action(&site.settings, &format!("r7-a{number}"), false);
        one.cache_key = number.to_string();
        let claim = keep(&one, 1 << 20).await;
        asked.push((one, claim));
    }
    let before = asked
        .iter()
        .map(|(one, claim)| reuse.before(one, Some(claim), FIRST, at(0)));
    let done = futures::future::join_all(before).await;
    assert_eq!(done, vec![Reused::Done; 16]);
    assert_eq!(site.bench.fake.0.lock().unwrap().again, (0, 3));
    let all = u64::from(u32::MAX);
    assert!(store.room(all).await.is_some(), "it is there again");

    let (one, _) = &asked[0];
    let claim = keep(one, LONG_ANSWER).await;
    assert_eq!(
        reuse.before(one, Some(&claim), FIRST, at(0)).await,
        Reused::Run(CatalogCacheStatus::CacheLookupFailure)
    );
    let longest = Duration::from_millis(50);
    let busy = Reuse::new(
        site.bench.cache.clone(),
        store.clone().with_longest(longest),
    );
    let _all = store.room(all).await;
    let (one, claim) = &asked[1];
    assert_eq!(
        busy.before(one, Some(claim), FIRST, at(0)).await,
        Reused::Run(CatalogCacheStatus::CacheLookupFailure)
    );
}

#[tokio::test]
async fn whatever_is_wrong_the_task_runs() {
    let site = site().await;
    let one = action(&site.settings, "r7-a0", false);
    let fails = Reused::Run(CatalogCacheStatus::CacheLookupFailure);
    let plain = example::action(&example::python(), &site.settings);
    assert_eq!(
        site.before(&plain, 0).await,
        Reused::Run(CatalogCacheStatus::CacheDisabled)
    );

    // A result in a bucket that is not ours, another project's, and one that is gone.
    let others = "s3://acme-metadata/acme/other/staging/r1/a0/1/outputs.pb";
    write(&site.store, others, b"theirs").await;
    for uri in [
        "s3://elsewhere/outputs.pb",
        others,
        "s3://acme-metadata/acme/fraud/staging/gone/outputs.pb",
        "no uri",
    ] {
        let key = site.reuse_key(&one).await;
        let output = CachedOutput {
            output: Some(Output::OutputUri(uri.to_owned())),
            metadata: None,
        };
        site.bench
            .fake
            .0
            .lock()
            .unwrap()
            .outputs
            .insert(key, output);
        assert_eq!(site.before(&one, 0).await, fails, "{uri}");
        assert_eq!(outputs_of(&site, &one).await, None);
    }

    let mut lost = one.clone();
    lost.inputs = "s3://acme-metadata/acme/fraud/staging/nothing/inputs.pb".to_owned();
    assert_eq!(site.before(&lost, 0).await, fails);
    assert_eq!(
        site.succeeded(&lost, 0).await,
        CatalogCacheStatus::CachePutFailure
    );

    site.bench.fake.0.lock().unwrap().refuse = Some(Code::Unavailable);
    assert_eq!(site.before(&one, 0).await, fails);
    assert_eq!(
        site.succeeded(&one, 0).await,
        CatalogCacheStatus::CachePutFailure
    );
    let claim = site.reuse.claim(&one).await.unwrap().unwrap();
    site.reuse.give_way(&claim).await;
    site.reuse.extend(&claim).await;
}

impl Site {
    async fn before(&self, action: &Action, second: i64) -> Reused {
        let claim = self.reuse.claim(action).await.unwrap();
        let before = self.reuse.before(action, claim.as_ref(), FIRST, at(second));
        before.await
    }

    async fn succeeded(&self, action: &Action, second: i64) -> CatalogCacheStatus {
        let claim = self.reuse.claim(action).await.unwrap();
        let succeeded = self
            .reuse
            .succeeded(action, claim.as_ref(), FIRST, at(second));
        succeeded.await
    }

    async fn reuse_key(&self, action: &Action) -> String {
        let caching = action.template().unwrap().caching.clone().unwrap();
        let inputs = action.inputs.parse().unwrap();
        let inputs = self.store.read(&inputs, 1 << 20).await.unwrap().unwrap();
        let key = CacheKey::new(&caching, &action.id, &action.cache_key, &inputs).unwrap();
        key.key
    }
}
