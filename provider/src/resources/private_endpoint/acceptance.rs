//! How a connection stands, what that asks of whom, and what the next apply does about it.

use framework::{Diagnostics, Value};

use super::{ConnectionState, Found, PrivateEndpointModel, PrivateEndpoints};

/// What becomes of a connection in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// It works.
    Works,
    /// Somebody else can let it work.
    Waits,
    /// It never will.
    Ended,
    /// Its endpoint is going away.
    Leaves,
}

impl From<ConnectionState> for Outlook {
    fn from(state: ConnectionState) -> Self {
        use ConnectionState::{
            Available, Closed, Deleting, Expired, Failed, Partial, Pending, PendingAcceptance,
            Rejected,
        };
        match state {
            Available => Self::Works,
            PendingAcceptance | Pending | Rejected | Partial => Self::Waits,
            Closed | Expired | Failed => Self::Ended,
            Deleting => Self::Leaves,
        }
    }
}

/// Who has to do what, so that the connection works; none when it does. `again` is whether one that ended is made anew.
pub(super) fn remedy(
    endpoints: &dyn PrivateEndpoints,
    found: &Found,
    again: bool,
) -> Option<String> {
    let said = match &found.reason {
        Some(reason) => format!(" ({})", reason.trim_end_matches('.')),
        None => String::new(),
    };
    let anew = if again {
        "the next apply"
    } else {
        "an apply with `recreate_closed = true`"
    };
    Some(match found.state {
        ConnectionState::Available => return None,
        ConnectionState::PendingAcceptance => endpoints.acceptance(found),
        ConnectionState::Pending => {
            format!("The cloud is still making it{said}: apply again in a few minutes.")
        }
        ConnectionState::Rejected => format!(
            "The owner of {} rejected {}{said}: agree with them, and apply again once they have accepted it.",
            found.service, found.connection
        ),
        ConnectionState::Closed => format!(
            "The service {} is gone, or its owner cut the connection off for good{said}: {anew} makes the endpoint anew.",
            found.service
        ),
        ConnectionState::Expired => format!(
            "Nobody accepted {} in the time that the cloud gives{said}: {anew} asks anew.",
            found.connection
        ),
        ConnectionState::Failed => {
            format!(
                "The cloud could not make the connection{said}: {anew} makes the endpoint anew."
            )
        }
        ConnectionState::Partial => format!(
            "A part of the connection does not work{said}: ask the owner of {} to look at the service.",
            found.service
        ),
        ConnectionState::Deleting => format!("Somebody is deleting the endpoint{said}."),
    })
}

/// The title of what is said about a connection that does not work.
pub(super) fn title(name: &str, state: ConnectionState) -> String {
    match state {
        ConnectionState::PendingAcceptance => {
            format!("private endpoint {name} waits to be accepted")
        }
        state => format!("private endpoint {name} is {state}"),
    }
}

impl PrivateEndpointModel {
    /// What the framework would leave open for every change, and stays as it was, or is left to the cloud.
    pub(super) fn keep(&mut self, config: &Self, prior: Option<&Self>) {
        let Some(prior) = prior else { return };
        if config.address.is_null() {
            self.address.clone_from(&prior.address);
        }
        if config.security_groups.is_null() {
            self.security_groups.clone_from(&prior.security_groups);
        }
        self.prefix_list.clone_from(&prior.prefix_list);
        self.state.clone_from(&prior.state);
        self.remedy.clone_from(&prior.remedy);
        self.private_dns_active
            .clone_from(&prior.private_dns_active);
        let same = self.subnets == prior.subnets && self.dns_zones == prior.dns_zones;
        if same {
            self.addresses.clone_from(&prior.addresses);
            self.dns.clone_from(&prior.dns);
        } else {
            self.addresses = Value::Unknown;
            self.dns = Value::Unknown;
        }
    }

    /// What the apply does about the state that the connection was found in. True when it takes another endpoint.
    pub(super) fn follow(&mut self, prior: &Self, diagnostics: &mut Diagnostics) -> bool {
        let state = prior.state.known().and_then(|state| state.parse().ok());
        let (Some(state), Some(name)) = (state, prior.name.known()) else {
            return false;
        };
        let waits = self.wait_for_acceptance == Value::Known(true);
        let anew =
            Outlook::from(state) == Outlook::Ended && self.recreate_closed == Value::Known(true);
        match Outlook::from(state) {
            Outlook::Works => {
                self.follow_private_dns(prior, diagnostics);
                return false;
            }
            Outlook::Leaves => return false,
            Outlook::Waits | Outlook::Ended if !waits && !anew => return false,
            Outlook::Waits | Outlook::Ended => {}
        }
        self.state = Value::Unknown;
        self.remedy = Value::Unknown;
        self.addresses = Value::Unknown;
        self.dns = Value::Unknown;
        self.private_dns_active = Value::Unknown;
        let remedy = prior.remedy.known().cloned().unwrap_or_default();
        diagnostics.warning(title(name.as_str(), state), remedy);
        anew
    }

    fn follow_private_dns(&mut self, prior: &Self, diagnostics: &mut Diagnostics) {
        if self.private_dns == prior.private_dns_active {
            return;
        }
        self.private_dns_active = Value::Unknown;
        self.dns = Value::Unknown;
        let late = self.private_dns == Value::Known(true) && self.private_dns == prior.private_dns;
        if let (true, Some(name)) = (late, prior.name.known()) {
            diagnostics.warning(
                format!("private DNS of private endpoint {name} is off"),
                "It is switched on by this apply, now that the connection works.",
            );
        }
    }
}
