//! The one endpoint that AWS clients of a test are given. It passes calls on to the emulator that can answer them,
//! records them, and answers with faults where a test asks for them. Signatures stay valid: the host is passed on.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Answer, Ec2Control, Emulators, Fault, ec2,
    eks::{self, EksCluster},
    identity_providers,
    irsa::{self, Webhook},
    parameters, web_identity,
};
use crate::{
    cluster::{Authority, Cluster, Identity},
    issuer::{self, Issuer},
    setup,
};

/// The file with the authority that signed the front's certificate.
const BUNDLE: &str = "authority.crt";

/// A running front. It ends when dropped.
pub struct Front {
    address: SocketAddr,
    bundle: TempDir,
    state: Arc<State>,
    server: JoinHandle<()>,
}

/// A call that a client made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The service's name in signatures: `s3`, `iam`, `logs`.
    pub service: String,
    /// The operation's name where the protocol has one (`CreateRole`), else method and subresource (`PUT ?versioning`).
    pub operation: String,
    pub path: String,
    /// The access key of its signature.
    pub by: Option<String>,
    /// Names of what the request says: parameters of forms and JSON that are not empty, elements of XML, `x-amz-` headers.
    pub says: BTreeSet<String>,
    pub status: u16,
    /// The answer was a fault, in place of the cloud's.
    pub faulted: bool,
}

/// A call on its way.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct State {
    pub(super) ministack: String,
    pub(super) moto: String,
    client: reqwest::Client,
    issuers: Mutex<Vec<Issuer>>,
    pub(super) clusters: Mutex<Vec<EksCluster>>,
    webhook: Mutex<Option<Webhook>>,
    faults: Mutex<Vec<(Fault, usize)>>,
    calls: Mutex<Vec<Call>>,
    pub(super) principals: Mutex<ec2::Principals>,
    /// Accounts that called EC2.
    pub(super) on_ec2: Mutex<BTreeSet<String>>,
}

impl Front {
    pub fn start(emulators: &Emulators) -> Result<Self> {
        Self::start_at(emulators, "127.0.0.1:0")
    }

    pub fn start_at(emulators: &Emulators, address: &str) -> Result<Self> {
        issuer::crypto();
        let state = Arc::new(State {
            ministack: emulators.ministack(),
            moto: emulators.moto(),
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(Duration::from_mins(1))
                .no_proxy()
                .build()?,
            issuers: Mutex::default(),
            clusters: Mutex::default(),
            webhook: Mutex::default(),
            faults: Mutex::default(),
            calls: Mutex::default(),
            principals: Mutex::default(),
            on_ec2: Mutex::default(),
        });
        let listener = issuer::runtime()
            .block_on(TcpListener::bind(address))
            .with_context(|| format!("binding {address}"))?;
        let address = listener.local_addr()?;
        let authority = Authority::new("front")?;
        let tls = acceptor(&authority.server(&["localhost", &address.ip().to_string()])?)?;
        let bundle = setup::scratch()?;
        fs::write(bundle.path().join(BUNDLE), authority.certificate())?;
        let server = issuer::runtime().spawn(serve(listener, tls, Arc::clone(&state)));
        Ok(Self {
            address,
            bundle,
            state,
            server,
        })
    }

    pub(super) fn moto(&self) -> &str {
        &self.state.moto
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same over TLS, which bucket policies ask for, and the authority to trust.
    pub fn secure_endpoint(&self) -> (String, PathBuf) {
        (
            format!("https://{}", self.address),
            self.bundle.path().join(BUNDLE),
        )
    }

    /// Lets the tokens of an issuer be exchanged for the credentials of roles.
    pub fn trust(&self, issuer: Issuer) {
        lock(&self.state.issuers).push(issuer);
    }

    /// Lets EKS say that its cluster `name` is this one, whichever it was before.
    pub fn host_on_eks(&self, name: &str, cluster: &Cluster) -> Result<()> {
        self.host_on_eks_at(name, cluster, &cluster.endpoint())
    }

    /// The same with another address than the one by which the tests reach it.
    pub fn host_on_eks_at(&self, name: &str, cluster: &Cluster, endpoint: &str) -> Result<()> {
        let told = EksCluster::new(name, cluster, endpoint)?;
        lock(&self.state.clusters).insert(0, told);
        Ok(())
    }

    /// Gives the pods of a cluster the roles of their service accounts, as EKS does.
    pub fn give_roles(&self, cluster: &Cluster) -> Result<()> {
        let webhook = Webhook::install(self, cluster)?;
        *lock(&self.state.webhook) = Some(webhook);
        Ok(())
    }

    /// Where an API server asks for the user of a token that EKS's clients made.
    pub fn token_review(&self) -> String {
        format!("{}{}", self.endpoint(), eks::TOKEN_REVIEW)
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.state.faults).push((fault, 0));
    }

    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// The calls since the last time this was asked.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *lock(&self.state.calls))
    }
}

impl Drop for Front {
    /// A request that EC2's description refuses is the client's mistake, and fails its test.
    fn drop(&mut self) {
        self.server.abort();
        if std::thread::panicking() {
            return;
        }
        for account in lock(&self.state.on_ec2).iter() {
            let found = Ec2Control::new(&self.state.moto, account).take_violations();
            assert!(
                matches!(&found, Ok(none) if none.is_empty()),
                "requests of {account} that EC2's description refuses: {found:?}"
            );
        }
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            let mut first = [0];
            // A handshake of TLS begins with this byte, and no request does.
            if matches!(stream.peek(&mut first).await, Ok(1)) && first == [22] {
                if let Ok(stream) = tls.accept(stream).await {
                    converse(stream, true, state).await;
                }
            } else {
                converse(stream, false, state).await;
            }
        });
    }
}

async fn converse<S>(stream: S, secure: bool, state: Arc<State>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| answer(Arc::clone(&state), secure, request));
    // An error here is a client that hung up, or an answer lost on purpose.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn acceptor(identity: &Identity) -> Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// An error breaks the connection.
async fn answer(
    state: Arc<State>,
    secure: bool,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, anyhow::Error> {
    let (mut parts, body) = request.into_parts();
    if secure {
        // What policies see as `aws:SecureTransport`.
        parts
            .headers
            .insert("x-forwarded-proto", HeaderValue::from_static("https"));
    }
    let mut asked = Asked {
        method: parts.method,
        target: parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: parts.headers,
        body: body.collect().await?.to_bytes(),
    };
    if asked.target.starts_with(irsa::PATH) {
        let webhook = lock(&state.webhook).clone();
        let webhook = webhook.context("no cluster has the webhook")?;
        return tokio::task::spawn_blocking(move || webhook.review(&asked.body)).await?;
    }
    web_identity::as_form(&mut asked);
    let mut call = asked.call();
    let fault = state.fault_for(&call);
    if let Some((status, code, message)) =
        fault.as_ref().and_then(|fault| fault.error(&call.service))
    {
        call.status = status;
        call.faulted = true;
        lock(&state.calls).push(call.clone());
        return Ok(refusal(&call.service, status, code, message));
    }
    if let Some(Answer::Held(gate)) = &fault {
        gate.pass().await;
    }
    let by = ec2::gives_keys(&call).then(|| asked.access_key());
    let answer = state.pass_on(&call, asked).await?;
    call.status = answer.status().as_u16();
    if let Some(by) = by {
        let body = answer.body().clone().collect().await?.to_bytes();
        ec2::learn(&state, &call, by.as_deref(), &body);
    }
    lock(&state.calls).push(call);
    if matches!(fault, Some(Answer::Lost)) {
        bail!("the answer is lost, as the test asked");
    }
    Ok(answer)
}

impl State {
    fn fault_for(&self, call: &Call) -> Option<Answer> {
        let mut faults = lock(&self.faults);
        let mut chosen = None;
        for (fault, seen) in faults.iter_mut().filter(|(fault, _)| fault.matches(call)) {
            if fault.calls.contains(seen) && chosen.is_none() {
                chosen = Some(fault.answer.clone());
            }
            *seen += 1;
        }
        chosen
    }

    async fn pass_on(&self, call: &Call, asked: Asked) -> Result<Response<Full<Bytes>>> {
        if call.operation == "AssumeRoleWithWebIdentity" {
            let issuers = lock(&self.issuers).clone();
            return web_identity::exchange(self, &issuers, asked).await;
        }
        if asked.target.starts_with(eks::TOKEN_REVIEW) {
            return eks::review(self, &asked.body).await;
        }
        if call.service == "eks" && call.operation == "GET" {
            let clusters = lock(&self.clusters).clone();
            return eks::describe(self, &clusters, asked).await;
        }
        if ec2::SERVICES.contains(&call.service.as_str()) {
            return ec2::answer(self, asked).await;
        }
        if call.operation.contains("OpenIDConnectProvider") {
            return identity_providers::answer(self, call, asked).await;
        }
        self.send(&self.ministack, asked).await
    }

    /// Sends a call to an emulator.
    pub(super) async fn send(&self, emulator: &str, asked: Asked) -> Result<Response<Full<Bytes>>> {
        let mut headers = asked.headers;
        // Both belong to the client's connection with us.
        headers.remove(header::EXPECT);
        headers.remove(header::CONNECTION);
        let answer = self
            .client
            .request(asked.method, format!("{emulator}{}", asked.target))
            .headers(headers)
            .body(asked.body)
            .send()
            .await
            .with_context(|| format!("passing a call on to {emulator}"))?;
        let mut passed = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if name != header::TRANSFER_ENCODING && name != header::CONNECTION {
                passed = passed.header(name, value);
            }
        }
        Ok(passed.body(Full::new(answer.bytes().await?))?)
    }
}

impl Asked {
    /// A field of a form body, as IAM's and STS's protocol has them.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The access key of the signature; an account's number for its root user.
    pub(super) fn access_key(&self) -> Option<String> {
        self.scope()?.split('/').next().map(str::to_owned)
    }

    /// `KEY/DATE/REGION/SERVICE/aws4_request` of the signature.
    fn scope(&self) -> Option<&str> {
        let authorization = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        authorization
            .split_once("Credential=")?
            .1
            .split([',', ' '])
            .next()
    }

    fn call(&self) -> Call {
        let action = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .filter(|kind| kind.starts_with("application/x-www-form-urlencoded"))
            .and_then(|_| self.field("Action"));
        let target = self
            .headers
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok())
            .and_then(|target| target.rsplit('.').next())
            .map(str::to_owned);
        let service = match self.scope().and_then(|scope| scope.split('/').nth(3)) {
            Some(service) => service.to_owned(),
            None if action.is_some() => "sts".to_owned(),
            None => "s3".to_owned(),
        };
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let subresource = query
            .split('&')
            .find(|part| !part.starts_with("x-id=") && !part.is_empty())
            .and_then(|part| part.split('=').next());
        let rest = match subresource {
            Some(name) => format!("{} ?{name}", self.method),
            None => self.method.to_string(),
        };
        Call {
            service,
            operation: action.or(target).unwrap_or(rest),
            path: path.to_owned(),
            by: self.access_key(),
            says: parameters::of(self),
            status: 0,
            faulted: false,
        }
    }
}

/// An error in the service's own format.
pub(super) fn refusal(
    service: &str,
    status: u16,
    code: &str,
    message: &str,
) -> Response<Full<Bytes>> {
    let (kind, body) = match service {
        "s3" => (
            "application/xml",
            format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message><RequestId>acceptance-fault</RequestId></Error>"
            ),
        ),
        "ec2" => (
            "text/xml",
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>acceptance-fault</RequestID></Response>"
            ),
        ),
        "iam" | "sts" => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>acceptance-fault</RequestId></ErrorResponse>"
            ),
        ),
        _ => (
            "application/x-amz-json-1.1",
            serde_json::json!({ "__type": code, "message": message }).to_string(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in [
        ("content-type", kind),
        ("x-amzn-requestid", "acceptance-fault"),
        ("x-amz-request-id", "acceptance-fault"),
        ("x-amzn-errortype", code),
    ] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
