//! How the settings of a private endpoint come to be what is wanted.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use clouds::{
    Error,
    private_endpoints::{EndpointSettings, PrivateEndpoint as Found},
    private_services::ConnectionState,
};
use framework::{
    Result,
    wait::{self, Deadline, Poll},
};

use super::wanted::Wanted;
use crate::settle::{self, Missing};

/// How long a change that the cloud took may take to be seen.
const SEEING: Duration = Duration::from_secs(30);

/// The arguments whose settings differ.
fn differing(found: &EndpointSettings, wanted: &EndpointSettings) -> Vec<&'static str> {
    let EndpointSettings {
        subnets,
        route_tables,
        security_groups,
        policy,
        private_dns,
        dns_zones,
        global_access,
        request_message,
    } = wanted;
    let all = [
        ("subnets", found.subnets != *subnets),
        ("route_tables", found.route_tables != *route_tables),
        ("security_groups", found.security_groups != *security_groups),
        ("policy", found.policy != *policy),
        ("private_dns", found.private_dns != *private_dns),
        ("dns_zones", found.dns_zones != *dns_zones),
        ("global_access", found.global_access != *global_access),
        ("request_message", found.request_message != *request_message),
    ];
    let differ = all.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(argument, _)| argument).collect()
}

impl Wanted<'_> {
    /// The settings that this one can have now: a name leads to it only once it works, and what cannot change stays.
    fn reachable(&self, found: &Found) -> EndpointSettings {
        let mut settings = self.new.settings.clone();
        let has = &found.settings;
        if self.any_groups {
            settings.security_groups.clone_from(&has.security_groups);
        }
        if found.state != ConnectionState::Available {
            settings.private_dns = has.private_dns;
            settings.dns_zones.clone_from(&has.dns_zones);
        }
        let lasting = self.endpoints.replaces();
        if lasting.contains(&"subnets") {
            settings.subnets.clone_from(&has.subnets);
        }
        if lasting.contains(&"private_dns") {
            settings.private_dns = has.private_dns;
        }
        settings
    }

    /// Brings its settings to what is wanted, one kind after the other where the cloud takes one at a time. One that has ended stays,
    /// and what the cloud took and keeps otherwise is told and not sent again. What was `found` is looked at again where it is `old`.
    pub(super) async fn set(&self, found: Found, old: bool) -> Result<Found> {
        let Self {
            apply, endpoints, ..
        } = self;
        let what = format!("the settings of {}", apply.marks);
        let id = found.id.clone();
        let id = &id;
        let mut seen = Some(found).filter(|_| !old);
        // What was found when the last change was sent, and until when that may be all that is seen.
        let sent: Mutex<Option<(EndpointSettings, Deadline)>> = Mutex::new(None);
        let sent = &sent;
        let missing = Missing::default();
        let (missing, what) = (&missing, &what);
        wait::until(apply.cx, apply.deadline, what, || {
            let seen = seen.take();
            async move {
                let outcome = async {
                    let found = match seen {
                        Some(found) => found,
                        None => endpoints.get(id).await?,
                    };
                    if found.state == ConnectionState::Pending {
                        return Ok(Err("it is pending".to_owned()));
                    }
                    let wanted = self.reachable(&found);
                    let differing = differing(&found.settings, &wanted);
                    if differing.is_empty() {
                        return Ok(Ok(found));
                    }
                    if !found.state.is_live() {
                        self.tell_unset(&found, &differing);
                        return Ok(Ok(found));
                    }
                    let before = sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    if let Some((as_before, until)) = before
                        && as_before == found.settings
                    {
                        if until.remaining().is_zero() {
                            self.tell_unkept(&differing);
                            return Ok(Ok(found));
                        }
                        return Ok(Err("they were set, and are not seen yet".to_owned()));
                    }
                    endpoints.configure(&found, &wanted).await?;
                    *sent.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some((found.settings, Deadline::after(SEEING)));
                    Ok(Err("they were set and are read back".to_owned()))
                };
                match outcome.await {
                    Ok(Ok(found)) => Ok(Poll::Ready(found)),
                    Ok(Err(why)) => {
                        missing.found();
                        Ok(Poll::Pending(why))
                    }
                    Err(error @ Error::NotReady(_)) if missing.for_good() => {
                        Err(settle::refers_to_nothing(what, &error).into())
                    }
                    Err(error) if settle::is_settling(&error) => {
                        Ok(Poll::Pending(error.to_string()))
                    }
                    Err(error) => Err(error.into()),
                }
            }
        })
        .await
    }

    /// The settings of one that has ended cannot change.
    fn tell_unset(&self, found: &Found, differing: &[&str]) {
        let (marks, state) = (&self.apply.marks, found.state);
        let arguments = differing.join(", ");
        self.apply.cx.warn(
            format!("{marks} takes no changes"),
            format!("It is {state}, so that {arguments} stayed as they were. The next plan shows that, and its apply changes them once it works."),
        );
    }

    /// Asking for it again would change nothing.
    fn tell_unkept(&self, differing: &[&str]) {
        let marks = &self.apply.marks;
        let arguments = differing.join(", ");
        self.apply.cx.warn(
            format!("{marks} has other settings than were sent"),
            format!(
                "The cloud took the change and still tells something else of {arguments}. The next plan shows what it has. Write that, or \
                 leave the argument out."
            ),
        );
    }
}
