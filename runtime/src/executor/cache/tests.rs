//! Keys against those that Python's own JSON mapping and the published hash give, and the client against a cache.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use dataplane_proto::flyteidl2::{
    cacheservice::{
        GetCacheResponse, GetOrExtendReservationResponse, PutCacheResponse,
        ReleaseReservationResponse, Reservation as Reserved,
        v2::cache_service_server::{CacheService, CacheServiceServer},
    },
    core::{Identifier, Literal, LiteralMap, TypedInterface},
    task,
};
use proptest::prelude::*;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request,
    transport::{Endpoint, Server},
};

use super::{key::NoKey, *};
use crate::executor::template::Caching;

mod reuse;

/// Every kind of value and of type, written by Flyte's Python package.
const INPUTS: &str = "0a160a03696e74120f0a0d0a0b08fbffffffffffffffff010a160a05666c6f6174120d0a0b0a0911cdccccccccccf43f0a140a03696e66\
     120d0a0b0a0911000000000000f07f0a0d0a0373747212060a040a021a000a0e0a04626f6f6c12060a040a0220000a190a0474696d6512\
     110a0f0a0d2a0b0880e2cfaa0610809c9c390a230a03647572121c0a1a0a18321608fdffffffffffffffff011098f8ffffffffffffff01\
     0a0e0a046475723012060a040a0232000a180a0362696e12110a0f1a0d0a02ff0012076d73677061636b0a1f0a04626c6f6212170a1512\
     130a070a050a036373761a0873333a2f2f622f6b0a0c0a046e6f6e6512040a022a000a0e0a0365727212070a05320312016d0a2c0a0367\
     656e12250a233a210a1f0a0171121a32180a0911000000000000f03f0a0b2a090a070a0177120220000a1a0a02736412140a1242100a01\
     75120b0a091207706172717565740a170a0373636812100a0e220c0a01751a071a050a016310050a1d0a03756e6912160a144a120a0c0a\
     040a02080722046b657074120208010a2a0a046c697374122212150a060a040a0208010a0b0a040a02080222036f776e2a090a04676f6e\
     651201310a220a036d6170121b1a190a090a01681204220268680a0c0a016b12070a050a031a01760a1c0a036f6666121542130a067333\
     3a2f2f6f108080808080201a0208010a200a046d65746112180a040a0208012a060a016d1201314a080a031a016e1201760a0e0a066861\
     736865641204220268310a090a05656d70747912000a0f0a09656d7074796c697374120212000a110a0769676e6f72656412060a040a02\
     0809";
const INTERFACE: &str = "0ab5010a6f0a02737412690a610809323f0a170a016e12122a100a0e0a016b12091100000000000000000a140a0162120f320d0a022001\
     0a0208000a031a01780a0e0a0161120911000000000000f83f4a0c0a0a0a080a017a12031a01795a0e0a0374616712070a016612020801\
     1204646573630a1a0a02756e12140a0c520a0a0208000a041a0208031204646573630a260a02647312200a1842160a070a016312020802\
     120770617271756574220200ff12046465736312440a0f0a02626c12090a072a050a016610010a100a02656e120a0a083a060a01610a01\
     620a0c0a026d7012060a04220208050a110a027363120b0a0912071a050a01731002";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn caching() -> Caching {
    Caching {
        version: "template-version".to_owned(),
        serializable: false,
        ignored_inputs: vec!["ignored".to_owned()],
        max_age: None,
        id: Some(Identifier {
            resource_type: 1,
            project: "p".to_owned(),
            domain: "d".to_owned(),
            name: "env.task".to_owned(),
            version: "of the task".to_owned(),
            org: "acme".to_owned(),
        }),
        interface: Some(TypedInterface::decode(bytes(INTERFACE).as_slice()).unwrap()),
    }
}

#[test]
fn the_key_is_flytes() {
    let key = CacheKey::new(&caching(), &action(), "action-key", &bytes(INPUTS)).unwrap();
    assert_eq!(
        key.key,
        "bdoiEgBzXyWqpxATBKMW39Dzy66z6tpxm8DP6Op9cpY-GXLIElCk-qTGcAu0v-\
         ILBJp_uCiqkxjY9vTcY2CK3AX8NfO234lzMVBfNt9aA-action-key"
    );
}

#[test]
fn each_kind_of_value_is_hashed_as_flyte_does() {
    use ::base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let expected = [
        ("bin", "ltt-x3JRwZvbcjPUv9Iew9OWhNt5JWh0D_ZJU33aghA"),
        ("blob", "IcwH34IeOLI4FFK4TQdmmmYDsMh6yg4bxF9e5RCqH9c"),
        ("bool", "sNgP30L0MFEuTJYtHWX2ePpdQ6N1n4xRtpKCm0bln2I"),
        ("dur", "Tf2XforFWzUjqrK7Dj5CbX7wmS4TuaHpWVYkWYOeero"),
        ("dur0", "ii9-nfbTu63PExrztMWx8FBYlDnhkdhAgrnkvnWnoDw"),
        ("empty", "GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ"),
        ("emptylist", "45_dNHHi0O2_8py0uhkJR1VN--9WP0nNVhzbdRfyVBU"),
        ("err", "THJOfALpq8aJtvxOgPFeb7GO4OWFwdCNUuZug6CmTs0"),
        ("float", "hmpWvN-a66qJ6H2SlvsK0OZye9quCzmZxXiQbG4qYkM"),
        ("gen", "fa6e8TKGDq8gRlmOWSswWPox5KQhUFiXDi0PpSzoBmE"),
        ("hashed", "V4XLvNFdCvZufYzSPD0KjheZslGP6orzMew4a_NTnjU"),
        ("inf", "kEXckChMRFSocC-EK3hsFfeaWrnSsI6JIZ3OoyYQBxg"),
        ("int", "o-0CVIrtcF1sTiEZTwnx45-BLKPiPzXARwHfTiWXzWk"),
        ("list", "wcoe4mRJrmkTVeBi28LDXuPvKY8jY6ZvzYKfj-JSYF0"),
        ("map", "VAkkJRQoz6VPf26XB34Dm1s5LTYFvS-UP8AH5WsHI2M"),
        ("meta", "5IeuS8P-SQ-yJiqOCr9vpCxza7xFz6IPieAwy2HYcHM"),
        ("none", "d1XftCxBu0liDQ2Xzcn_RYe8CpDEosgckOOQ_APbfE8"),
        ("off", "yyuzw151gzehWhW5--0eCQ5nJ2-HSmiF45xIoTJKuOw"),
        ("sch", "g9u2VZMm8eX0_RvKVJG74dcFZmJstvnK8iPsCh8aZNk"),
        ("sd", "RvV5PPsIHwoBf9NA_6jk7bmlagAz2peTeCn-VciSr7s"),
        ("str", "QR0EAjGOKUUQ4Fo5FJvQeKVzbMapQGMBaqWUzetTWhM"),
        ("time", "V2x7fpHHbg2_hev6Nr1rGXwhea2MaR63y5_q4-YB8HM"),
        ("uni", "YmRXkmfOmMAxSm29eb_sFnVD2PSyhNdJQmDOmhZBso8"),
    ];
    let inputs = LiteralMap::decode(bytes(INPUTS).as_slice()).unwrap();
    assert_eq!(inputs.literals.len(), expected.len() + 1);
    for (name, expected) in expected {
        let hash = canonical::literal(&inputs.literals[name]).hash();
        assert_eq!(URL_SAFE_NO_PAD.encode(hash), expected, "{name}");
    }
}

#[test]
fn nothing_has_the_hash_that_flytes_own_tests_expect() {
    let nothing = Caching {
        interface: Some(TypedInterface::default()),
        ..caching()
    };
    // Without inputs in the interface the file is not looked at.
    let key = CacheKey::new(&nothing, &action(), "", b"garbage").unwrap();
    assert!(
        key.key.ends_with(
            "-GKw-c0Pw-GKw-c0Pw-GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ-template-version"
        ),
        "{}",
        key.key
    );
}

#[test]
fn a_key_needs_an_id_and_inputs() {
    let nobody = Caching {
        id: None,
        ..caching()
    };
    let no_id = CacheKey::new(&nobody, &action(), "", &[]);
    assert_eq!(no_id, Err(NoKey::NoId));
    let garbage = CacheKey::new(&caching(), &action(), "", b"garbage");
    assert!(matches!(garbage, Err(NoKey::Inputs(_))), "{garbage:?}");
}

#[test]
fn the_tasks_version_and_ignored_inputs_do_not_count_and_all_else_does() {
    let of =
        |caching: &Caching, inputs: &[u8]| CacheKey::new(caching, &action(), "k", inputs).unwrap();
    let key = of(&caching(), &bytes(INPUTS));
    let mut other = caching();
    other.id.as_mut().unwrap().version = "another".to_owned();
    assert_eq!(of(&other, &bytes(INPUTS)).key, key.key);
    other.id.as_mut().unwrap().name = "another".to_owned();
    assert_ne!(of(&other, &bytes(INPUTS)).key, key.key);

    let mut inputs = LiteralMap::decode(bytes(INPUTS).as_slice()).unwrap();
    inputs.literals.remove("ignored");
    assert_eq!(of(&caching(), &inputs.encode_to_vec()).key, key.key);
    inputs.literals.remove("int");
    assert_ne!(of(&caching(), &inputs.encode_to_vec()).key, key.key);
}

#[test]
fn the_cache_is_the_actions_own_whatever_the_template_says() {
    let mut foreign = caching();
    let id = foreign.id.as_mut().unwrap();
    id.org = "others".to_owned();
    id.project = "others".to_owned();
    id.domain = "production".to_owned();
    let key = CacheKey::new(&foreign, &action(), "k", &bytes(INPUTS)).unwrap();
    let own = v2::Identifier {
        org: "acme".to_owned(),
        project: "p".to_owned(),
        domain: "d".to_owned(),
    };
    assert_eq!(key.whose, own);
}

proptest! {
    #[test]
    fn the_order_of_inputs_does_not_count(names in proptest::collection::hash_set("[a-z]{1,4}", 0..6)) {
        let literal = |name: &String| Literal { hash: name.clone(), ..Literal::default() };
        let named = |name: &String| task::NamedLiteral { name: name.clone(), value: Some(literal(name)) };
        let forth = task::Inputs { literals: names.iter().map(named).collect(), ..task::Inputs::default() };
        let mut back = forth.clone();
        back.literals.reverse();
        let of = |inputs: &task::Inputs| CacheKey::new(&caching(), &action(), "k", &inputs.encode_to_vec()).unwrap();
        prop_assert_eq!(of(&forth), of(&back));
    }
}

/// A cache inside the test.
#[derive(Clone, Default)]
struct FakeCache(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    outputs: BTreeMap<String, CachedOutput>,
    owners: BTreeMap<String, String>,
    refuse: Option<Code>,
    asked: usize,
    /// Keys that were asked for.
    keys: Vec<String>,
    /// Second questions by the same key that are not answered yet, now and at most.
    again: (usize, usize),
}

impl FakeCache {
    fn asked(&self) -> Result<std::sync::MutexGuard<'_, Inner>, Status> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.asked += 1;
        match inner.refuse {
            Some(code) => Err(Status::new(code, "no")),
            None => Ok(inner),
        }
    }
}

/// Each request says whose cache it means.
fn checked<T>(base: Option<T>, identifier: Option<v2::Identifier>) -> Result<T, Status> {
    let identifier = identifier.ok_or_else(|| Status::invalid_argument("identifier"))?;
    let parts = [&identifier.org, &identifier.project, &identifier.domain];
    if parts.iter().any(|part| part.is_empty()) {
        return Err(Status::invalid_argument("identifier"));
    }
    base.ok_or_else(|| Status::invalid_argument("base_request"))
}

#[tonic::async_trait]
impl CacheService for FakeCache {
    async fn get(
        &self,
        request: Request<v2::GetCacheRequest>,
    ) -> Result<Response<GetCacheResponse>, Status> {
        let request = request.into_inner();
        let key = checked(request.base_request, request.identifier)?.key;
        let (output, again) = {
            let mut inner = self.asked()?;
            let again = usize::from(inner.keys.contains(&key));
            let (now, most) = inner.again;
            inner.again = (now + again, most.max(now + again));
            inner.keys.push(key.clone());
            (inner.outputs.get(&key).cloned(), again)
        };
        let answered = tokio::time::Instant::now() + Duration::from_millis(20);
        tokio::time::sleep_until(answered).await;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .again
            .0 -= again;
        let output = output.ok_or_else(|| Status::not_found("no such entry"))?;
        Ok(Response::new(GetCacheResponse {
            output: Some(output),
        }))
    }

    async fn put(
        &self,
        request: Request<v2::PutCacheRequest>,
    ) -> Result<Response<PutCacheResponse>, Status> {
        let request = request.into_inner();
        let put = checked(request.base_request, request.identifier)?;
        let mut inner = self.asked()?;
        if inner.outputs.contains_key(&put.key) {
            return Err(Status::already_exists("there"));
        }
        let mut output = put.output.unwrap();
        let metadata = output.metadata.as_mut().unwrap();
        metadata.last_updated_at = metadata.created_at;
        inner.outputs.insert(put.key, output);
        Ok(Response::new(PutCacheResponse {}))
    }

    async fn get_or_extend_reservation(
        &self,
        request: Request<v2::GetOrExtendReservationRequest>,
    ) -> Result<Response<GetOrExtendReservationResponse>, Status> {
        let request = request.into_inner();
        let wish = checked(request.base_request, request.identifier)?;
        assert_eq!(wish.heartbeat_interval.unwrap().seconds, 10);
        let mut inner = self.asked()?;
        let owner = inner.owners.entry(wish.key).or_insert(wish.owner_id);
        Ok(Response::new(GetOrExtendReservationResponse {
            reservation: Some(Reserved {
                owner_id: owner.clone(),
                ..Reserved::default()
            }),
        }))
    }

    async fn release_reservation(
        &self,
        request: Request<v2::ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        let request = request.into_inner();
        let release = checked(request.base_request, request.identifier)?;
        let mut inner = self.asked()?;
        if inner.owners.get(&release.key) == Some(&release.owner_id) {
            inner.owners.remove(&release.key);
        }
        Ok(Response::new(ReleaseReservationResponse {}))
    }
}

struct Bench {
    fake: FakeCache,
    cache: Cache,
    reachable: watch::Sender<bool>,
    _token: NamedTempFile,
}

async fn bench() -> Bench {
    let fake = FakeCache::default();
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = TcpListener::bind(anywhere).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        Server::builder()
            .add_service(CacheServiceServer::new(fake.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let token = NamedTempFile::new().unwrap();
    let (reachable, receiver) = watch::channel(true);
    let channel = Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy();
    let cache = Cache::new(channel, TokenFile::new(token.path().to_owned()), receiver);
    Bench {
        fake,
        cache,
        reachable,
        _token: token,
    }
}

fn key() -> CacheKey {
    CacheKey::new(&caching(), &action(), "k", &bytes(INPUTS)).unwrap()
}

fn action() -> ActionId {
    ActionId {
        organization: "acme".parse().unwrap(),
        project: "p".parse().unwrap(),
        domain: "d".parse().unwrap(),
        run: "run".parse().unwrap(),
        action: "a0".parse().unwrap(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

async fn look_up(cache: &Cache, max_age: Option<Duration>, second: i64) -> Lookup {
    cache
        .look_up(&key(), max_age, at(second), LONG_ANSWER)
        .await
}

#[tokio::test]
async fn what_was_put_is_found_until_it_is_too_old() {
    let Bench { fake, cache, .. } = &bench().await;
    assert_eq!(look_up(cache, None, 0).await, Lookup::Miss);
    let uri = "s3://b/a0/1/outputs.pb";
    cache.put(&key(), uri, &action(), 2, at(100)).await.unwrap();
    let hit = Lookup::Hit(Cached::Uri(uri.to_owned()));
    assert_eq!(look_up(cache, None, 1_000).await, hit);
    let minute = Some(Duration::from_mins(1));
    assert_eq!(look_up(cache, minute, 160).await, hit);
    assert_eq!(
        look_up(cache, minute, 161).await,
        Lookup::Miss,
        "it is older than a minute"
    );
    let other = "s3://b/a1/1/outputs.pb";
    let again = cache.put(&key(), other, &action(), 2, at(200)).await;
    assert_eq!(again, Ok(()), "the first result stays and is as good");

    let put = fake.0.lock().unwrap().outputs[&key().key].clone();
    let metadata = put.metadata.unwrap();
    assert_eq!(metadata.source_identifier, caching().id);
    let values = metadata.key_map.unwrap().values;
    assert_eq!(values["execution-name"], "run");
    assert_eq!(values["exec-attempt"], "2");
}

#[tokio::test]
async fn outputs_in_the_answer_are_kept_as_they_came() {
    let Bench { fake, cache, .. } = &bench().await;
    // With a field that no version of today has.
    let mut outputs = bytes(INPUTS);
    outputs.extend([0xc2, 0x3e, 2, b'h', b'i']);
    let entry = |output| CachedOutput {
        output,
        metadata: None,
    };
    let keep = |output| {
        let mut inner = fake.0.lock().unwrap();
        inner.outputs.insert(key().key, entry(output));
    };
    keep(Some(Output::OutputLiterals(outputs.clone())));
    let found = look_up(cache, None, 0).await;
    assert_eq!(found, Lookup::Hit(Cached::Outputs(outputs)));
    for odd in [
        None,
        Some(Output::OutputUri(String::new())),
        Some(Output::OutputLiterals(b"garbage".to_vec())),
    ] {
        keep(odd);
        let found = look_up(cache, None, 0).await;
        assert!(matches!(found, Lookup::Failed(_)), "{found:?}");
    }
    keep(Some(Output::OutputUri("s3://b/o".to_owned())));
    let second = Some(Duration::from_secs(1));
    let ageless = look_up(cache, second, 0).await;
    assert!(matches!(ageless, Lookup::Failed(_)), "{ageless:?}");
}

#[tokio::test]
async fn one_computes_and_the_others_learn_who() {
    let Bench { cache, .. } = &bench().await;
    assert_eq!(cache.reserve(&key(), "ns/one").await, Reservation::Ours);
    assert_eq!(cache.reserve(&key(), "ns/one").await, Reservation::Ours);
    assert_eq!(
        cache.reserve(&key(), "ns/two").await,
        Reservation::Theirs {
            owner: "ns/one".to_owned()
        }
    );
    cache.release(&key(), "ns/two").await.unwrap();
    assert_ne!(cache.reserve(&key(), "ns/two").await, Reservation::Ours);
    cache.release(&key(), "ns/one").await.unwrap();
    assert_eq!(cache.reserve(&key(), "ns/two").await, Reservation::Ours);
}

#[tokio::test]
async fn trouble_is_told_and_never_more_than_that() {
    let Bench {
        fake,
        cache,
        reachable,
        ..
    } = &bench().await;
    fake.0.lock().unwrap().refuse = Some(Code::Internal);
    let failed = Lookup::Failed("no (Internal)".to_owned());
    assert_eq!(look_up(cache, None, 0).await, failed);
    let put = cache.put(&key(), "s3://b/o", &action(), 1, at(0)).await;
    assert_eq!(put, Err("no (Internal)".to_owned()));
    assert_eq!(
        cache.reserve(&key(), "ns/one").await,
        Reservation::Failed("no (Internal)".to_owned())
    );
    cache.release(&key(), "ns/one").await.unwrap_err();
    let asked = fake.0.lock().unwrap().asked;

    reachable.send_replace(false);
    let away = look_up(cache, None, 0).await;
    assert!(
        matches!(&away, Lookup::Failed(why) if why.contains("away")),
        "{away:?}"
    );
    assert_eq!(fake.0.lock().unwrap().asked, asked, "nobody is asked");
}
