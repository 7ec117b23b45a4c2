//! How a role is made and changed.

use std::time::Duration;

use clouds::{
    Error,
    roles::{Role as Found, RoleDocuments, RolePath, RoleSpec, Roles},
    tags::Tags,
};
use framework::{
    Context, Diagnostic, Result, path,
    wait::{self, Deadline, Poll},
};

use super::{PATIENCE, RENAMED, RoleModel};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Origin},
    refusals, settle,
};

/// How often in a row a new or changed role has to be read as it should be. The cloud's replicas do not agree at once.
const GOOD_READS: u32 = 3;

/// How long a boundary that is not found is taken for one that was made a moment ago.
const BOUNDARY_PATIENCE: Duration = Duration::from_secs(20);

/// A role as its arguments say.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    roles: &'a dyn Roles,
    spec: RoleSpec,
    /// What it was last known to be: where to look for what belongs to it.
    known: RoleSpec,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(cx: &'a Context<Client>, plan: &RoleModel) -> Result<Self> {
        let spec = plan.known_spec()?;
        let roles = &*cx.client()?.clouds()?.roles;
        refusals::none(roles.check(&spec), RENAMED)?;
        let time = (&plan.timeouts, PATIENCE);
        Ok(Self {
            apply: Apply::new(cx, Kind::Roles, &spec.name, &plan.tags, time)?,
            roles,
            known: spec.clone(),
            spec,
        })
    }

    /// The same for a role that the state knows as `prior`, so that what hangs on objects and clusters that it leaves is seen and
    /// removed.
    pub(super) fn instead_of(mut self, prior: Option<RoleSpec>) -> Self {
        if let Some(prior) = prior {
            self.known.trust = prior.trust;
            self.known.subjects.extend(prior.subjects);
            self.known.capabilities.extend(prior.capabilities);
        }
        self
    }

    /// Repeats a call that gives the role its boundary. What such a call does not find is the boundary.
    async fn bounded<T, U, F>(
        &self,
        what: &str,
        call: impl FnMut() -> F,
        judge: fn(clouds::Result<T>) -> Result<Poll<U>>,
    ) -> Result<U>
    where
        F: Future<Output = clouds::Result<T>>,
    {
        let Apply {
            cx,
            deadline,
            marks,
            ..
        } = &self.apply;
        let grace = Deadline::after(BOUNDARY_PATIENCE);
        let what = format!("the {what} of {marks}");
        settle::judged(cx, *deadline, what, call, |answer| match answer {
            Err(error @ Error::NotFound(_)) if grace.remaining().is_zero() => {
                Err(self.unbounded(&error).into())
            }
            Err(error @ Error::NotFound(_)) => Ok(Poll::Pending(error.to_string())),
            answer => judge(answer),
        })
        .await
    }

    fn unbounded(&self, error: &Error) -> Diagnostic {
        let boundary = self.spec.permissions_boundary.as_ref();
        let boundary = boundary.map_or("", |boundary| boundary.as_str());
        Diagnostic::error(
            "the permissions boundary was not found",
            format!(
                "There is no policy {boundary}, or role {} may not have it as its boundary: {error}. Write the ARN of a managed \
                 policy that exists; where this configuration makes it, refer to its `arn`, so that it is made before the role.",
                self.spec.name
            ),
        )
        .at(path!("permissions_boundary"))
    }

    /// Waits until the role is read as it should be several times in a row.
    async fn seen(&self, documents: &RoleDocuments) -> Result<Found> {
        let Self {
            apply, roles, spec, ..
        } = self;
        let what = format!("{} to be seen everywhere", apply.marks);
        wait::consecutive(apply.cx, apply.deadline, &what, GOOD_READS, || async {
            match roles.get(&spec.name, Some(spec)).await {
                Ok(found) if found.differs(spec, documents) => Ok(Poll::Pending(
                    "it is still read as it was before".to_owned(),
                )),
                answer => settle::settling(answer),
            }
        })
        .await
    }
}

impl Managed for Wanted<'_> {
    type Model = RoleModel;
    type Found = Found;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Found) -> &mut Tags {
        &mut found.tags
    }

    async fn make(&self) -> Result<Creation<Found>> {
        let call = || self.roles.create(&self.spec, &self.apply.creating);
        let made = match self.spec.permissions_boundary {
            Some(_) => self.bounded("creation", call, settle::creation).await?,
            None => self.apply.created(call).await?,
        };
        Ok(made.into())
    }

    async fn find(&self) -> clouds::Result<Found> {
        self.roles.get(&self.spec.name, Some(&self.known)).await
    }

    fn suits(&self, found: &Found) -> Result<()> {
        if found.path == self.spec.path {
            return Ok(());
        }
        let path = found.path.as_ref().map_or("/", RolePath::as_str);
        Err(Diagnostic::error(
            format!("role {} is half made under another path", found.name),
            format!(
                "An earlier apply of this configuration was interrupted while it made the role under {path}, and a path cannot be changed. \
                 Delete the role, which has no permissions yet, or go back to that path, and apply again."
            ),
        )
        .into())
    }

    /// Waits until the role is seen as it should be, too.
    async fn configure(&self, found: Found, _origin: Origin) -> Result<Found> {
        let Self {
            apply, roles, spec, ..
        } = self;
        let documents = roles.documents(spec).await?;
        if !found.differs(spec, &documents) && found.trust.as_ref() == Some(&spec.trust) {
            return Ok(found);
        }
        let call = || roles.update(&found, spec);
        let bounds = spec.permissions_boundary.is_some()
            && spec.permissions_boundary != found.permissions_boundary;
        if bounds {
            self.bounded("policies", call, settle::settling).await?;
        } else {
            apply.settled("policies", call).await?;
        }
        self.seen(&documents).await
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.roles.set_tags(found, tags).await
    }

    fn record(model: &mut RoleModel, found: &Found) {
        model.identify(found);
        model.tags_all = found.tags.clone().into();
    }
}
