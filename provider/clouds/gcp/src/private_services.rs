//! Private services: service attachments of Private Service Connect.
//!
//! Google Cloud has no call per connection: it keeps a list of who is let in and one of who is kept out, each of one kind only
//! (projects, networks or endpoints), and connections follow the lists. We always let in by list (`ACCEPT_MANUAL`): one that
//! somebody set to let in everybody is shown as such, and the next change ends it.
//!
//! Calls: `create` 2, and 1 per look at the operation; `get` and `find` 1; `configure` and `set_tags` 2 and the looks, 0 where
//! nothing differs; `answer` 3 and the looks; `delete` 2 and the looks.

mod checks;
mod lists;

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::error::Call;
use clouds::private_services::{
    Answer, Connection, ConnectionId, ConnectionState, NewPrivateService, PrivateService,
    PrivateServiceId, PrivateServices, ServiceSettings, ServiceState,
};
use clouds::tags::TagChange;
use clouds::{Error, Refusal, Result, Tags};
use serde::{Deserialize, Serialize};

use crate::error::{Understood, unreadable};
use crate::links::{self, Place};
use crate::session::{Seen, Service};
use crate::{Gcp, tags};
use lists::{Lists, MANUAL};

const GET: &str = "compute.serviceAttachments.get";
const PATCH: &str = "compute.serviceAttachments.patch";

/// What we send: only what is there.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nat_subnets: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_preference: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_proxy_protocol: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconcile_connections: Option<bool>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    lists: Option<Lists>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_names: Option<Vec<String>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    name: String,
    #[serde(default)]
    description: String,
    fingerprint: Option<String>,
    #[serde(default)]
    target_service: String,
    #[serde(default)]
    nat_subnets: Vec<String>,
    #[serde(default)]
    connection_preference: String,
    #[serde(flatten)]
    lists: Lists,
    #[serde(default)]
    domain_names: Vec<String>,
    #[serde(default)]
    connected_endpoints: Vec<Connected>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connected {
    #[serde(default)]
    endpoint: String,
    /// The same by its number, which the lists name it by.
    endpoint_with_id: Option<String>,
    #[serde(default)]
    status: String,
}

impl Found {
    /// Whether somebody of this project has to be let in by the owner.
    pub(crate) fn asks(&self, project: &str) -> bool {
        self.connection_preference == MANUAL && !self.lists.let_in(project)
    }

    pub(crate) fn is_named(&self) -> bool {
        !self.domain_names.is_empty()
    }
}

#[async_trait]
impl PrivateServices for Gcp {
    fn check(&self, wanted: &NewPrivateService) -> Vec<Refusal> {
        checks::refusals(self.0.config.region.as_str(), wanted)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &["private_dns_name"]
    }

    async fn create(&self, new: &NewPrivateService) -> Result<PrivateService> {
        let call = ("compute.serviceAttachments.insert", new.name.as_str());
        let name = &new.settings.private_dns_name;
        let body = Written {
            name: Some(new.name.to_string()),
            description: Some(tags::description(&new.tags)),
            enable_proxy_protocol: Some(false),
            domain_names: name.as_ref().map(|name| vec![format!("{name}.")]),
            target_service: Some(links::url(new.settings.load_balancer.as_str())),
            nat_subnets: Some(subnets(&new.settings)),
            ..listed(Lists::wanted(&new.settings))
        };
        let place = Place::Region.of(&self.0);
        let path = format!("compute/v1/{place}/serviceAttachments");
        let request = self.0.post(Service::Compute, path, call).json(&body)?;
        self.0.carry_out(&place, request, call).await?;
        // It is made: where it cannot be looked at now, that is for later, so that nobody loses it.
        let made = self.attachment(new.name.as_str()).await;
        made.or_else(|_| made_of(new, &place))
    }

    async fn find(&self, wanted: &NewPrivateService) -> Result<PrivateService> {
        self.attachment(wanted.name.as_str()).await
    }

    async fn get(&self, id: &PrivateServiceId) -> Result<PrivateService> {
        self.attachment(id.as_str()).await
    }

    async fn configure(&self, found: &PrivateService, wanted: &ServiceSettings) -> Result<()> {
        let has = &found.settings;
        let mut body = Written::default();
        if Lists::wanted(has) != Lists::wanted(wanted) || !found.foreign_principals.is_empty() {
            body = listed(Lists::wanted(wanted));
        }
        if has.load_balancer != wanted.load_balancer {
            body.target_service = Some(links::url(wanted.load_balancer.as_str()));
        }
        if has.subnets != wanted.subnets {
            body.nat_subnets = Some(subnets(wanted));
        }
        let nothing =
            body.lists.is_none() && body.target_service.is_none() && body.nat_subnets.is_none();
        if nothing {
            return Ok(());
        }
        self.patch_attachment(&found.id, |_| body.clone()).await
    }

    async fn answer(
        &self,
        found: &PrivateService,
        connection: &ConnectionId,
        answer: Answer,
    ) -> Result<()> {
        // Somebody else may have been let in since it was found: the lists are those of now.
        let now = self.stored_attachment(found.id.as_str()).await?;
        if !now.connected().any(|asked| asked.id == *connection) {
            let why = format!("{connection} has not asked for it");
            let call = Call::new(PATCH, &found.id).because(why);
            return Err(Error::NotFound(Box::new(call)));
        }
        let answered = |now: &Found| listed(now.lists.answered(connection, answer));
        self.patch_attachment(&found.id, answered).await
    }

    async fn verify(&self, found: &PrivateService) -> Result<()> {
        let why = "Google Cloud asks for no record: the domain is proved in the Search Console";
        let call = Call::new("verify a private DNS name", &found.id).because(why);
        Err(Error::Unsupported(Box::new(call)))
    }

    async fn set_tags(&self, found: &PrivateService, tags: &Tags) -> Result<()> {
        if TagChange::between(&found.tags, tags).is_empty() {
            return Ok(());
        }
        let path = self.attachment_path(found.id.as_str());
        let look = self.attachment(found.id.as_str());
        let words = self.0.seen_by(&path, look).await?.words;
        let description = tags::described(&words, tags, (PATCH, &found.id))?;
        let body = Written {
            description: Some(description),
            ..Written::default()
        };
        self.patch_attachment(&found.id, |_| body.clone()).await
    }

    async fn delete(&self, id: &PrivateServiceId) -> Result<()> {
        let call = ("compute.serviceAttachments.delete", id.as_str());
        // Compute Engine itself deletes one with all that is connected to it.
        let found = self.stored_attachment(id.as_str()).await?;
        let live = found.connected().filter(|asked| asked.state.is_live());
        match live.count() {
            0 => {}
            live => {
                let why = format!("it has {live} connections");
                let call = Call::new(call.0, call.1).because(why);
                return Err(Error::NotEmpty(Box::new(call)));
            }
        }
        let path = self.attachment_path(id.as_str());
        let request = self.0.delete(Service::Compute, path.clone(), call);
        let place = Place::Region.of(&self.0);
        self.0.carry_out(&place, request, call).await?;
        self.0.saw(&path, None);
        Ok(())
    }
}

impl Gcp {
    fn attachment_path(&self, name: &str) -> String {
        let place = Place::Region.of(&self.0);
        format!("compute/v1/{place}/serviceAttachments/{name}")
    }

    /// An attachment of ours, by its name.
    pub(crate) async fn stored_attachment(&self, name: &str) -> Result<Found> {
        let path = self.attachment_path(name);
        let asked = self.0.get(Service::Compute, path.clone(), (GET, name));
        let found: Found = asked.answer().await?;
        let seen = Seen {
            version: found.fingerprint.clone(),
            ..Seen::described(&found.description)
        };
        self.0.saw(&path, Some(seen));
        Ok(found)
    }

    async fn attachment(&self, name: &str) -> Result<PrivateService> {
        let found = self.stored_attachment(name).await?;
        let place = Place::Region.of(&self.0);
        found.service(&format!("{place}/serviceAttachments/{name}"))
    }

    /// A change of the version that is there now; once more where somebody was faster.
    async fn patch_attachment(
        &self,
        id: &PrivateServiceId,
        body: impl Fn(&Found) -> Written + Send + Sync,
    ) -> Result<()> {
        let path = self.attachment_path(id.as_str());
        let turn = self.0.writer(&path);
        let _turn = turn.lock().await;
        let call = (PATCH, id.as_str());
        let place = Place::Region.of(&self.0);
        let mut again = true;
        loop {
            let now = self.stored_attachment(id.as_str()).await?;
            let body = Written {
                fingerprint: now.fingerprint.clone(),
                ..body(&now)
            };
            let request = self.0.patch(Service::Compute, path.clone(), call);
            let done = self.0.carry_out(&place, request.json(&body)?, call).await;
            self.0.saw(&path, None);
            match done {
                Err(Error::Conflict(_)) if again => again = false,
                done => return done.map(drop),
            }
        }
    }
}

impl Found {
    fn connected(&self) -> impl Iterator<Item = Connection> {
        self.connected_endpoints.iter().filter_map(|connected| {
            // A load balancer of the consumer's is connected by no endpoint, and is no business of the lists'.
            let told = connected.endpoint_with_id.as_ref();
            let id = links::path(told.unwrap_or(&connected.endpoint));
            let id: ConnectionId = id.parse().ok()?;
            Some(Connection {
                owner: links::project(id.as_str()).to_owned(),
                state: state(&connected.status).unwrap_or(ConnectionState::Failed),
                addresses: Vec::new(),
                created: None,
                id,
            })
        })
    }

    fn service(&self, service_name: &str) -> Result<PrivateService> {
        let call = (GET, self.name.as_str());
        for connected in &self.connected_endpoints {
            if state(&connected.status).is_none() {
                let why = format!("{:?} is no status of a connection", connected.status);
                return Err(unreadable(call, why));
            }
        }
        let subnets = self
            .nat_subnets
            .iter()
            .map(|link| links::path(link).parse());
        let name = self.domain_names.first();
        let name = name.map(|name| name.trim_end_matches('.').parse());
        let mut settings = ServiceSettings {
            load_balancer: links::path(&self.target_service).parse().understood(call)?,
            subnets: subnets
                .collect::<std::result::Result<_, _>>()
                .understood(call)?,
            allowed: self.lists.allowed(),
            auto_accept: false,
            accepted: self.lists.accepted(),
            rejected: self.lists.rejected(),
            connection_limit: self.lists.limit(),
            private_dns_name: name.transpose().understood(call)?,
        };
        let everybody = self.connection_preference != MANUAL;
        settings.auto_accept = everybody || !settings.allowed.is_empty();
        Ok(PrivateService {
            id: self.name.parse().understood(call)?,
            name: self.name.parse().understood(call)?,
            service_name: service_name.to_owned(),
            alias: None,
            state: ServiceState::Available,
            settings,
            foreign_load_balancers: BTreeSet::new(),
            foreign_principals: everybody.then(|| "*".to_owned()).into_iter().collect(),
            connections: self.connected().collect(),
            zones: BTreeSet::new(),
            verification: None,
            tags: tags::from_description(&self.description),
        })
    }
}

/// One that was made just now, as its creating call said.
fn made_of(new: &NewPrivateService, place: &str) -> Result<PrivateService> {
    let call = ("compute.serviceAttachments.insert", new.name.as_str());
    Ok(PrivateService {
        id: new.name.as_str().parse().understood(call)?,
        name: new.name.clone(),
        service_name: format!("{place}/serviceAttachments/{}", new.name),
        alias: None,
        state: ServiceState::Pending,
        settings: new.settings.clone(),
        foreign_load_balancers: BTreeSet::new(),
        foreign_principals: BTreeSet::new(),
        connections: Vec::new(),
        zones: BTreeSet::new(),
        verification: None,
        tags: tags::from_description(&tags::description(&new.tags)),
    })
}

/// What a status means: of the endpoint that asks (`pscConnectionStatus`), and of the service that is asked.
pub(crate) fn state(status: &str) -> Option<ConnectionState> {
    Some(match status {
        "PENDING" => ConnectionState::PendingAcceptance,
        "ACCEPTED" => ConnectionState::Available,
        "REJECTED" => ConnectionState::Rejected,
        "CLOSED" => ConnectionState::Closed,
        "NEEDS_ATTENTION" => ConnectionState::Partial,
        "" | "STATUS_UNSPECIFIED" => ConnectionState::Pending,
        _ => return None,
    })
}

/// Both lists, by which connections are let in and nothing else, those that exist as well.
fn listed(lists: Lists) -> Written {
    Written {
        connection_preference: Some(MANUAL),
        reconcile_connections: Some(true),
        lists: Some(lists),
        ..Written::default()
    }
}

fn subnets(settings: &ServiceSettings) -> Vec<String> {
    let subnets = settings.subnets.iter();
    subnets.map(|subnet| links::url(subnet.as_str())).collect()
}
