//! What is in a registry, by its own API: Resource Manager knows its size only, and that late.
//!
//! Calls: 2 for a token to list by, 1 per page of repositories, and 2 per repository until the limit is reached.
//!
//! A registry does not take tokens of Entra: it exchanges one for its own, and that for one per thing to be done.

use azure_core::http::headers::{AUTHORIZATION, CONTENT_TYPE};
use azure_core::http::{Method, Request, Url};
use clouds::error::Call;
use clouds::registries::{Images, RegistryName};
use clouds::secrets::SecretText;
use clouds::{Error, Optional, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

use crate::arm::{parse, send};
use crate::error::{from_sdk, invalid};
use crate::session::{Service, Session};

const READ: &str = "Microsoft.ContainerRegistry/registries/metadata/read";
const PULL: &str = "Microsoft.ContainerRegistry/registries/pull/read";
/// How many repositories one page has.
const PAGE: &str = "100";
/// How many pages are read: far more than a registry of ours has.
const PAGES: usize = 200;

#[derive(Deserialize)]
struct RefreshToken {
    refresh_token: String,
}

#[derive(Deserialize)]
struct AccessToken {
    access_token: String,
}

#[derive(Deserialize)]
struct Catalog {
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    manifest_count: Option<usize>,
}

/// A registry's own API.
struct Api<'s> {
    session: &'s Session,
    name: &'s RegistryName,
    server: &'s str,
    base: Url,
}

/// Counts the images, over all repositories, at most to `limit`.
pub(crate) async fn count(
    session: &Session,
    name: &RegistryName,
    server: &str,
    limit: usize,
) -> Result<Images> {
    let base = session
        .endpoint(Service::Registry, name.as_str())
        .unwrap_or_else(|| format!("https://{server}"));
    let base = Url::parse(&base).map_err(|error| invalid(READ, name, error.to_string()))?;
    let api = Api {
        session,
        name,
        server,
        base,
    };
    let refresh = api.exchange().await?;
    let token = api.token(&refresh, "registry:catalog:*").await?;
    let mut count = 0;
    let mut last = None;
    for _ in 0..PAGES {
        let page = api.repositories(&token, last.as_deref()).await?;
        for repository in &page {
            count += api.manifests(&refresh, repository).await?;
            if count > limit {
                return Ok(Images {
                    count: limit,
                    more: true,
                });
            }
        }
        match page.into_iter().next_back() {
            None => return Ok(Images { count, more: false }),
            some => last = some,
        }
    }
    let why = format!("the list of its repositories has more than {PAGES} pages");
    Err(invalid(READ, name, why))
}

impl Api<'_> {
    async fn exchange(&self) -> Result<SecretText> {
        let scope = self.session.management_scope().await?;
        let credential = self.session.credential().await?;
        let token = credential.get_token(&[&scope], None).await;
        let token = token.map_err(|error| from_sdk(Call::new(READ, self.name), error))?;
        let form = [
            ("grant_type", "access_token"),
            ("service", self.server),
            ("access_token", token.token.secret()),
        ];
        let answer: RefreshToken = self.form("oauth2/exchange", &form).await?;
        Ok(answer.refresh_token.into())
    }

    async fn token(&self, refresh: &SecretText, scope: &str) -> Result<SecretText> {
        let form = [
            ("grant_type", "refresh_token"),
            ("service", self.server),
            ("scope", scope),
            ("refresh_token", refresh.expose()),
        ];
        let answer: AccessToken = self.form("oauth2/token", &form).await?;
        Ok(answer.access_token.into())
    }

    /// A page of names, after the last one of the page before.
    async fn repositories(&self, token: &SecretText, last: Option<&str>) -> Result<Vec<String>> {
        let mut url = self.url(&["acr", "v1", "_catalog"])?;
        url.query_pairs_mut().append_pair("n", PAGE);
        if let Some(last) = last {
            url.query_pairs_mut().append_pair("last", last);
        }
        let catalog: Catalog = self.get(url, token).await?;
        Ok(catalog.repositories.unwrap_or_default())
    }

    async fn manifests(&self, refresh: &SecretText, repository: &str) -> Result<usize> {
        let scope = format!("repository:{repository}:metadata_read");
        let token = self.token(refresh, &scope).await?;
        let parts: Vec<_> = ["acr", "v1"]
            .into_iter()
            .chain(repository.split('/'))
            .collect();
        let url = self.url(&parts)?;
        // One that was removed while we counted has none.
        let found: Option<Repository> = self.get(url, &token).await.optional()?;
        Ok(found
            .and_then(|found| found.manifest_count)
            .unwrap_or_default())
    }

    async fn get<T: DeserializeOwned>(&self, url: Url, token: &SecretText) -> Result<T> {
        let mut request = Request::new(url, Method::Get);
        request.insert_header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        self.ask(request).await.map_err(|error| self.unread(error))
    }

    async fn form<T: DeserializeOwned>(&self, path: &str, form: &[(&str, &str)]) -> Result<T> {
        let parts: Vec<_> = path.split('/').collect();
        let mut request = Request::new(self.url(&parts)?, Method::Post);
        request.insert_header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        request.set_body(body);
        self.ask(request).await
    }

    async fn ask<T: DeserializeOwned>(&self, mut request: Request) -> Result<T> {
        let call = Call::new(READ, self.name);
        let pipeline = self.session.plain().await?;
        let answer = send(pipeline, &call, &mut request).await?;
        parse(&call, &answer)
    }

    /// A registry gives everybody of its tenant a token, and answers 401 where that is good for nothing: a right is missing.
    fn unread(&self, error: Error) -> Error {
        match error {
            Error::Unauthenticated(call) => Error::Denied {
                action: format!("AcrPull, or {PULL} and {READ},"),
                resource: self.name.to_string(),
                call,
            },
            error => error,
        }
    }

    fn url(&self, parts: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        // A token must not travel in the open, whatever the endpoint was configured to be.
        if url.scheme() != "https" {
            return Err(invalid(READ, self.name, "its endpoint is not https"));
        }
        Ok(url)
    }
}
