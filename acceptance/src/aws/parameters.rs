//! What a request says beside its operation, by name: some of it takes rights of its own.

use std::collections::BTreeSet;

use http::header;
use serde_json::{Map, Value};

use super::front::Asked;

/// Names of parameters of forms and JSON that are not empty, of elements of XML, and of `x-amz-` headers.
pub(super) fn of(asked: &Asked) -> BTreeSet<String> {
    let is_form = asked
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let headers = asked.headers.keys().map(|name| name.as_str().to_owned());
    let headers = headers.filter(|name| name.starts_with("x-amz-"));
    let text = String::from_utf8_lossy(&asked.body);
    let said: Vec<String> = if is_form {
        form(&asked.body)
    } else if let Ok(said) = serde_json::from_str::<Map<String, Value>>(&text) {
        let empty = [
            Value::Null,
            Value::Array(Vec::new()),
            Value::Object(Map::new()),
        ];
        let given = said.into_iter().filter(|(_, value)| !empty.contains(value));
        given.map(|(name, _)| name).collect()
    } else if text.starts_with('<') {
        elements(&text)
    } else {
        Vec::new()
    };
    headers.chain(said).collect()
}

/// Lists and structures are told by parts: `Tags.member.1.Key`.
fn form(body: &[u8]) -> Vec<String> {
    let names = url::form_urlencoded::parse(body).map(|(name, _)| name.into_owned());
    names
        .filter_map(|name| name.split('.').next().map(str::to_owned))
        .collect()
}

fn elements(text: &str) -> Vec<String> {
    let opened = text.split('<').skip(1);
    let names = opened.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
    names.flatten().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};
    use hyper::body::Bytes;

    use super::*;

    fn said(kind: &'static str, body: &'static str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert("x-amz-object-ownership", HeaderValue::from_static("x"));
        let asked = Asked {
            method: Method::POST,
            target: "/".to_owned(),
            headers,
            body: Bytes::from_static(body.as_bytes()),
        };
        let header = "x-amz-object-ownership";
        let all = of(&asked);
        assert!(all.contains(header), "{all:?}");
        all.into_iter().filter(|name| name != header).collect()
    }

    #[test]
    fn what_is_said_is_known_in_each_protocol() {
        let form = "Action=CreateRole&RoleName=a&Tags.member.1.Key=b";
        let form = said("application/x-www-form-urlencoded; charset=utf-8", form);
        assert_eq!(form, ["Action", "RoleName", "Tags"]);
        let json = said(
            "application/x-amz-json-1.1",
            r#"{"tags":[{"Key":"a"}],"kmsKey":null,"none":[]}"#,
        );
        assert_eq!(json, ["tags"]);
        let xml = said("application/xml", "<A xmlns=\"x\"><Tags><Tag/></Tags></A>");
        assert_eq!(xml, ["", "A", "Tag", "Tags"]);
        assert!(said("application/octet-stream", "").is_empty());
    }
}
