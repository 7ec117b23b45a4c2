//! Links: objects of Compute Engine name each other by URL. We keep what comes after the version: `projects/…`.

use crate::session::Session;

/// What its own clients write before a path, whatever host they call.
const BEFORE: &str = "https://www.googleapis.com/compute/v1/";

/// Where objects of Compute Engine are: an endpoint that leads to a service attachment lies in its region, one that leads to
/// Google's own interfaces lies in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Region,
    World,
}

impl Place {
    /// In the order in which an object is looked for.
    pub(crate) const ALL: [Self; 2] = [Self::Region, Self::World];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Region => Self::World,
            Self::World => Self::Region,
        }
    }

    /// `projects/P/regions/R`, or `projects/P/global`.
    pub(crate) fn of(self, session: &Session) -> String {
        let config = &session.config;
        match self {
            Self::Region => format!("projects/{}/regions/{}", config.project, config.region),
            Self::World => format!("projects/{}/global", config.project),
        }
    }
}

/// The URL of a path.
pub(crate) fn url(path: &str) -> String {
    format!("{BEFORE}{path}")
}

/// The path of a URL, or of what is a path already.
pub(crate) fn path(link: &str) -> &str {
    match link.split_once("/projects/") {
        Some((host, _)) if host.contains("://") => &link[host.len() + 1..],
        _ => link,
    }
}

/// The project that a path begins with.
pub(crate) fn project(path: &str) -> &str {
    let rest = path.strip_prefix("projects/").unwrap_or(path);
    rest.split('/').next().unwrap_or(rest)
}

/// Why something is not of this region, if it is not.
pub(crate) fn elsewhere(region: &str, path: &str) -> Option<String> {
    let Some(rest) = path.strip_prefix("projects/") else {
        return Some(format!("{path:?} is nothing of Google Cloud"));
    };
    let found = rest.split('/').nth(2).unwrap_or_default();
    (found != region).then(|| {
        format!("{path:?} is in {found}, and this provider works in {region}: use another provider block with that region")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_whatever_its_host() {
        let rule = "projects/acme-prod/regions/europe-west4/forwardingRules/api";
        assert_eq!(path(&url(rule)), rule);
        assert_eq!(path(rule), rule);
        let other = format!("https://compute.googleapis.com/compute/v1/{rule}");
        assert_eq!((path(&other), project(rule)), (rule, "acme-prod"));
    }
}
