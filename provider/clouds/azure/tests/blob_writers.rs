//! Who writes blobs has a role of their own for it, which has no say over the container: how it is made, mended and taken away.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use clouds::Error;
use clouds::roles::{Capability, RoleSpec, Trust};
use serde_json::{Value, json};
use server::{Answer, GROUP, Scripted, Server, error, not_found, ok};

const PRINCIPAL: &str = "11111111-1111-4111-8111-111111111111";
const CONTAINER: &str = "/Storage/storageAccounts/acmeprod/blobServices/default/containers/data";

fn spec(writes: bool) -> RoleSpec {
    let bucket = "acmeprod/data".parse().unwrap();
    let prefixes = ["org/".parse().unwrap()].into();
    let capability = if writes {
        Capability::WriteObjects { bucket, prefixes }
    } else {
        Capability::ReadObjects { bucket, prefixes }
    };
    RoleSpec {
        name: "userflyterole".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Azure {
            issuer: "https://issuer.example.com/1".parse().unwrap(),
        },
        subjects: BTreeSet::new(),
        capabilities: [capability].into(),
    }
}

fn identity() -> Answer {
    ok(&format!(
        r#"{{"id":"/x","tags":{{}},"properties":{{"principalId":"{PRINCIPAL}","clientId":"c","tenantId":"t"}}}}"#
    ))
}

/// A role without assignments, whose definition is answered so.
fn server_with(definition: Answer) -> Vec<Scripted> {
    vec![
        Scripted("GET", "federatedIdentityCredentials", ok(r#"{"value":[]}"#)),
        Scripted("GET", "roleAssignments", ok(r#"{"value":[]}"#)),
        Scripted("GET", "roleDefinitions", definition),
        Scripted("GET", "userAssignedIdentities", identity()),
        Scripted("PUT", "", ok("{}")),
        Scripted("DELETE", "", ok("")),
    ]
}

/// The definition that a role needs, as it is in the document for review.
async fn wanted(spec: &RoleSpec) -> Value {
    let server = Server::scripted(Vec::new()).await;
    let documents = server.clouds(1).roles.documents(spec).await.unwrap();
    documents.policy.value()["roleDefinitions"][0].clone()
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn the_role_is_defined_before_it_is_given_and_lets_do_nothing_with_the_container() {
    let server = Server::scripted(server_with(not_found())).await;
    let (clouds, spec) = (server.clouds(1), spec(true));
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    clouds.roles.update(&found, &spec).await.unwrap();
    let writes = server.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(
        writes[0].starts_with("PUT /Authorization/roleDefinitions/")
            && writes[1].starts_with(&format!("PUT {CONTAINER}/Authorization/roleAssignments/")),
        "{writes:?}"
    );
    let sent: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.starts_with("PUT"))
        .collect();
    let (definition, assignment) = (body(&sent[0]), body(&sent[1]));
    let properties = &definition["properties"];
    assert_eq!(properties["assignableScopes"], json!([GROUP]));
    let actions = properties["permissions"][0]["actions"].as_array().unwrap();
    assert!(
        actions
            .iter()
            .all(|action| action.as_str().unwrap().ends_with("/containers/read")),
        "{definition}"
    );
    let guid = writes[0].rsplit('/').next().unwrap();
    let given = &assignment["properties"];
    assert!(
        given["roleDefinitionId"].as_str().unwrap().ends_with(guid),
        "{given}"
    );
    assert!(given["condition"].as_str().unwrap().contains("'org/'"));
}

#[tokio::test]
async fn a_role_that_somebody_widened_is_seen_and_mended() {
    let spec = spec(true);
    let mut properties = wanted(&spec).await;
    let answer = |properties: &Value| ok(&json!({ "properties": properties }).to_string());
    let server = Server::scripted(server_with(answer(&properties))).await;
    let clouds = server.clouds(1);
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    let policy = found.policy.unwrap();
    assert_eq!(policy.value()["roleDefinitions"][0], properties);

    let delete = "Microsoft.Storage/storageAccounts/blobServices/containers/delete";
    properties["permissions"][0]["actions"] = json!([delete]);
    let server = Server::scripted(server_with(answer(&properties))).await;
    let clouds = server.clouds(1);
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert!(found.policy.as_ref().unwrap().to_string().contains(delete));
    clouds.roles.update(&found, &spec).await.unwrap();
    let defined = |line: &&String| line.starts_with("PUT /Authorization/roleDefinitions/");
    assert_eq!(server.writes().iter().filter(defined).count(), 1);
}

#[tokio::test]
async fn a_role_that_is_not_known_everywhere_yet_is_no_missing_one() {
    let mut script = server_with(not_found());
    let missing = error(
        "404 Not Found",
        "RoleDefinitionDoesNotExist",
        "The specified role definition does not exist.",
    );
    script.insert(0, Scripted("PUT", "roleAssignments", missing));
    let server = Server::scripted(script).await;
    let (clouds, spec) = (server.clouds(1), spec(true));
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    let refused = clouds.roles.update(&found, &spec).await.unwrap_err();
    assert!(matches!(refused, Error::NotReady(_)), "{refused:?}");
}

#[tokio::test]
async fn it_goes_with_the_last_right_to_write() {
    let definition = json!({ "properties": wanted(&spec(true)).await });
    let server = Server::scripted(server_with(ok(&definition.to_string()))).await;
    let clouds = server.clouds(1);
    let written = spec(true);
    let found = clouds
        .roles
        .get(&written.name, Some(&written))
        .await
        .unwrap();
    clouds.roles.update(&found, &spec(false)).await.unwrap();
    let writes = server.writes();
    let last = writes.last().unwrap();
    assert!(
        last.starts_with("DELETE /Authorization/roleDefinitions/"),
        "{writes:?}"
    );
    clouds.roles.delete(&found).await.unwrap();
    let writes = server.writes();
    let [.., definition, identity] = &writes[..] else {
        panic!("{writes:?}")
    };
    assert_eq!(definition, last);
    assert!(
        identity.ends_with("userAssignedIdentities/userflyterole"),
        "{writes:?}"
    );
}

#[tokio::test]
async fn one_that_others_were_given_stays_and_so_does_the_identity() {
    let definition = json!({ "properties": wanted(&spec(true)).await });
    let id = {
        let server = Server::scripted(server_with(ok(&definition.to_string()))).await;
        let clouds = server.clouds(1);
        let spec = spec(true);
        let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
        clouds.roles.update(&found, &spec).await.unwrap();
        let sent = server.requests();
        let assigned = sent
            .iter()
            .find(|request| request.starts_with("PUT") && request.contains("roleAssignments/"))
            .unwrap();
        body(assigned)["properties"]["roleDefinitionId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let scope = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/acmeprod");
    let theirs = json!({ "value": [{
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/theirs"),
        "properties": { "scope": scope, "principalId": "2", "roleDefinitionId": id },
    }] });
    let mut script = server_with(ok(&definition.to_string()));
    let used = error(
        "400 Bad Request",
        "RoleDefinitionHasAssignments",
        "There are existing role assignments referencing role.",
    );
    script.insert(0, Scripted("DELETE", "roleDefinitions", used));
    script.retain(|Scripted(_, text, _)| *text != "roleAssignments");
    script.push(Scripted("GET", "roleAssignments", ok(&theirs.to_string())));
    let server = Server::scripted(script).await;
    let (clouds, spec) = (server.clouds(1), spec(true));
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    let refused = clouds.roles.delete(&found).await.unwrap_err();
    assert!(
        matches!(refused, Error::NotEmpty(_)) && refused.to_string().contains("theirs"),
        "{refused}"
    );
    let writes = server.writes();
    assert!(
        writes
            .iter()
            .all(|line| line.starts_with("DELETE /Authorization/roleDefinitions/")),
        "{writes:?}"
    );
}
