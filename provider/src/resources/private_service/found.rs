//! What was found of a private service, in its model.

use std::mem;

use framework::{Text, Value};

use super::{Found, PrivateServiceModel, VerificationModel, connections, set};
use crate::{client::Client, drift};

impl PrivateServiceModel {
    /// Enters what no argument says and the plan left open.
    pub(super) fn record(&mut self, found: &Found) {
        self.id = found.id.to_string().into();
        self.service_name = found.service_name.clone().into();
        self.alias = found.alias.clone().into();
        drift::fill(&mut self.state, found.state.as_str().to_owned());
        drift::fill(&mut self.connections, connections::shown(found));
        drift::fill(
            &mut self.zones,
            Value::Known(found.zones.iter().cloned().collect()),
        );
        drift::fill(&mut self.verification, VerificationModel::of(found));
        self.tags_all = found.tags.clone().into();
    }

    /// What may have been changed by others. Which connections are wanted is a wish, that `connections` tells the truth about.
    pub(super) fn refresh(&mut self, client: &Client, found: Found) {
        let imported = self.service_name.is_null();
        self.state = Value::Unknown;
        self.connections = Value::Unknown;
        self.zones = Value::Unknown;
        self.verification = Value::Unknown;
        self.record(&found);
        self.tags = drift::own_tags(client, &self.tags, &found.tags);

        let settings = found.settings;
        let written = set(&self.allowed_principals);
        let (expected, unexpected): (Vec<_>, Vec<_>) = settings
            .allowed
            .into_iter()
            .partition(|who| imported || written.contains(who));
        let expected = expected.into_iter().map(Text::from);
        self.allowed_principals = drift::collection(&self.allowed_principals, expected);
        let unexpected = unexpected.iter().map(ToString::to_string);
        let foreign = found.foreign_principals.into_iter();
        self.unexpected_principals = Value::Known(unexpected.chain(foreign).collect());
        // The one of the configuration may be among the others, where somebody added one that comes before it.
        let mut balancers = found.foreign_load_balancers;
        let mut balancer = settings.load_balancer;
        if let Some(written) = self.load_balancer.known()
            && let Some(ours) = balancers.take(written)
        {
            balancers.insert(mem::replace(&mut balancer, ours));
        }
        let foreign = balancers.iter().map(ToString::to_string);
        self.unexpected_load_balancers = Value::Known(foreign.collect());
        if imported {
            let accepted = settings.accepted.into_iter().map(Text::from);
            let rejected = settings.rejected.into_iter().map(Text::from);
            if !settings.auto_accept {
                self.accepted_connections = drift::collection(&Value::Null, accepted);
            }
            self.rejected_connections = drift::collection(&Value::Null, rejected);
        }
        self.name = found.name.into();
        self.load_balancer = balancer.into();
        let subnets = settings.subnets.into_iter().map(Text::from);
        self.subnets = drift::collection(&self.subnets, subnets);
        self.auto_accept = settings.auto_accept.into();
        self.connection_limit = settings.connection_limit.map(i64::from).into();
        self.private_dns_name = settings.private_dns_name.map(Text::from).into();
    }
}
