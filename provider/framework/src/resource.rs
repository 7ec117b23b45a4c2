//! Managed resources: the trait that a provider implements, one type per resource.

mod erased;
mod stored;

use std::future::Future;

use serde_json::Value as Json;

use crate::{Applied, AttributePath, Context, Diagnostic, Diagnostics, Model, Result};

pub use erased::{AnyResource, Hooked};

/// A kind of object that Terraform creates, reads, updates and deletes.
///
/// ```
/// use framework::{Applied, Context, Model, Resource, Result, Value};
///
/// struct Bucket;
///
/// /// A bucket.
/// #[derive(Model, Clone, Debug, Default, PartialEq)]
/// struct BucketModel {
///     /// The name of the bucket.
///     #[attr(required, replaces)]
///     name: Value<String>,
///     /// The address of the bucket.
///     #[attr(computed, stable)]
///     uri: Value<String>,
/// }
///
/// impl Resource for Bucket {
///     const NAME: &'static str = "example_bucket";
///     type Client = ();
///     type Model = BucketModel;
///
///     async fn create(&self, _cx: &Context<()>, mut plan: BucketModel) -> Applied<BucketModel> {
///         plan.uri = format!("s3://{}", plan.name.get()?).into();
///         Ok(plan)
///     }
///
///     async fn read(&self, _cx: &Context<()>, state: BucketModel) -> Result<Option<BucketModel>> {
///         Ok(Some(state))
///     }
///
///     async fn delete(&self, _cx: &Context<()>, _state: BucketModel) -> Result<()> {
///         Ok(())
///     }
///
///     async fn import(&self, _cx: &Context<()>, id: &str) -> Result<BucketModel> {
///         Ok(BucketModel { name: id.into(), ..BucketModel::default() })
///     }
/// }
/// ```
pub trait Resource: Send + Sync + 'static {
    /// The type's name, such as `example_bucket`.
    const NAME: &'static str;
    /// The version of the state. Raise it when [`upgrade`](Self::upgrade) has to convert older state.
    const VERSION: i64 = 0;
    /// The attributes that tell one object from all others: strings, numbers or bools at the top of the model.
    const IDENTITY: &'static [&'static str] = &[];
    /// The version of the identity. Raise it when [`IDENTITY`](Self::IDENTITY) changes, and convert older ones in
    /// [`upgrade_identity`](Self::upgrade_identity).
    const IDENTITY_VERSION: i64 = 0;
    /// The provider's configured client.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// A name of the object for messages, such as the bucket's.
    fn label(&self, model: &Self::Model) -> Option<String> {
        let _ = model;
        None
    }

    /// Checks across attributes. Values that are unknown will be checked again later: skip them.
    fn validate(&self, config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Enters the prior spelling where the outside takes what is wanted for the same: as a cloud does whose names are the same in
    /// capitals. Then nothing is changed or replaced. Terraform takes no spelling but the configuration's and the prior one.
    ///
    /// What needs nobody's answer is better said by the equality of a [`Text`](crate::Text).
    fn respell(
        &self,
        cx: &Context<Self::Client>,
        prior: &Self::Model,
        wanted: &mut Self::Model,
    ) -> Result<()> {
        let _ = (cx, prior, wanted);
        Ok(())
    }

    /// Adjusts a plan: computed values that can be told already, replacement that no single attribute decides, warnings.
    ///
    /// It is called again during the apply and must come to the same result: no clock, no chance, nothing remote that
    /// may change meanwhile.
    fn plan(
        &self,
        cx: &Context<Self::Client>,
        change: &mut Change<Self::Model>,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, change);
        async { Ok(()) }
    }

    /// Makes the object. Every value that the plan left unknown is known in the result.
    fn create(
        &self,
        cx: &Context<Self::Client>,
        plan: Self::Model,
    ) -> impl Future<Output = Applied<Self::Model>> + Send;

    /// Looks at the object; none when it is gone.
    ///
    /// Here, in a delete, and in [`Update::prior`], a value of the state that this release finds invalid is null. It stays
    /// in the state as it is until a read or an update brings another.
    fn read(
        &self,
        cx: &Context<Self::Client>,
        state: Self::Model,
    ) -> impl Future<Output = Result<Option<Self::Model>>> + Send;

    /// Changes the object. Not needed where every argument that can change `replaces`.
    fn update(
        &self,
        cx: &Context<Self::Client>,
        change: Update<Self::Model>,
    ) -> impl Future<Output = Applied<Self::Model>> + Send {
        let _ = (cx, change);
        async {
            Err(Diagnostics::from(Diagnostic::error(
                "",
                "every argument of this resource forces replacement, and yet an update was planned; this is a bug in the \
                 provider",
            ))
            .into())
        }
    }

    /// Removes the object. One that is gone already is no error.
    fn delete(
        &self,
        cx: &Context<Self::Client>,
        state: Self::Model,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Takes an existing object in by the id that the user gave. A read follows, so what leads to the object is enough.
    fn import(
        &self,
        cx: &Context<Self::Client>,
        id: &str,
    ) -> impl Future<Output = Result<Self::Model>> + Send;

    /// Takes an existing object in by its identity, whose attributes are set in the model. A read follows.
    fn import_identity(
        &self,
        cx: &Context<Self::Client>,
        identity: Self::Model,
    ) -> impl Future<Output = Result<Self::Model>> + Send {
        let _ = cx;
        async { Ok(identity) }
    }

    /// Converts state of an older version. What the current model doesn't have is dropped.
    fn upgrade(&self, version: i64, state: Json) -> Result<Json> {
        let _ = state;
        Err(Diagnostic::error(
            "",
            format!(
                "the state is of version {version} and this release of the provider reads version {}: apply once with a \
                 release in between, or remove the object from the state and import it again",
                Self::VERSION
            ),
        )
        .into())
    }

    /// Converts an identity of an older version. What the current one doesn't have is dropped.
    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json> {
        let _ = identity;
        Err(Diagnostic::error(
            "",
            format!(
                "the identity is of version {version} and this release of the provider reads version {}: apply once with a \
                 release in between, or remove the object from the state and import it again",
                Self::IDENTITY_VERSION
            ),
        )
        .into())
    }

    /// Takes over the state of another resource type, for `moved` blocks; none when that type can't become this one.
    fn move_state(&self, from: &MoveSource) -> Result<Option<Self::Model>> {
        let _ = from;
        Ok(None)
    }

    /// This resource among those of other models.
    fn boxed(self) -> Box<dyn AnyResource<Self::Client>>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

/// A plan in the making.
#[derive(Clone, Debug)]
pub struct Change<M> {
    /// The configuration; none when the object is to be destroyed.
    pub config: Option<M>,
    /// The state before; none when the object is to be created.
    pub prior: Option<M>,
    /// The state after, as far as it is known; none when the object is to be destroyed.
    pub planned: Option<M>,
    /// Warnings, and errors that should not hide each other.
    pub diagnostics: Diagnostics,
    pub(crate) replace: Vec<AttributePath>,
}

impl<M> Change<M> {
    /// Asks for a new object because of this attribute.
    pub fn replace(&mut self, path: AttributePath) {
        self.replace.push(path);
    }

    /// Whether there is no object yet. The second half of a replacement is a create, too.
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// Whether the object goes away.
    pub fn is_destroy(&self) -> bool {
        self.planned.is_none()
    }

    /// Whether there is an object and will be one.
    pub fn is_update(&self) -> bool {
        self.prior.is_some() && self.planned.is_some()
    }
}

/// A change of an existing object.
#[derive(Clone, Debug)]
pub struct Update<M> {
    /// The state before.
    pub prior: M,
    /// The state as planned.
    pub plan: M,
}

/// The state of another resource type that a `moved` block points at.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// The provider it comes from, such as `registry.terraform.io/hashicorp/aws`.
    pub provider_address: String,
    /// The resource type it comes from.
    pub type_name: String,
    /// The version of its state.
    pub schema_version: i64,
    /// Its state, as that provider wrote it.
    pub state: Json,
}
