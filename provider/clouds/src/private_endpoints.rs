//! Private endpoints: an address in our network that leads to a service of somebody else, or of the cloud itself, without a way
//! over the internet.
//!
//! AWS calls it a VPC endpoint, Google Cloud a Private Service Connect endpoint (a forwarding rule with its address), Azure a
//! private endpoint. Where the owner of the service lets in by hand, an endpoint waits: how it stands is a
//! [`ConnectionState`], and never an error.

mod names;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;

pub use names::{
    DnsZoneId, NetworkId, PrivateEndpointId, PrivateEndpointName, RouteTableId, SecurityGroupId,
    ServiceName,
};

use crate::error::Result;
use crate::names::ParseError;
use crate::policies::PolicyDocument;
use crate::private_services::{ConnectionId, ConnectionState, SubnetId, VerificationState};
use crate::refusal::Refusal;
use crate::tags::Tags;

/// How an endpoint is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointType {
    /// By an address in a subnet.
    #[default]
    Interface,
    /// By a route: AWS has it for S3 and `DynamoDB`.
    Gateway,
}

impl EndpointType {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Interface, Self::Gateway];

    /// Its name, as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Gateway => "gateway",
        }
    }
}

impl fmt::Display for EndpointType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EndpointType {
    type Err = ParseError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        let rule = "must be interface or gateway";
        known.ok_or_else(|| ParseError::new("endpoint type", text, rule))
    }
}

/// The settings of a private endpoint. Which of them cannot change is told by [`PrivateEndpoints::replaces`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSettings {
    /// In which subnets it has an address.
    pub subnets: BTreeSet<SubnetId>,
    /// Which route tables lead to it.
    pub route_tables: BTreeSet<RouteTableId>,
    /// What may reach it.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// What it lets through; none means the cloud's default.
    pub policy: Option<PolicyDocument>,
    /// Whether the service's own names lead to it inside the network.
    pub private_dns: bool,
    /// Private zones that its names are written into.
    pub dns_zones: BTreeSet<DnsZoneId>,
    /// Whether it is reached from all regions of the network.
    pub global_access: bool,
    /// What the owner of the service is told with the request.
    pub request_message: Option<String>,
}

/// A private endpoint to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrivateEndpoint {
    /// Its name; where the cloud gives ids and no names, the tag `Name`.
    pub name: PrivateEndpointName,
    /// Where it leads.
    pub service: ServiceName,
    /// How it is reached.
    pub kind: EndpointType,
    /// In which network, where the subnets do not say it.
    pub network: Option<NetworkId>,
    /// Its address; none means a free one.
    pub address: Option<IpAddr>,
    /// Which parts of an object of Azure it leads to: `blob`, `vault`.
    pub sub_resources: BTreeSet<String>,
    /// Its settings. Private DNS of a service whose owner has to let us in comes with `configure`, after that.
    pub settings: EndpointSettings,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// A name by which an endpoint is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsEntry {
    /// The name.
    pub name: String,
    /// The cloud's id of the zone it is in, as far as it tells.
    pub zone: Option<String>,
}

/// A private endpoint as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateEndpoint {
    /// By which it is found again.
    pub id: PrivateEndpointId,
    /// Its name.
    pub name: PrivateEndpointName,
    /// Where it leads.
    pub service: ServiceName,
    /// How it is reached.
    pub kind: EndpointType,
    /// Its network, as far as the cloud tells.
    pub network: Option<NetworkId>,
    /// The address that it was made with, where the cloud tells it from one that was free.
    pub address: Option<IpAddr>,
    /// Which parts of an object of Azure it leads to.
    pub sub_resources: BTreeSet<String>,
    /// What the owner of the service knows it by.
    pub connection: ConnectionId,
    /// How its connection stands.
    pub state: ConnectionState,
    /// Why it stands so, in the cloud's or the owner's words.
    pub reason: Option<String>,
    /// What was found of its settings.
    pub settings: EndpointSettings,
    /// Whether the service's own names lead to it now.
    pub private_dns_active: bool,
    /// Its addresses, as far as it has any yet.
    pub addresses: Vec<IpAddr>,
    /// Names that lead to it, those that work from everywhere in the region first.
    pub dns: Vec<DnsEntry>,
    /// The prefix list of a gateway, for rules of security groups.
    pub prefix_list: Option<String>,
    /// The fields of [`EndpointSettings`] that the cloud does not tell of this one: they are known to whoever set them.
    pub untold: &'static [&'static str],
    /// Its tags.
    pub tags: Tags,
}

/// What an endpoint gets where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointDefaults {
    /// Whether the service's own names lead to it.
    pub private_dns: bool,
    /// What it lets through, as the cloud reads its own default back.
    pub policy: Option<PolicyDocument>,
}

/// What a service is to somebody who wants an endpoint of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceOffer {
    /// Ids of the zones it is offered in; empty where that makes no difference.
    pub zones: BTreeSet<String>,
    /// Whether its owner has to let us in.
    pub acceptance: bool,
    /// How far the proof of its private DNS name is; none where it has no such name.
    pub private_dns: Option<VerificationState>,
    /// Its owner: an account (project, subscription), or the cloud's own name; none where the cloud keeps it to itself.
    pub owner: Option<String>,
}

/// Private endpoints of one account and region.
#[async_trait]
pub trait PrivateEndpoints: Send + Sync {
    /// What this cloud does not take of one as it is wanted (by the fields of [`NewPrivateEndpoint`] and [`EndpointSettings`]).
    /// Nothing is called.
    fn check(&self, wanted: &NewPrivateEndpoint) -> Vec<Refusal>;

    /// The fields of [`EndpointSettings`] that cannot change in this cloud: `subnets`.
    fn replaces(&self) -> &'static [&'static str];

    /// Whether the cloud gives ids, and keeps a name as a tag, which may be another one.
    fn renames(&self) -> bool {
        false
    }

    /// How long a step may take where nobody says it.
    fn patience(&self) -> Duration {
        Duration::from_mins(10)
    }

    /// What an endpoint of this service gets where nothing is said. Nothing is called.
    fn defaults(&self, service: &ServiceName, kind: EndpointType) -> EndpointDefaults;

    /// What the service is, before anything is made; `NotFound` says who has to let us see it. For a create, not for a plan: the
    /// service may be made by the same apply.
    async fn service(&self, service: &ServiceName, kind: EndpointType) -> Result<ServiceOffer>;

    /// Makes one, tagged in the same call, without private DNS where the owner has to let us in; `AlreadyExists` where `find` would
    /// find one.
    async fn create(&self, new: &NewPrivateEndpoint) -> Result<PrivateEndpoint>;

    /// Looks up the one that `create` would have made: by its name, or by the marks among the wanted tags where the cloud has no
    /// names for them.
    async fn find(&self, wanted: &NewPrivateEndpoint) -> Result<PrivateEndpoint>;

    /// Everything about one that we manage. A bad state is a state, and no error.
    async fn get(&self, id: &PrivateEndpointId) -> Result<PrivateEndpoint>;

    /// Sets what differs between `found` and `wanted`. Clouds that take one kind of change at a time do the first that is left, and
    /// the caller comes again once the endpoint has settled.
    async fn configure(&self, found: &PrivateEndpoint, wanted: &EndpointSettings) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &PrivateEndpoint, tags: &Tags) -> Result<()>;

    /// Deletes one.
    async fn delete(&self, id: &PrivateEndpointId) -> Result<()>;

    /// Who has to let this one in, and by which command of this cloud, as sentences. Nothing is called, and the same endpoint always
    /// gives the same text.
    fn acceptance(&self, endpoint: &PrivateEndpoint) -> String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for kind in EndpointType::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("GatewayLoadBalancer".parse::<EndpointType>().is_err());
    }
}
