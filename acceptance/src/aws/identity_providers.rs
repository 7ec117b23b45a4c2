//! IAM's OIDC providers: moto answers for them, since ministack keeps neither tags nor thumbprints; ministack gets each
//! of them too, since trust policies are evaluated there. moto lacks the calls that add and remove client ids.

use anyhow::Result;
use http::{HeaderValue, Response};
use http_body_util::Full;
use hyper::body::Bytes;

use super::{
    ec2,
    front::{Asked, Call, State},
};

pub(super) async fn answer(
    state: &State,
    call: &Call,
    asked: Asked,
) -> Result<Response<Full<Bytes>>> {
    let mut for_moto = asked.clone();
    let caller = ec2::caller(state, &asked)?;
    let account = HeaderValue::from_str(ec2::account_of(&caller))?;
    for_moto.headers.insert("x-moto-account-id", account);
    let answer = state.send(&state.moto, for_moto).await?;
    let both = matches!(
        call.operation.as_str(),
        "CreateOpenIDConnectProvider" | "DeleteOpenIDConnectProvider"
    );
    if both && answer.status().is_success() {
        state.send(&state.ministack, asked).await?;
    }
    Ok(answer)
}
