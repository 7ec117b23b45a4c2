//! Where a cluster is: known at apply, kept in state, part of import ids. Never a secret.

use std::{fmt, str::FromStr};

use clouds::clusters::ClusterId;

use super::route::{Address, Route, ServerName};

/// The whereabouts of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coordinates {
    /// A cluster of the configured cloud, EKS, GKE or AKS, and how it is reached where not at its own address.
    Cloud(ClusterId, Option<Route>),
    /// A context of a kubeconfig file; `None` is its current context.
    Kubeconfig {
        path: String,
        context: Option<String>,
    },
    /// An API server by its address.
    Direct {
        host: String,
        ca_certificate: Option<String>,
        server_name: Option<ServerName>,
    },
}

/// The spellings of coordinates in an import id.
pub const SPELLINGS: &str = "eks/<region>/<name>, gke/<project>/<location>/<name> or aks/<resource group>/<name>, each with @<host> or \
    @<host>:<port> behind it where that is its private endpoint, and =<server name> behind that where the certificate is for another name, kubeconfig/<path>#<context> or direct/<https address>";

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(id, None) => id.fmt(f),
            Self::Cloud(id, Some(route)) => {
                write!(f, "{id}@{}", route.address.host_and_port())?;
                match &route.server_name {
                    Some(name) => write!(f, "={name}"),
                    None => Ok(()),
                }
            }
            Self::Kubeconfig {
                path,
                context: None,
            } => write!(f, "kubeconfig/{path}"),
            Self::Kubeconfig {
                path,
                context: Some(context),
            } => write!(f, "kubeconfig/{path}#{context}"),
            Self::Direct { host, .. } => write!(f, "direct/{host}"),
        }
    }
}

impl FromStr for Coordinates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{text}` does not say where a cluster is: write {SPELLINGS}");
        let (how, whereabouts) = text.split_once('/').ok_or_else(invalid)?;
        if whereabouts.is_empty() {
            return Err(invalid());
        }
        match how {
            "eks" | "gke" | "aks" => {
                let (whereabouts, route) = match whereabouts.split_once('@') {
                    None => (whereabouts, None),
                    Some((whereabouts, host)) => {
                        let (host, name) = match host.split_once('=') {
                            Some((host, name)) => (host, Some(name)),
                            None => (host, None),
                        };
                        let address: Address = format!("https://{host}").parse()?;
                        let server_name = name.map(str::parse).transpose()?;
                        (
                            whereabouts,
                            Some(Route {
                                address,
                                server_name,
                            }),
                        )
                    }
                };
                let parts: Vec<_> = whereabouts.split('/').collect();
                cloud_cluster(how, &parts)
                    .map(|id| Self::Cloud(id, route))
                    .ok_or_else(invalid)
            }
            "kubeconfig" => Ok(match whereabouts.split_once('#') {
                Some((path, context)) => Self::Kubeconfig {
                    path: path.to_owned(),
                    context: Some(context.to_owned()),
                },
                None => Self::Kubeconfig {
                    path: whereabouts.to_owned(),
                    context: None,
                },
            }),
            "direct" => Ok(Self::Direct {
                host: whereabouts.to_owned(),
                ca_certificate: None,
                server_name: None,
            }),
            _ => Err(invalid()),
        }
    }
}

fn cloud_cluster(how: &str, parts: &[&str]) -> Option<ClusterId> {
    Some(match (how, parts) {
        ("eks", [region, name]) => ClusterId::Eks {
            name: name.parse().ok()?,
            region: Some(region.parse().ok()?),
        },
        ("gke", [project, location, name]) => ClusterId::Gke {
            project: project.parse().ok()?,
            location: location.parse().ok()?,
            name: name.parse().ok()?,
        },
        ("aks", [resource_group, name]) => ClusterId::Aks {
            resource_group: resource_group.parse().ok()?,
            name: name.parse().ok()?,
        },
        _ => return None,
    })
}

impl Coordinates {
    /// Splits an import id into coordinates and the names that follow them.
    ///
    /// The names are counted from the end: paths, contexts and addresses have slashes of their own.
    pub fn split_import_id<const N: usize>(
        id: &str,
        names: [&str; N],
    ) -> Result<(Self, [String; N]), String> {
        let invalid = |why: &str| {
            let tail: String = names.map(|name| format!("/<{name}>")).concat();
            format!(
                "`{id}` is not an import id of this resource ({why}); write <cluster>{tail}, where <cluster> is {SPELLINGS}"
            )
        };
        let mut parts: Vec<&str> = id.rsplitn(N + 1, '/').collect();
        parts.reverse();
        let (cluster, rest) = parts.split_first().ok_or_else(|| invalid("it is empty"))?;
        let found: [String; N] = rest
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| invalid("it has too few parts"))?;
        if found.iter().any(String::is_empty) {
            return Err(invalid("a name is empty"));
        }
        let coordinates = cluster.parse().map_err(|why: String| invalid(&why))?;
        Ok((coordinates, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_comes_back() {
        for text in [
            "eks/eu-west-1/prod",
            "gke/acme-prod/europe-west4/prod",
            "gke/acme-prod/europe-west4-a/prod",
            "aks/acme-prod_rg/prod",
            "eks/eu-west-1/prod@vpce-1.vpce-svc-2.eu-west-1.vpce.amazonaws.com",
            "gke/acme-prod/europe-west4/prod@10.1.0.4:6443",
            "aks/acme-prod_rg/prod@[fd00::1]:6443",
            "gke/acme-prod/europe-west4/prod@10.9.0.1=gke-1.europe-west4.gke.goog",
            "aks/acme-prod_rg/prod@[fd00::1]:6443=fd00::2",
            "kubeconfig/~/.kube/config",
            "kubeconfig//etc/kube/config#arn:aws:eks:eu-west-1:1:cluster/prod",
            "direct/https://10.0.0.1:6443",
        ] {
            assert_eq!(text.parse::<Coordinates>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "eks",
            "eks/",
            "eks/eu-west-1",
            "eks/eu-west-1/a/b",
            "gke/europe-west4/prod",
            "gke/acme-prod/europe-west4/prod/x",
            "aks/prod",
        ] {
            let error = bad.parse::<Coordinates>().unwrap_err();
            assert!(error.contains("eks/<region>/<name>"), "{error}");
        }
        for bad in ["eks/eu-west-1/prod@a=", "eks/eu-west-1/prod@a=b:443"] {
            let error = bad.parse::<Coordinates>().unwrap_err();
            assert!(error.contains("no name of a server"), "{error}");
        }
        for bad in [
            "eks/eu-west-1/prod@",
            "eks/eu-west-1/prod@a:b",
            "eks/eu-west-1/prod@a@b",
        ] {
            let error = bad.parse::<Coordinates>().unwrap_err();
            assert!(error.contains("https://<host>:<port>"), "{error}");
        }
    }

    #[test]
    fn names_are_counted_from_the_end() {
        let (cluster, [namespace, name]) = Coordinates::split_import_id(
            "kubeconfig//etc/k.yaml#a/b/union/prod",
            ["namespace", "name"],
        )
        .unwrap();
        assert_eq!(cluster.to_string(), "kubeconfig//etc/k.yaml#a/b");
        assert_eq!((namespace.as_str(), name.as_str()), ("union", "prod"));
        let (cluster, [name]) = Coordinates::split_import_id(
            "eks/eu-west-1/prod@10.1.0.4:6443=a.b/fraud-test",
            ["name"],
        )
        .unwrap();
        assert_eq!(cluster.to_string(), "eks/eu-west-1/prod@10.1.0.4:6443=a.b");
        assert_eq!(name, "fraud-test");
        let error = Coordinates::split_import_id("union/prod", ["namespace", "name"]).unwrap_err();
        assert!(error.contains("<cluster>/<namespace>/<name>"), "{error}");
    }
}
