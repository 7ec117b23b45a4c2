//! A private route to a cluster's API: an address other than its own, where its certificate is still checked by its own name.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use clouds::clusters::Endpoint;
use framework::{AttributePath, Diagnostics, Model, Text, Value};
use rustls::pki_types;
use url::Url;

/// Where the API of an `eks`, `gke` or `aks` cluster is reached, if not at its own address.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PrivateEndpointModel {
    /// Address to connect to: `https://` and a host, with or without a port.
    #[attr(required)]
    pub host: Value<Text<Address>>,
    /// Name by which the certificate is checked: a host, without a port. Default: the host of the cluster's own address. Where Google's
    /// front of a GKE cluster is there, the host of the cluster's DNS endpoint.
    #[attr(optional)]
    pub server_name: Value<Text<ServerName>>,
}

impl PrivateEndpointModel {
    /// The route; `None` while a part of it is not known yet.
    pub fn route(&self) -> Option<Route> {
        if self.server_name.is_unknown() {
            return None;
        }
        Some(Route {
            address: Address::clone(self.host.known()?),
            server_name: self.server_name.known().map(|name| ServerName::clone(name)),
        })
    }

    /// Reports one that has nothing to go with.
    pub fn validate(
        endpoint: &Value<Self>,
        beside: Option<&str>,
        path: &AttributePath,
        diagnostics: &mut Diagnostics,
    ) {
        if let (false, Some(beside)) = (endpoint.is_null(), beside) {
            diagnostics.error_at(
                path.clone().attribute("private_endpoint"),
                format!("private_endpoint does not go with {beside}"),
                format!(
                    "It is another way to a cluster whose cloud is asked for its certificate authority: `eks`, `gke` or `aks`. In `{beside}` write the private \
                     address itself, and the name of the certificate as `{}`.",
                    if beside == "direct" { "server_name" } else { "tls-server-name" },
                ),
            );
        }
    }
}

impl From<Route> for PrivateEndpointModel {
    fn from(route: Route) -> Self {
        Self {
            host: route.address.into(),
            server_name: route.server_name.map(Text::from).into(),
        }
    }
}

/// Another way to the API of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    pub address: Address,
    /// `None` is the host of the cluster's own address.
    pub server_name: Option<ServerName>,
}

impl Route {
    /// Which of the ways to a cluster it is another one to: that of the name it goes by, or else the one where the cluster itself
    /// answers, with a certificate of its own authority.
    pub fn end<'c>(&self, ways: &'c [Endpoint]) -> Option<&'c Endpoint> {
        let address = host(&self.address.to_string());
        let name = self.server_name.as_ref().map(ServerName::as_str);
        let name = name.or(address.as_deref());
        let named = |way: &&Endpoint| host(&way.url).as_deref() == name;
        let own = |way: &&Endpoint| way.ca_certificate.is_some();
        let mut all = ways.iter();
        let found = all.clone().find(named).or_else(|| all.clone().find(own));
        found.or_else(|| all.next())
    }

    /// The name by which a cluster of this address of its own is checked.
    pub fn checked_by(&self, endpoint: &str) -> Result<ServerName, String> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        host(endpoint)
            .and_then(|host| host.parse().ok())
            .ok_or_else(|| {
                format!(
                    "its cloud says that its address is {endpoint:?}, which has no host to check the certificate by: set `server_name` in `private_endpoint`"
                )
            })
    }
}

/// The host of a URL, an address of the sixth version without its brackets.
pub fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(url.host_str()?.trim_matches(['[', ']']).to_owned())
}

/// Where an API server answers: `https://`, a host, and a port that is 443 unless told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Host and port as an import id has them.
    pub fn host_and_port(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write https://<host> or https://<host>:<port>";
        let url: Url = text
            .parse()
            .map_err(|error| format!("{text:?} is not an address ({error}); {example}"))?;
        // A token is sent to it.
        let plain = url.scheme() == "https"
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        match (plain, url.host_str(), url.port()) {
            (true, Some(host), None) => Ok(Self(host.to_owned())),
            (true, Some(host), Some(port)) => Ok(Self(format!("{host}:{port}"))),
            _ => Err(format!(
                "{text:?} is not the address of an API server; {example}"
            )),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.0)
    }
}

/// The name by which a certificate is checked: a host name, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(String);

impl ServerName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same as a URL or a `Host` header has it.
    pub fn as_host(&self) -> String {
        match self.0.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{}]", self.0),
            Err(_) => self.0.clone(),
        }
    }
}

impl FromStr for ServerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match pki_types::ServerName::try_from(text) {
            Ok(_) => Ok(Self(text.to_ascii_lowercase())),
            Err(_) => Err(format!(
                "{text:?} is no name of a server: write the host alone, as the certificate has it, without https:// and without a port"
            )),
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https() {
        for (text, address) in [
            ("https://10.0.0.1:6443", "10.0.0.1:6443"),
            ("https://vpce-1.example/", "vpce-1.example"),
            ("https://VPCE-1.example:443", "vpce-1.example"),
            ("https://[fd00::1]:6443", "[fd00::1]:6443"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().host_and_port(), address);
        }
        for bad in [
            "10.0.0.1",
            "http://10.0.0.1",
            "https://10.0.0.1/api",
            "https://10.0.0.1?a",
            "https://10.0.0.1#a",
            "https://who:secret@10.0.0.1",
            "https://",
        ] {
            let said = bad.parse::<Address>().unwrap_err();
            assert!(said.contains("write https://<host>"), "{bad}: {said}");
        }
    }

    #[test]
    fn a_server_name_is_a_host_alone() {
        for good in ["prod.example.com", "10.0.0.1", "fd00::1", "Kubernetes"] {
            assert!(good.parse::<ServerName>().is_ok(), "{good}");
        }
        for bad in [
            "prod.example.com:443",
            "10.0.0.1:6443",
            "https://prod.example.com",
            "prod.example.com/",
            "",
        ] {
            let said = bad.parse::<ServerName>().unwrap_err();
            assert!(said.contains("without a port"), "{bad}: {said}");
        }
    }

    #[test]
    fn a_name_in_a_header_has_brackets_where_it_must() {
        for (name, host) in [
            ("fd00::1", "[fd00::1]"),
            ("10.0.0.1", "10.0.0.1"),
            ("prod.example.com", "prod.example.com"),
        ] {
            assert_eq!(name.parse::<ServerName>().unwrap().as_host(), host);
        }
    }

    #[test]
    fn a_route_leads_to_one_of_two_ways() {
        let way = |host: &str, ca_certificate: Option<&str>| Endpoint {
            url: format!("https://{host}"),
            ca_certificate: ca_certificate.map(str::to_owned),
        };
        let name = || way("gke-1.europe-west4.gke.goog", None);
        let own = || way("10.0.0.2", Some("own"));
        let end = |ways: &[Endpoint], address: &str, server_name: Option<&str>| {
            let route = Route {
                address: address.parse().unwrap(),
                server_name: server_name.map(|name| name.parse().unwrap()),
            };
            route.end(ways).unwrap().clone()
        };
        for ways in [[name(), own()], [own(), name()]] {
            for (address, server_name, expected) in [
                ("https://10.0.0.2", None, own()),
                ("https://forwarder.example:6443", None, own()),
                ("https://10.9.0.1", Some("kubernetes"), own()),
                (
                    "https://10.9.0.1",
                    Some("gke-1.europe-west4.gke.goog"),
                    name(),
                ),
                ("https://gke-1.europe-west4.gke.goog", None, name()),
                (
                    "https://gke-1.europe-west4.gke.goog",
                    Some("10.0.0.2"),
                    own(),
                ),
            ] {
                let found = end(&ways, address, server_name);
                assert_eq!(found, expected, "{address} {server_name:?}");
            }
        }
        let alone = end(&[name()], "https://10.9.0.1", Some("other.example"));
        assert_eq!(alone, name());
    }

    #[test]
    fn the_cluster_s_own_name_is_what_it_is_checked_by() {
        let route = |server_name: Option<&str>| Route {
            address: "https://vpce-1.example".parse().unwrap(),
            server_name: server_name.map(|name| name.parse().unwrap()),
        };
        for (endpoint, name) in [
            (
                "https://ABC.gr7.eu-west-1.eks.amazonaws.com",
                "abc.gr7.eu-west-1.eks.amazonaws.com",
            ),
            (
                "https://acme-1.privatelink.westeurope.azmk8s.io:443",
                "acme-1.privatelink.westeurope.azmk8s.io",
            ),
            ("https://34.1.2.3", "34.1.2.3"),
            ("https://[fd00::1]", "fd00::1"),
        ] {
            assert_eq!(route(None).checked_by(endpoint).unwrap().as_str(), name);
            let given = route(Some("other.example")).checked_by(endpoint).unwrap();
            assert_eq!(given.as_str(), "other.example");
        }
        let said = route(None).checked_by("nowhere").unwrap_err();
        assert!(said.contains("set `server_name`"), "{said}");
    }
}
