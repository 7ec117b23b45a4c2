//! What can go wrong, with the object, the call, the cloud's own code and what to do.

use std::{error::Error, fmt, sync::Arc};

use dataplane_api::{identity::Cloud, object_uri::ObjectUri};

use crate::{refusal::Refusal, transport::AskError};

/// Why a store cannot be opened: the configuration or the pod, never the network.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The pod has no identity of the cloud's.
    #[error(
        "the pod has no identity of {cloud}: its environment lacks {missing}; annotate its service account and start it anew"
    )]
    NoIdentity {
        /// Cloud of the buckets.
        cloud: Cloud,
        /// What was looked for.
        missing: &'static str,
    },
    /// The region is known from nowhere.
    #[error("storage.region is not set, and the environment has no AWS_REGION")]
    NoRegion,
    /// The agent that lends credentials is somewhere else than on the node.
    #[error(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is {uri}: without encryption only the agent on this node is asked"
    )]
    ForeignAgent {
        /// What the environment says.
        uri: String,
    },
    /// The certificates of the store's own authority.
    #[error("reading the certificates of AWS_CA_BUNDLE, {file}")]
    Certificates {
        /// What the environment says.
        file: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// How a token of the pod is exchanged for Google's.
    #[error(
        "reading how the pod's token is exchanged from GOOGLE_APPLICATION_CREDENTIALS, {file}: it has to be of the type external_account, \
         with the token in a file; no keys are taken"
    )]
    ExternalAccount {
        /// What the environment says.
        file: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No client could be made.
    #[error("making a client for the object store")]
    Client(#[source] reqwest::Error),
    /// The bucket is none that the library knows to reach.
    #[error("preparing access to {bucket}")]
    Bucket {
        /// Which.
        bucket: ObjectUri,
        /// Why.
        source: Box<object_store::Error>,
    },
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Reading an object.
    Read,
    /// Asking whether an object is there.
    Exists,
    /// Writing an object.
    Write,
    /// Signing a URL.
    Sign,
}

impl Call {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "reading",
            Self::Exists => "looking for",
            Self::Write => "writing",
            Self::Sign => "signing a URL of",
        }
    }

    /// What a role has to allow for it.
    fn permission(self, cloud: Cloud) -> &'static str {
        match (cloud, self) {
            (Cloud::Aws, Self::Read | Self::Exists) => "s3:GetObject and s3:ListBucket",
            (Cloud::Aws, Self::Write | Self::Sign) => "s3:PutObject",
            (Cloud::Gcp, Self::Read | Self::Exists) => {
                "storage.objects.get and storage.objects.list"
            }
            (Cloud::Gcp, Self::Write) => "storage.objects.create",
            (Cloud::Gcp, Self::Sign) => "iam.serviceAccounts.signBlob on itself",
            (Cloud::Azure, Self::Read | Self::Exists) => "Storage Blob Data Reader",
            (Cloud::Azure, Self::Write) => "Storage Blob Data Contributor",
            (Cloud::Azure, Self::Sign) => {
                "the action generateUserDelegationKey on the storage account"
            }
        }
    }
}

/// Why a call has no outcome. What is not there is no error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URI lies elsewhere: bad input.
    #[error(
        "{uri} is outside of this data plane's buckets, {} and {}: nothing else is read or written",
        buckets[0], buckets[1]
    )]
    Outside {
        /// What was asked for.
        uri: ObjectUri,
        /// Of inputs and outputs, and of code.
        buckets: Box<[ObjectUri; 2]>,
    },
    /// The URI names a bucket or a folder: bad input.
    #[error("{uri} names no object")]
    NoObject {
        /// What was asked for.
        uri: ObjectUri,
    },
    /// The object is larger than the caller wants to hold.
    #[error("{uri} has {size} bytes or more, and at most {limit} are read")]
    TooLarge {
        /// The object.
        uri: ObjectUri,
        /// What is known of its size.
        size: u64,
        /// What the caller said.
        limit: u64,
    },
    /// A call to the cloud failed.
    #[error(transparent)]
    Failed(Box<Failed>),
}

impl StoreError {
    /// Whoever asked has to ask for something else: trying again changes nothing, and no setting of the cloud does.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Outside { .. } | Self::NoObject { .. } | Self::TooLarge { .. } => true,
            Self::Failed(_) => false,
        }
    }

    /// The same call may succeed later without anybody's doing.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Failed(failed) if matches!(
            failed.why,
            Why::Busy | Why::Unreachable | Why::TimedOut | Why::Truncated
        ))
    }
}

/// What a failure of a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The cloud lends no credentials to this pod.
    NoCredentials,
    /// The cloud forbids it.
    Denied,
    /// The bucket is not there.
    NoBucket,
    /// The cloud is overloaded or ill.
    Busy,
    /// There was no answer.
    Unreachable,
    /// Time was up.
    TimedOut,
    /// The object ended before its end.
    Truncated,
    /// Anything else that the cloud or the library says.
    Refused,
}

/// A call to the cloud that failed.
#[derive(Debug)]
pub struct Failed {
    /// What was being done.
    pub call: Call,
    /// To what.
    pub uri: ObjectUri,
    /// What it means.
    pub why: Why,
    /// What the cloud said.
    pub refusal: Option<Refusal>,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call,
            uri,
            why,
            refusal,
            source: _,
        } = self;
        let cloud = uri.cloud();
        write!(f, "{} {uri}: ", call.as_str())?;
        match why {
            Why::NoCredentials => write!(f, "{cloud} lends this pod no credentials")?,
            Why::Denied => f.write_str("access denied")?,
            Why::NoBucket => f.write_str("the bucket does not exist")?,
            Why::Busy => write!(f, "{cloud} could not do it now")?,
            Why::Unreachable => f.write_str("there is no answer")?,
            Why::TimedOut => f.write_str("time is up")?,
            Why::Truncated => f.write_str("it ended before its end")?,
            Why::Refused => f.write_str("it failed")?,
        }
        if let Some(refusal) = refusal {
            write!(f, " ({refusal})")?;
        }
        match why {
            Why::NoCredentials => f.write_str(
                "; check the annotations of its service account and whom the role trusts",
            ),
            Why::Denied => {
                write!(f, "; grant its role {}", call.permission(cloud))
            }
            Why::NoBucket => f.write_str("; check `storage` in the configuration"),
            Why::Unreachable => {
                f.write_str("; check the network policies and the endpoint of the store")
            }
            Why::Busy | Why::TimedOut | Why::Truncated | Why::Refused => Ok(()),
        }
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        Self::Failed(Box::new(failed))
    }
}

/// An [`AskError`] on its way through `object_store`, which passes it on inside its own.
#[derive(Debug, thiserror::Error)]
#[error("no credentials")]
pub(crate) struct NoCredentials(#[source] pub(crate) Arc<AskError>);

impl From<NoCredentials> for object_store::Error {
    fn from(error: NoCredentials) -> Self {
        Self::Generic {
            store: "credentials",
            source: Box::new(error),
        }
    }
}

impl Failed {
    /// What `object_store` and the cloud's answer together mean.
    pub(crate) fn new(
        call: Call,
        uri: &ObjectUri,
        error: object_store::Error,
        refusal: Option<Refusal>,
    ) -> Self {
        if let Some(NoCredentials(error)) = find(&error) {
            return Self::asking(call, uri, Why::NoCredentials, error);
        }
        let why = match &refusal {
            None if find::<object_store::client::HttpError>(&error).is_some() => Why::Unreachable,
            Some(refusal) if refusal.is_missing_bucket() => Why::NoBucket,
            Some(refusal) if matches!(refusal.status, 401 | 403) => Why::Denied,
            Some(refusal) if refusal.is_passing() => Why::Busy,
            None | Some(_) => Why::Refused,
        };
        // The library's text repeats the answer, at length.
        let source = refusal.is_none().then(|| Box::from(error));
        Self {
            call,
            uri: uri.clone(),
            why,
            refusal,
            source,
        }
    }

    /// What a failure of a call of our own means, where it is not about an object itself.
    pub(crate) fn asking(call: Call, uri: &ObjectUri, why: Why, error: &Arc<AskError>) -> Self {
        let (why, refusal) = match error.as_ref() {
            AskError::Shared(error) => {
                return Self::asking(call, uri, Why::NoCredentials, error);
            }
            AskError::Refused { refusal, .. } if refusal.is_passing() => (Why::Busy, Some(refusal)),
            AskError::Refused { refusal, .. } => (why, Some(refusal)),
            AskError::Unreachable { .. } => (Why::Unreachable, None),
            AskError::TokenFile { .. } | AskError::Answer { .. } | AskError::Impossible(_) => {
                (why, None)
            }
        };
        let source = refusal.is_none().then(|| Box::from(Arc::clone(error)));
        Self {
            call,
            uri: uri.clone(),
            why,
            refusal: refusal.cloned(),
            source,
        }
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
