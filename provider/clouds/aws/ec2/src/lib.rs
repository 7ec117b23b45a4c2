//! Private connectivity on AWS, by the SDK of EC2: in a crate of its own, since that SDK takes longer to build than all others
//! together, and nothing else of `clouds-aws` or its tests needs it.
//!
//! EC2 gives ids and no names: what was made for a resource is found by the marks among its tags, and its name is the tag `Name`.

mod dns;
mod endpoint_settings;
mod endpoints;
mod limits;
mod marks;
mod offers;
mod principals;
mod services;
mod states;
mod subnets;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Builder;
use aws_sdk_ec2::operation::RequestId;
use aws_sdk_ec2::types::UnsuccessfulItem;
use clouds::{Call, ParseError, Result};
use clouds_aws::error::{Classify, from_code};
use clouds_aws::{Private, Service, Session};
use tokio::sync::OnceCell;

/// Private services and private endpoints of the account that a session leads to. Nothing is called before one of them is used.
pub fn connectivity(session: Arc<Session>) -> Private {
    let ec2 = Arc::new(Ec2 {
        session,
        client: OnceCell::new(),
    });
    (ec2.clone(), ec2)
}

/// Both capabilities, over one client.
struct Ec2 {
    session: Arc<Session>,
    client: OnceCell<Client>,
}

impl Ec2 {
    async fn client(&self) -> Result<&Client> {
        let sdk = self.session.guarded().await?;
        let client = async || {
            let mut config = Builder::from(sdk);
            if let Some(endpoint) = self.session.endpoint(Service::Ec2) {
                config.set_endpoint_url(Some(endpoint));
            }
            Client::from_conf(config.build())
        };
        Ok(self.client.get_or_init(client).await)
    }
}

/// What makes the repetitions of one creating call one creation, also where the answer was lost.
fn client_token() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// A text of an answer to this call, as what it should be.
fn parsed<T: FromStr<Err = ParseError>>(call: &str, object: &str, text: &str) -> Result<T> {
    text.parse::<T>().classify(call, object)
}

/// Calls on many objects answer which of them they failed for, as a success.
fn all_done(
    operation: &str,
    object: impl fmt::Display,
    answer: &impl RequestId,
    failed: &[UnsuccessfulItem],
) -> Result<()> {
    let Some(failed) = failed.first() else {
        return Ok(());
    };
    let error = failed.error();
    let code = error.and_then(|error| error.code()).unwrap_or_default();
    let message = error.and_then(|error| error.message()).unwrap_or_default();
    let call = Call {
        request_id: answer.request_id().map(str::to_owned),
        ..Call::new(operation, object)
    };
    Err(from_code(call, code, message))
}
