//! Private services: a load balancer of ours, offered to networks of others without a way between the networks.
//!
//! AWS calls it a VPC endpoint service (PrivateLink), Google Cloud a service attachment (Private Service Connect), Azure a
//! Private Link service. Consumers make a [private endpoint](crate::private_endpoints) that asks for a connection, which the
//! owner of the service lets in or not.

mod connections;
mod names;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

pub use connections::{Answer, Connection, ConnectionState};
pub use names::{
    ConnectionId, DnsName, LoadBalancerId, PrincipalPattern, PrivateServiceId, PrivateServiceName,
    SubnetId,
};

use crate::error::Result;
use crate::refusal::Refusal;
use crate::tags::Tags;

/// Where a private service stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// It is being made.
    Pending,
    /// Consumers can ask for connections.
    Available,
    /// The cloud could not bring it into being.
    Failed,
    /// It is going away.
    Deleting,
}

impl ServiceState {
    /// Its name, as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
        }
    }
}

/// What the cloud asks for before it believes that a DNS name is ours: a record in the name's public zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How far it is.
    pub state: VerificationState,
    /// Type of the record: `TXT`.
    pub kind: String,
    /// Name of the record, below the DNS name.
    pub name: String,
    /// Value of the record.
    pub value: String,
}

/// How far the proof of a DNS name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationState {
    /// The cloud has not looked, or still does.
    Pending,
    /// It found the record.
    Verified,
    /// It looked and found none.
    Failed,
}

impl VerificationState {
    /// Its name, as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }
}

/// The settings of a private service. Which of them cannot change is told by [`PrivateServices::replaces`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSettings {
    /// What stands behind it.
    pub load_balancer: LoadBalancerId,
    /// From which subnets the cloud takes the addresses that consumers' traffic comes from, where it takes any.
    pub subnets: BTreeSet<SubnetId>,
    /// Who may ask for connections. As found: all who may.
    pub allowed: BTreeSet<PrincipalPattern>,
    /// Whether connections of those are let in without being asked about.
    pub auto_accept: bool,
    /// Connections that are let in. As found: the list where the cloud keeps one, else those that are let in now.
    pub accepted: BTreeSet<ConnectionId>,
    /// Connections that are kept out. As found: the list where the cloud keeps one, else those that are kept out now.
    pub rejected: BTreeSet<ConnectionId>,
    /// How many connections each of `allowed` may have; none means the cloud's default, or no limit.
    pub connection_limit: Option<u32>,
    /// By which name consumers reach it inside their networks.
    pub private_dns_name: Option<DnsName>,
}

/// A private service to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrivateService {
    /// Its name; where the cloud gives ids and no names, the tag `Name`.
    pub name: PrivateServiceName,
    /// Its settings. Connections cannot exist yet: `accepted` and `rejected` may be left to `configure` and `answer`.
    pub settings: ServiceSettings,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// A private service as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateService {
    /// By which it is found again.
    pub id: PrivateServiceId,
    /// Its name.
    pub name: PrivateServiceName,
    /// By which consumers name it: `com.amazonaws.vpce.REGION.vpce-svc-…`, `projects/P/regions/R/serviceAttachments/N`, a
    /// resource id.
    pub service_name: String,
    /// Another name for consumers, which tells them less (Azure).
    pub alias: Option<String>,
    /// Where it stands.
    pub state: ServiceState,
    /// What was found of its settings.
    pub settings: ServiceSettings,
    /// Who is let in by a way that no setting of ours says, as everybody is by an attachment of Google Cloud that accepts
    /// automatically: `configure` ends that.
    pub foreign_principals: BTreeSet<String>,
    /// Load balancers that it publishes beside that of its settings.
    pub foreign_load_balancers: BTreeSet<LoadBalancerId>,
    /// Who asked, and how they stand, also those that have ended as long as the cloud tells of them.
    pub connections: Vec<Connection>,
    /// Ids of the zones it is offered in (`euw1-az1`), where that matters to consumers.
    pub zones: BTreeSet<String>,
    /// How far the proof of the private DNS name is; none where the cloud wants none.
    pub verification: Option<Verification>,
    /// Its tags.
    pub tags: Tags,
}

/// Private services of one account and region.
#[async_trait]
pub trait PrivateServices: Send + Sync {
    /// What this cloud does not take of one as it is wanted (by the fields of [`NewPrivateService`] and [`ServiceSettings`]).
    /// Nothing is called.
    fn check(&self, wanted: &NewPrivateService) -> Vec<Refusal>;

    /// The fields of [`ServiceSettings`] that cannot change in this cloud: `load_balancer`.
    fn replaces(&self) -> &'static [&'static str];

    /// Whether the cloud gives ids, and keeps a name as a tag, which may be another one.
    fn renames(&self) -> bool {
        false
    }

    /// How long a step may take where nobody says it.
    fn patience(&self) -> Duration {
        Duration::from_mins(10)
    }

    /// Makes one, tagged in the same call; `AlreadyExists` where `find` would find one.
    async fn create(&self, new: &NewPrivateService) -> Result<PrivateService>;

    /// Looks up the one that `create` would have made: by its name, or by the marks among the wanted tags where the cloud has no
    /// names for them.
    async fn find(&self, wanted: &NewPrivateService) -> Result<PrivateService>;

    /// Everything about one that we manage.
    async fn get(&self, id: &PrivateServiceId) -> Result<PrivateService>;

    /// Sets what differs between `found` and `wanted`; of `accepted` and `rejected` only where the cloud keeps lists of them, which
    /// hold whoever has not asked yet as well. Elsewhere that is what `answer` is for.
    async fn configure(&self, found: &PrivateService, wanted: &ServiceSettings) -> Result<()>;

    /// Lets a connection in, or keeps it out: one that waits, or one that was answered otherwise. `NotFound` where nobody asked.
    async fn answer(
        &self,
        found: &PrivateService,
        connection: &ConnectionId,
        answer: Answer,
    ) -> Result<()>;

    /// Lets the cloud look for the record that proves the private DNS name. Only called where a verification was found.
    async fn verify(&self, found: &PrivateService) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &PrivateService, tags: &Tags) -> Result<()>;

    /// Deletes one; `NotEmpty` while a connection [is live](ConnectionState::is_live).
    async fn delete(&self, id: &PrivateServiceId) -> Result<()>;
}
