//! A cluster's objects over its API server: one request per call, by path.

use std::{
    collections::HashMap,
    error::Error as StdError,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::{
    error::{Error, Verb},
    objects::{Apply, FIELD_MANAGER, Kind, Object, ObjectRef, Objects, Served},
};

/// Mints a bearer token; asked before each request, so that none outlives a long wait.
pub type Tokens = Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// Most objects a list page holds.
const PAGE: usize = 500;

/// A connected API server. Making one calls nothing.
pub struct ApiServer {
    client: kube::Client,
    host: String,
    /// The name that its certificate is checked by, where it is not that of its address.
    server_name: Option<String>,
    private: Option<PrivateWay>,
    tokens: Option<Tokens>,
    discovered: Mutex<HashMap<Kind, Served>>,
}

/// What a private endpoint must lead to.
pub struct PrivateWay {
    /// Whether the certificate there is checked by the cluster's own authority, and not by those that every machine trusts.
    pub own_authority: bool,
    /// The name of the cluster's other way, where the certificate is another.
    pub other_name: Option<String>,
}

/// What is asked of which object, for the error.
struct Call<'a> {
    verb: Verb,
    object: &'a ObjectRef,
    resource: String,
}

impl ApiServer {
    /// `tokens` is `None` where the configuration itself knows how to authenticate (kubeconfig users, programs).
    pub fn new(config: kube::Config, tokens: Option<Tokens>) -> Result<Self, Error> {
        let host = config
            .cluster_url
            .to_string()
            .trim_end_matches('/')
            .to_owned();
        let server_name = config.tls_server_name.clone();
        let client = kube::Client::try_from(config).map_err(|error| Error::Credentials {
            host: host.clone(),
            reason: chain(&error),
        })?;
        Ok(Self {
            client,
            host,
            server_name,
            private: None,
            tokens,
            discovered: Mutex::default(),
        })
    }

    /// The same, whose address is that of a private endpoint: somebody may have to accept the connection.
    pub fn by_private_endpoint(self, way: PrivateWay) -> Self {
        Self {
            private: Some(way),
            ..self
        }
    }

    async fn served(&self, kind: &Kind) -> Result<Served, Error> {
        if let Some(served) = kind.builtin() {
            return Ok(served);
        }
        if let Some(served) = self.known().get(kind) {
            return Ok(served.clone());
        }
        let group = ObjectRef {
            kind: kind.clone(),
            namespace: None,
            name: kind.group().to_owned(),
        };
        let call = Call {
            verb: Verb::Get,
            object: &group,
            resource: "(discovery)".to_owned(),
        };
        let not_served = || Error::NotServed {
            host: self.host.clone(),
            api_version: kind.api_version.clone(),
            kind: kind.kind.clone(),
        };
        let resources = match self
            .send(Method::GET, &kind.group_path(), None, &call)
            .await
        {
            Err(error) if error.is_not_found() => return Err(not_served()),
            answer => answer?,
        };
        let served = resources["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|resource| {
                resource["kind"] == kind.kind.as_str()
                    && !resource["name"].as_str().unwrap_or("/").contains('/')
            })
            .map(|resource| Served {
                plural: resource["name"].as_str().unwrap_or_default().to_owned(),
                namespaced: resource["namespaced"] == true,
            })
            .ok_or_else(not_served)?;
        self.known().insert(kind.clone(), served.clone());
        Ok(served)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Kind, Served>> {
        self.discovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn on_object(
        &self,
        verb: Verb,
        object: &ObjectRef,
        query: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Value, Error> {
        let served = self.served(&object.kind).await?;
        let path = format!("{}/{}{query}", collection(object, &served), object.name);
        let method = match verb {
            Verb::Get | Verb::List => Method::GET,
            Verb::Patch => Method::PATCH,
            Verb::Update => Method::PUT,
            Verb::Delete => Method::DELETE,
        };
        let call = Call {
            verb,
            object,
            resource: resource(&object.kind, &served),
        };
        self.send(method, &path, body, &call).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
        call: &Call<'_>,
    ) -> Result<Value, Error> {
        tracing::debug!(%method, path, "asking the API server");
        let answer_error = |reason: String| Error::Answer {
            host: self.host.clone(),
            object: Box::new(call.object.clone()),
            reason,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "application/json");
        if let Some(tokens) = &self.tokens {
            let token = tokens().await.map_err(|reason| Error::Credentials {
                host: self.host.clone(),
                reason,
            })?;
            let mut value =
                header::HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                    Error::Credentials {
                        host: self.host.clone(),
                        reason: "the token has characters that no HTTP header may hold".to_owned(),
                    }
                })?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let bytes = match body {
            Some((content_type, bytes)) => {
                request = request.header(header::CONTENT_TYPE, content_type);
                bytes
            }
            None => Vec::new(),
        };
        let request = request
            .body(bytes)
            .map_err(|error| answer_error(error.to_string()))?;
        let text = self
            .client
            .request_text(request)
            .await
            .map_err(|error| self.meaning(&error, call))?;
        serde_json::from_str(&text).map_err(|error| answer_error(error.to_string()))
    }

    fn meaning(&self, error: &kube::Error, call: &Call<'_>) -> Error {
        let host = self.host.clone();
        match error {
            kube::Error::Api(status) => {
                Error::from_status(status, &self.host, call.verb, call.object, &call.resource)
            }
            kube::Error::Auth(_) => Error::Credentials {
                host,
                reason: chain(error),
            },
            kube::Error::Service(source)
                if source.downcast_ref::<kube::client::AuthError>().is_some() =>
            {
                Error::Credentials {
                    host,
                    reason: chain(source.as_ref()),
                }
            }
            kube::Error::FromUtf8(_) | kube::Error::SerdeError(_) => Error::Answer {
                host,
                object: Box::new(call.object.clone()),
                reason: chain(error),
            },
            _ => Error::Unreachable {
                host,
                reason: self.unreachable(error),
            },
        }
    }

    /// Why it was not reached, with what to do where the words of the libraries do not tell.
    fn unreachable(&self, error: &kube::Error) -> String {
        let (reason, advice) = obstacle(error);
        let advice = match (advice, &self.private, &self.server_name) {
            (Advice::Name, Some(_), _) => {
                "`server_name` of `private_endpoint` must be a name that the cluster's certificate is for; left out, it is the host of the cluster's own address".to_owned()
            }
            (Advice::Name, None, _) => {
                "set the name that the certificate is for by `server_name` of `direct`, or `tls-server-name` of the kubeconfig file".to_owned()
            }
            (Advice::Authority, Some(way), _) => way.stranger(&self.host),
            (Advice::Authority, None, _) => {
                "give the authority that signed it by `ca_certificate` of the `cluster` argument (or of its kubeconfig)".to_owned()
            }
            (Advice::Way, Some(_), Some(name)) => format!(
                "this is its private endpoint, asked for {name}: is the connection accepted? Where `private_endpoint` has another address now, the state still \
                 has this one until an apply: run it with -refresh=false"
            ),
            (Advice::Way, ..) => return reason,
        };
        format!("{reason}; {advice}")
    }
}

impl PrivateWay {
    /// What a certificate of somebody else means, and what to do.
    fn stranger(&self, host: &str) -> String {
        let whose = if self.own_authority {
            "not of this cluster's own authority"
        } else {
            "of no authority that this machine trusts"
        };
        let advice = format!(
            "the certificate there is {whose}, so {host} leads to something else: check where the endpoint leads"
        );
        match &self.other_name {
            None => advice,
            Some(other) => format!(
                "{advice}. Where it leads to {other}, which has another certificate, write `server_name = {other:?}` in `private_endpoint`"
            ),
        }
    }
}

/// What would help where a server was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advice {
    /// The certificate is for other names.
    Name,
    /// Nobody who is trusted signed the certificate.
    Authority,
    /// There is no way, or nobody at its end.
    Way,
}

#[async_trait]
impl Objects for ApiServer {
    fn host(&self) -> &str {
        &self.host
    }

    async fn get(&self, object: &ObjectRef) -> Result<Object, Error> {
        self.on_object(Verb::Get, object, "", None)
            .await
            .map(Object)
    }

    async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Vec<Object>, Error> {
        let served = self.served(kind).await?;
        let all = ObjectRef {
            kind: kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: "*".to_owned(),
        };
        let call = Call {
            verb: Verb::List,
            object: &all,
            resource: resource(kind, &served),
        };
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("labelSelector", labels)
                .append_pair("limit", &PAGE.to_string())
                .append_pair("continue", &next)
                .finish();
            let path = format!("{}?{query}", collection(&all, &served));
            let mut page = self.send(Method::GET, &path, None, &call).await?;
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                found.extend(items.into_iter().map(|mut item| {
                    // The items of a list come without their kind.
                    item["apiVersion"] = json!(kind.api_version);
                    item["kind"] = json!(kind.kind);
                    Object(item)
                }));
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => token.clone_into(&mut next),
                _ => return Ok(found),
            }
        }
    }

    async fn apply(&self, object: &Object, apply: Apply) -> Result<Object, Error> {
        let force = apply == Apply::Force;
        // Strict: a field that this server does not know must not be dropped in silence; it may be what made the object safe.
        let query = format!("?fieldManager={FIELD_MANAGER}&force={force}&fieldValidation=Strict");
        let body = (
            "application/apply-patch+yaml",
            object.0.to_string().into_bytes(),
        );
        self.on_object(Verb::Patch, &object.reference(), &query, Some(body))
            .await
            .map(Object)
    }

    async fn replace(&self, object: &Object) -> Result<Object, Error> {
        let query = format!("?fieldManager={FIELD_MANAGER}&fieldValidation=Strict");
        let body = ("application/json", object.0.to_string().into_bytes());
        self.on_object(Verb::Update, &object.reference(), &query, Some(body))
            .await
            .map(Object)
    }

    async fn delete(&self, object: &ObjectRef, uid: &str) -> Result<(), Error> {
        let options = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": uid }, "propagationPolicy": "Background" });
        let body = ("application/json", options.to_string().into_bytes());
        self.on_object(Verb::Delete, object, "", Some(body))
            .await
            .map(drop)
    }

    async fn version(&self) -> Result<String, Error> {
        let server = ObjectRef::new("v1", "Version", None, "version");
        let call = Call {
            verb: Verb::Get,
            object: &server,
            resource: "/version".to_owned(),
        };
        let version = self.send(Method::GET, "/version", None, &call).await?;
        Ok(version["gitVersion"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }
}

fn collection(object: &ObjectRef, served: &Served) -> String {
    let group = object.kind.group_path();
    match &object.namespace {
        Some(namespace) if served.namespaced => {
            format!("{group}/namespaces/{namespace}/{}", served.plural)
        }
        _ => format!("{group}/{}", served.plural),
    }
}

/// The resource as RBAC rules spell it: `deployments.apps`.
fn resource(kind: &Kind, served: &Served) -> String {
    match kind.group() {
        "" => served.plural.clone(),
        group => format!("{}.{group}", served.plural),
    }
}

/// What was in the way to a server.
fn obstacle(error: &kube::Error) -> (String, Advice) {
    use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(rustls::Error::InvalidCertificate(why)) = cause.downcast_ref() {
            let named = matches!(why, NotValidForName | NotValidForNameContext { .. });
            let advice = if named {
                Advice::Name
            } else {
                Advice::Authority
            };
            return (chain(error), advice);
        }
        // An I/O error's source is not what it wraps, but the source of that.
        source = match cause.downcast_ref::<std::io::Error>() {
            Some(io) if io.kind() == std::io::ErrorKind::TimedOut => {
                let late = "it did not answer in time; check the address, and whether a firewall or a VPN is in between";
                return (late.to_owned(), Advice::Way);
            }
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    (chain(error), Advice::Way)
}

/// An error and its causes in one line, without the repetitions that wrappers make.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cluster_that_does_not_answer_names_its_host() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let mut config = kube::Config::new(host.parse().unwrap());
        config.default_retry = false;
        let server = ApiServer::new(config, None).unwrap();
        let error = server
            .get(&ObjectRef::namespace("kube-system"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains(&host), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }

    #[tokio::test]
    async fn a_connection_that_takes_too_long_names_its_host() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // It accepts, and never says a word of TLS.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("https://{}", silent.local_addr().unwrap());
        let mut config = kube::Config::new(host.parse().unwrap());
        config.connect_timeout = Some(std::time::Duration::from_millis(50));
        config.default_retry = false;
        let error = ApiServer::new(config, None)
            .unwrap()
            .get(&ObjectRef::namespace("kube-system"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains(&host) && said.contains("did not answer in time"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn what_the_libraries_leave_out_is_said() {
        use std::io;
        let server = |private: bool| {
            let mut config = kube::Config::new("http://10.1.0.4:6443".parse().unwrap());
            config.tls_server_name = private.then(|| "prod.example".to_owned());
            let server = ApiServer::new(config, None).unwrap();
            if private {
                server.by_private_endpoint(PrivateWay {
                    own_authority: true,
                    other_name: None,
                })
            } else {
                server
            }
        };
        let said = |private: bool, inner: io::Error| {
            server(private).unreachable(&kube::Error::Service(Box::new(io::Error::other(inner))))
        };
        let late = || io::Error::new(io::ErrorKind::TimedOut, "deadline has elapsed");
        assert!(said(false, late()).ends_with("a VPN is in between"));
        let private = said(true, late());
        assert!(
            private.contains("asked for prod.example: is the connection accepted?"),
            "{private}"
        );
        let certificate = |why| io::Error::other(rustls::Error::InvalidCertificate(why));
        let foreign = || certificate(rustls::CertificateError::UnknownIssuer);
        assert!(said(false, foreign()).contains("by `ca_certificate`"));
        assert!(said(true, foreign()).contains("not of this cluster's own authority"));
        let by_name = PrivateWay {
            own_authority: false,
            other_name: Some("10.0.0.2".to_owned()),
        };
        let told = by_name.stranger("https://10.9.0.1");
        assert!(
            told.contains("of no authority that this machine trusts"),
            "{told}"
        );
        assert!(told.contains(r#"`server_name = "10.0.0.2"`"#), "{told}");
        let misnamed = || certificate(rustls::CertificateError::NotValidForName);
        assert!(said(false, misnamed()).contains("`server_name` of `direct`"));
        assert!(said(true, misnamed()).contains("`server_name` of `private_endpoint`"));
    }

    #[test]
    fn paths_follow_group_and_scope() {
        let path = |object: ObjectRef| collection(&object, &object.kind.builtin().unwrap());
        assert_eq!(
            path(ObjectRef::new("apps/v1", "Deployment", Some("union"), "a")),
            "/apis/apps/v1/namespaces/union/deployments"
        );
        assert_eq!(path(ObjectRef::namespace("union")), "/api/v1/namespaces");
        assert_eq!(path(ObjectRef::new("v1", "Pod", None, "*")), "/api/v1/pods");
    }
}
