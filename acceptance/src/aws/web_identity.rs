//! `AssumeRoleWithWebIdentity` as AWS does it: the token's signature, expiry and issuer are verified against the issuer's
//! published keys. This front is ours; the trust policy is then evaluated by the emulator, which refuses the audience
//! array of Kubernetes and checks no signature, so it is given the same claims with a plain audience.

use anyhow::Result;
use http::{HeaderValue, Method, Response, header};
use http_body_util::Full;
use hyper::body::Bytes;
use jsonwebtoken::{EncodingKey, Header, encode};
use url::form_urlencoded;

use super::front::{Asked, State, refusal};
use crate::issuer::{Issuer, Rejection};

pub(super) async fn exchange(
    state: &State,
    issuers: &[Issuer],
    mut asked: Asked,
) -> Result<Response<Full<Bytes>>> {
    let token = asked.field("WebIdentityToken").unwrap_or_default();
    let mut rejection = Rejection::Issuer("no issuer".to_owned());
    for issuer in issuers {
        match issuer.verify(&token, None).await {
            Ok(claims) => {
                let claims = claims.with_plain_audience();
                let forwarded = encode(
                    &Header::default(),
                    &claims,
                    &EncodingKey::from_secret(b"the emulator checks no signature"),
                )?;
                asked.replace_field("WebIdentityToken", &forwarded);
                return state.send(&state.ministack, asked).await;
            }
            Err(Rejection::Issuer(name)) if issuers.len() > 1 => {
                rejection = Rejection::Issuer(name);
            }
            Err(other) => {
                rejection = other;
                break;
            }
        }
    }
    Ok(match rejection {
        Rejection::Expired => refusal("sts", 400, "ExpiredTokenException", "Token expired"),
        Rejection::Issuer(_) => refusal(
            "sts",
            400,
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for this issuer",
        ),
        Rejection::Audience => refusal(
            "sts",
            400,
            "InvalidIdentityToken",
            "Incorrect token audience",
        ),
        Rejection::Invalid(why) => refusal("sts", 400, "InvalidIdentityToken", &why),
    })
}

/// Some clients put the fields of an action into the URL, which STS takes as well: here they are always in the body.
pub(super) fn as_form(asked: &mut Asked) {
    let Some((path, query)) = asked.target.split_once('?') else {
        return;
    };
    let mut fields = form_urlencoded::parse(query.as_bytes());
    if asked.method != Method::POST
        || !asked.body.is_empty()
        || !fields.any(|(name, _)| name == "Action")
    {
        return;
    }
    let (path, query) = (path.to_owned(), query.to_owned());
    asked.target = path;
    asked.body = Bytes::from(query);
    asked.headers.remove(header::CONTENT_LENGTH);
    asked.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
}

impl Asked {
    fn replace_field(&mut self, name: &str, value: &str) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (key, old) in form_urlencoded::parse(&self.body) {
            let new = if key == name { value } else { &old };
            form.append_pair(&key, new);
        }
        self.body = Bytes::from(form.finish());
        self.headers.remove(header::CONTENT_LENGTH);
    }
}
