//! An API server with one Lease, inside the test.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use http::{Method, Request, Response, StatusCode};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, client::Body};
use serde_json::{Value, json};
use tower::BoxError;

pub struct FakeApiServer {
    lease: Mutex<Value>,
    down: AtomicBool,
}

impl FakeApiServer {
    /// With a Lease as Terraform makes it: without a spec.
    pub fn start() -> Arc<Self> {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": { "name": "operator", "namespace": "union", "resourceVersion": "1", "labels": { "team": "x" } },
        });
        Arc::new(Self {
            lease: Mutex::new(lease),
            down: AtomicBool::new(false),
        })
    }

    pub fn leases(self: &Arc<Self>) -> Api<Lease> {
        let server = Arc::clone(self);
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = Arc::clone(&server);
            async move { server.answer(request).await }
        });
        Api::namespaced(Client::new(service, "union"), "union")
    }

    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub fn lease(&self) -> Value {
        self.lock().clone()
    }

    /// Writes the Lease as another pod would.
    pub fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let mut lease = self.lock();
        edit(&mut lease);
        bump(&mut lease);
    }

    fn lock(&self) -> MutexGuard<'_, Value> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        if self.down.load(Ordering::SeqCst) {
            return Err("connection refused".into());
        }
        let (parts, body) = request.into_parts();
        assert_eq!(
            parts.uri.path(),
            "/apis/coordination.k8s.io/v1/namespaces/union/leases/operator"
        );
        let bytes = body.collect_bytes().await?;
        let mut lease = self.lock();
        let answer = match parts.method {
            Method::GET => (StatusCode::OK, lease.clone()),
            Method::PUT => {
                let wanted: Value = serde_json::from_slice(&bytes)?;
                let version = "/metadata/resourceVersion";
                if wanted.pointer(version) == lease.pointer(version) {
                    *lease = wanted;
                    bump(&mut lease);
                    (StatusCode::OK, lease.clone())
                } else {
                    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 409, "reason": "Conflict",
                        "message": "the object has been modified" });
                    (StatusCode::CONFLICT, status)
                }
            }
            other => panic!("a pod may not {other} a Lease"),
        };
        let (status, body) = answer;
        let mut response = Response::new(Body::from(body.to_string().into_bytes()));
        *response.status_mut() = status;
        Ok(response)
    }
}

fn bump(lease: &mut Value) {
    let version: u64 = lease["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    lease["metadata"]["resourceVersion"] = json!((version + 1).to_string());
}
