//! Kubeconfig files: reading one, and the contexts in it.

use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig};

/// The path with a leading `~` replaced by the home directory.
pub fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

/// Why a context can't be used: a sentence with the contexts there are. `Ok` also where the file does not exist (yet).
pub fn check_context(path: &str, context: Option<&str>) -> Result<(), String> {
    if !expanded(path).exists() {
        return Ok(());
    }
    let file = read(path)?;
    let names: Vec<&str> = file
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect();
    let listed = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    match context.or(file.current_context.as_deref()) {
        Some(wanted) if names.contains(&wanted) => check_proxy(path, &file, wanted),
        Some(wanted) => Err(format!(
            "the file {path} has no context `{wanted}`; its contexts are: {listed}"
        )),
        None => Err(format!(
            "the file {path} has no current context, so `context` must name one of: {listed}"
        )),
    }
}

/// A cluster behind a proxy can't be connected to: said before anything is planned, and not as what the client lacks.
fn check_proxy(path: &str, file: &Kubeconfig, context: &str) -> Result<(), String> {
    let cluster = file
        .contexts
        .iter()
        .find(|named| named.name == context)
        .and_then(|named| named.context.as_ref())
        .map(|context| context.cluster.as_str());
    let proxy = file
        .clusters
        .iter()
        .find(|named| Some(named.name.as_str()) == cluster)
        .and_then(|named| named.cluster.as_ref())
        .and_then(|cluster| cluster.proxy_url.as_deref());
    match proxy {
        // The URL is not repeated: it may hold a password.
        Some(_) => Err(format!(
            "in the file {path} the cluster of the context `{context}` has a `proxy-url`, and the provider connects to clusters without a \
             proxy. Run Terraform where the API server is reached directly, or forward a port of this machine to it, and name a context \
             whose `server` is that address, with `tls-server-name` for its certificate and without `proxy-url`"
        )),
        None => Ok(()),
    }
}

/// The configuration for a context of a file.
pub async fn load(path: &str, context: Option<&str>) -> Result<kube::Config, String> {
    if !expanded(path).exists() {
        return Err(format!(
            "the kubeconfig file {path} does not exist on the machine that runs Terraform"
        ));
    }
    check_context(path, context)?;
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let file = read(path)?;
    let mut config = kube::Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(|error| format!("the kubeconfig file {path} cannot be used: {error}"))?;
    // Otherwise the environment's proxy would be taken without its exceptions, also for a cluster on this machine.
    config.proxy_url = None;
    Ok(config)
}

fn read(path: &str) -> Result<Kubeconfig, String> {
    Kubeconfig::read_from(expanded(path))
        .map_err(|error| format!("the kubeconfig file {path} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts:\n- { name: a, context: { cluster: c, user: u } }\n- { name: b, context: { cluster: c, user: u } }\n\
        clusters:\n- { name: c, cluster: { server: 'https://10.0.0.1:6443' } }\nusers:\n- { name: u, user: { token: t } }\n";

    #[tokio::test]
    async fn a_context_that_is_not_there_is_answered_with_those_that_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        std::fs::write(&path, FILE).unwrap();
        let path = path.to_str().unwrap();
        let error = check_context(path, Some("prod")).unwrap_err();
        assert!(
            error.contains("no context `prod`; its contexts are: a, b"),
            "{error}"
        );
        assert!(check_context(path, Some("b")).is_ok());
        assert_eq!(
            load(path, None).await.unwrap().cluster_url,
            "https://10.0.0.1:6443/"
        );
    }

    #[tokio::test]
    async fn a_proxy_is_refused_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        let proxied = "- { name: p, cluster: { server: 'https://10.0.0.2:6443', proxy-url: 'http://u:hunter2@10.0.0.3:3128' } }\nusers:";
        let file = FILE
            .replace(
                "cluster: c, user: u } }\nclusters",
                "cluster: p, user: u } }\nclusters",
            )
            .replace("users:", proxied);
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap();
        let error = check_context(path, Some("b")).unwrap_err();
        assert!(
            error.contains("`proxy-url`") && error.contains("forward a port"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(load(path, Some("b")).await.unwrap_err(), error);
        // The proxy of another cluster of the file is no obstacle.
        assert!(load(path, Some("a")).await.unwrap().proxy_url.is_none());
    }

    #[tokio::test]
    async fn a_file_may_be_missing_until_it_is_needed() {
        assert!(check_context("/nonexistent/config", Some("a")).is_ok());
        let error = load("/nonexistent/config", None).await.unwrap_err();
        assert!(
            error.contains("/nonexistent/config does not exist"),
            "{error}"
        );
    }
}
