//! Resource Manager: a thin JSON client over the SDK's pipeline, which signs, retries and names requests.
//!
//! What a call begins is waited for in [`crate::operations`]; what an error means is in [`crate::error`].

use std::fmt;

use azure_core::http::headers::{ACCEPT, CONTENT_TYPE};
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, Url};
use clouds::error::Call;
use clouds::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{answered, from_answer, from_sdk, unreadable};

/// How many pages of a list are read: far more than any list of ours has.
const PAGES: usize = 200;

/// The id of a resource. Azure answers ids in other letter cases than it was given: they are compared without.
#[derive(Clone, Debug, Eq)]
pub(crate) struct ResourceId(String);

impl ResourceId {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub(crate) fn child(&self, kind: &str, name: impl fmt::Display) -> Self {
        Self(format!("{}/{kind}/{name}", self.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all spellings.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// Whether this is `other` or lies in it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let (own, other) = (self.key(), other.key());
        own.strip_prefix(&other)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Resource Manager, at its endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Arm<'s> {
    pub(crate) pipeline: &'s Pipeline,
    pub(crate) base: &'s Url,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: DeserializeOwned")]
struct Page<T> {
    #[serde(default = "Vec::new")]
    value: Vec<T>,
    next_link: Option<String>,
}

impl Arm<'_> {
    pub(crate) fn url(&self, id: &ResourceId, version: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(id.as_str());
        url.query_pairs_mut().append_pair("api-version", version);
        url
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
    ) -> Result<T> {
        let answer = self
            .send(&call, Method::Get, self.url(id, version), None::<&()>)
            .await?;
        parse(&call, &answer)
    }

    /// Everything that a list holds, over its pages.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
        filter: Option<&str>,
    ) -> Result<Vec<T>> {
        let mut url = self.url(id, version);
        if let Some(filter) = filter {
            narrow(&mut url, filter);
        }
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let answer = self.send(&call, Method::Get, url, None::<&()>).await?;
            let page: Page<T> = parse(&call, &answer)?;
            all.extend(page.value);
            match page.next_link.filter(|next| !next.is_empty()) {
                None => return Ok(all),
                Some(next) => url = self.follow(&call, &next)?,
            }
        }
        let why = format!("the list has more than {PAGES} pages");
        Err(Error::Invalid(Box::new(call.because(why))))
    }

    /// Makes or replaces a resource, and waits until that is done.
    pub(crate) async fn put<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
        body: &B,
    ) -> Result<T> {
        let url = self.url(id, version);
        let answer = self.send(&call, Method::Put, url, Some(body)).await?;
        self.made(call, id, version, answer).await
    }

    /// Changes what is named of a resource, and waits until that is done.
    pub(crate) async fn patch<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
        body: &B,
    ) -> Result<T> {
        let url = self.url(id, version);
        let answer = self.send(&call, Method::Patch, url, Some(body)).await?;
        self.made(call, id, version, answer).await
    }

    /// Calls an action of a resource that answers at once.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
    ) -> Result<T> {
        let url = self.url(id, version);
        let answer = self.send(&call, Method::Post, url, None::<&()>).await?;
        parse(&call, &answer)
    }

    /// Deletes a resource, and waits until that is done. Azure's answer to what was not there is 204.
    pub(crate) async fn delete(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
        option: Option<(&str, &str)>,
    ) -> Result<()> {
        let mut url = self.url(id, version);
        if let Some((name, value)) = option {
            url.query_pairs_mut().append_pair(name, value);
        }
        let answer = self.send(&call, Method::Delete, url, None::<&()>).await?;
        if answer.status() == 204 {
            return Err(Error::NotFound(Box::new(call)));
        }
        self.deleted(call, answer).await
    }

    /// Sends one request; an answer that is no success is an error.
    pub(crate) async fn send<B: Serialize + Sync>(
        &self,
        call: &Call,
        method: Method,
        url: Url,
        body: Option<&B>,
    ) -> Result<RawResponse> {
        let mut request = Request::new(url, method);
        request.insert_header(ACCEPT, "application/json");
        if let Some(body) = body {
            request.insert_header(CONTENT_TYPE, "application/json");
            request
                .set_json(body)
                .map_err(|error| from_sdk(call.clone(), error))?;
        }
        send(self.pipeline, call, &mut request).await
    }

    /// A link that Azure gave: only within Resource Manager, for the token goes along.
    pub(crate) fn follow(&self, call: &Call, link: &str) -> Result<Url> {
        let refused = |why: String| Error::Invalid(Box::new(call.clone().because(why)));
        let url = self
            .base
            .join(link)
            .map_err(|_| refused("Azure answered a link that is no URL".into()))?;
        if url.origin() == self.base.origin() {
            return Ok(url);
        }
        // The rest of the link may be signed, and is nobody's business.
        Err(refused(format!(
            "Azure answered a link to {}, which is not {}: it is not followed, since the token would go there",
            url.origin().ascii_serialization(),
            self.base.origin().ascii_serialization()
        )))
    }
}

fn narrow(url: &mut Url, filter: &str) {
    url.query_pairs_mut().append_pair("$filter", filter);
    // Forms write a space as "+", which not every reader of a filter takes for one.
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
}

/// Sends one request by a pipeline; an answer that is no success is an error.
pub(crate) async fn send(
    pipeline: &Pipeline,
    call: &Call,
    request: &mut Request,
) -> Result<RawResponse> {
    let options = PipelineSendOptions {
        skip_checks: true,
        ..PipelineSendOptions::default()
    };
    let answer = pipeline
        .send(&Context::new(), request, Some(options))
        .await
        .map_err(|error| from_sdk(call.clone(), error))?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(from_answer(call.clone(), &answer))
}

pub(crate) fn parse<T: DeserializeOwned>(call: &Call, answer: &RawResponse) -> Result<T> {
    serde_json::from_slice(answer.body().as_ref())
        .map_err(|error| unreadable(answered(call.clone(), answer), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_spaces_and_no_pluses() {
        let mut url = Url::parse("https://azure.invalid/x?api-version=1").unwrap();
        narrow(&mut url, "principalId eq 'a+b'");
        assert_eq!(
            url.query(),
            Some("api-version=1&%24filter=principalId%20eq%20%27a%2Bb%27")
        );
    }

    #[test]
    fn ids_are_the_same_in_any_letter_case() {
        let ours = ResourceId::new("/subscriptions/s/resourceGroups/Acme");
        let theirs = ResourceId::new("/SUBSCRIPTIONS/S/resourcegroups/acme");
        assert_eq!(ours, theirs);
        assert_eq!(ours.key(), theirs.key());
        assert!(ours.child("providers/X/y", "z").is_within(&theirs));
        assert!(!ResourceId::new("/subscriptions/s/resourceGroups/acme2").is_within(&ours));
    }
}
