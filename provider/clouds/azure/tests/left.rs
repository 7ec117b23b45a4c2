//! What a role had when somebody else deleted its identity, which Azure keeps; and on vaults that nobody sees any more.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use clouds::roles::{Capability, RoleSpec, Trust};
use clouds::{Error, Tags};
use serde_json::{Value, json};
use server::{Answer, Scripted, Server, error, not_found, ok};

const PRINCIPAL: &str = "11111111-1111-4111-8111-111111111111";
const ANOTHER: &str = "22222222-2222-4222-8222-222222222222";
const VAULT: &str = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/acme-keys";

fn spec(name: &str) -> RoleSpec {
    let bucket = || "acmeprod/data".parse().unwrap();
    RoleSpec {
        name: name.parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Azure {
            issuer: "https://issuer.example.com/1".parse().unwrap(),
        },
        subjects: BTreeSet::new(),
        capabilities: [
            Capability::WriteObjects {
                bucket: bucket(),
                prefixes: BTreeSet::new(),
            },
            Capability::SignUrls,
            Capability::ReadLogs {
                group: "acme-prod".parse().unwrap(),
            },
            Capability::ReadSecrets {
                prefix: "acme-keys/".parse().unwrap(),
            },
        ]
        .into(),
    }
}

/// What Azure has of a role, and of the vault outside of our group.
struct Cloud {
    /// The identity's principal; none where somebody deleted it.
    principal: Option<&'static str>,
    assignments: Vec<Value>,
    vaults: Value,
    /// Whether the assignments of the whole subscription may be listed.
    subscription: bool,
}

impl Cloud {
    fn new(principal: Option<&'static str>, assignments: Vec<Value>) -> Self {
        let properties =
            json!({ "vaultUri": "https://x.invalid/", "enableRbacAuthorization": true });
        Self {
            principal,
            assignments,
            vaults: json!([{ "id": VAULT, "name": "acme-keys", "properties": properties }]),
            subscription: false,
        }
    }

    fn answer(&self, request: &str) -> Answer {
        let list = |value: &Value| ok(&json!({ "value": value }).to_string());
        let line = request.lines().next().unwrap_or_default();
        let path = line.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
        if !line.starts_with("GET") {
            return ok("{}");
        }
        if path.ends_with("/federatedIdentityCredentials") {
            return list(&json!([]));
        }
        if path.contains("/userAssignedIdentities/") {
            let made = |principal| {
                let ids = json!({ "principalId": principal, "clientId": "c", "tenantId": "t" });
                ok(&json!({ "id": "/x", "properties": ids }).to_string())
            };
            return self.principal.map_or_else(not_found, made);
        }
        if let Some((scope, _)) =
            path.split_once("/providers/Microsoft.Authorization/roleAssignments")
        {
            if !scope.contains("/resourceGroups/") && !self.subscription {
                return error("403 Forbidden", "AuthorizationFailed", "not allowed");
            }
            let inside = self.assignments.iter().filter(|one| {
                one["properties"]["scope"]
                    .as_str()
                    .unwrap()
                    .starts_with(scope)
            });
            return list(&inside.cloned().collect());
        }
        if path.ends_with("/providers/Microsoft.KeyVault/vaults") {
            return list(&self.vaults);
        }
        not_found()
    }

    async fn serve(self) -> Server {
        Server::choosing(move |request| self.answer(request)).await
    }
}

/// What a role is given by its first apply, as Azure lists it from then on.
async fn given(spec: &RoleSpec, principal: &'static str) -> Vec<Value> {
    let server = Cloud::new(Some(principal), Vec::new()).serve().await;
    let roles = server.clouds(1).roles;
    let found = roles.get(&spec.name, Some(spec)).await.unwrap();
    roles.update(&found, spec).await.unwrap();
    let requests = server.requests();
    let puts = requests
        .iter()
        .filter(|request| request.starts_with("PUT") && request.contains("/roleAssignments/"));
    puts.map(|put| {
        let path = put.split([' ', '?']).nth(1).unwrap();
        let mut body: Value = serde_json::from_str(put.split_once("\r\n\r\n").unwrap().1).unwrap();
        let scope = path.split("/providers/Microsoft.Authorization").next();
        body["id"] = json!(path);
        body["properties"]["scope"] = json!(scope);
        body
    })
    .collect()
}

fn ids(assignments: &[Value]) -> BTreeSet<&str> {
    let ids = assignments.iter().map(|one| one["id"].as_str().unwrap());
    ids.collect()
}

/// The paths of what a server was told to delete.
fn deleted(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let lines = requests.iter().filter_map(|request| {
        let path = request.strip_prefix("DELETE ")?;
        path.split(['?', ' ']).next().map(str::to_owned)
    });
    lines.collect()
}

fn by_hand() -> Value {
    let id = format!("{VAULT}/providers/Microsoft.Authorization/roleAssignments/by-hand");
    let role =
        "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6";
    json!({ "id": id, "properties": { "scope": VAULT, "principalId": ANOTHER, "roleDefinitionId": role } })
}

#[tokio::test]
async fn what_an_identity_had_goes_although_it_is_gone_and_others_keep_theirs() {
    let (admin, user) = (spec("adminflyterole"), spec("userflyterole"));
    let left = given(&admin, PRINCIPAL).await;
    assert_eq!(left.len(), 4, "{left:#?}");
    let others = given(&user, ANOTHER).await;
    let all = [left.clone(), others, vec![by_hand()]].concat();
    let server = Cloud::new(None, all).serve().await;
    server.clouds(1).roles.forget(&admin).await.unwrap();
    let deleted = deleted(&server);
    let (definition, assignments) = deleted.split_last().unwrap();
    assert!(definition.contains("/roleDefinitions/"), "{deleted:?}");
    let assignments: BTreeSet<_> = assignments.iter().map(String::as_str).collect();
    assert_eq!(assignments, ids(&left));
    assert!(assignments.iter().any(|id| id.starts_with(VAULT)));
}

#[tokio::test]
async fn a_role_is_made_again_once_what_it_had_is_gone() {
    let (admin, user) = (spec("adminflyterole"), spec("userflyterole"));
    let left = given(&admin, PRINCIPAL).await;
    let others = given(&user, ANOTHER).await;
    let all = [left.clone(), others, vec![by_hand()]].concat();
    let server = Cloud::new(None, all).serve().await;
    let roles = server.clouds(1).roles;
    // The answer of this server to the identity's PUT has no principal.
    roles.create(&admin, &Tags::new()).await.unwrap_err();
    let deleted = deleted(&server);
    let deleted: BTreeSet<_> = deleted.iter().map(String::as_str).collect();
    assert_eq!(deleted, ids(&left));
    let writes = server.writes();
    let last = writes.last().unwrap();
    assert!(
        last.starts_with("PUT") && last.ends_with("userAssignedIdentities/adminflyterole"),
        "{writes:#?}"
    );
}

fn unseen(principal: Option<&'static str>, assignments: Vec<Value>) -> Cloud {
    Cloud {
        vaults: json!([]),
        ..Cloud::new(principal, assignments)
    }
}

#[tokio::test]
async fn a_vault_that_is_not_seen_is_not_taken_for_gone() {
    let spec = spec("adminflyterole");
    let left = given(&spec, PRINCIPAL).await;
    let narrower = RoleSpec {
        capabilities: [Capability::ReadLogs {
            group: "acme-prod".parse().unwrap(),
        }]
        .into(),
        ..spec.clone()
    };
    let server = unseen(Some(PRINCIPAL), left.clone()).serve().await;
    let roles = server.clouds(1).roles;
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    let policy = found.policy.as_ref().unwrap().to_string();
    assert!(policy.contains(r#""unseenVaults""#), "{policy}");
    let gone = unseen(None, left).serve().await;
    for refused in [
        roles.delete(&found).await.unwrap_err(),
        roles.update(&found, &narrower).await.unwrap_err(),
        gone.clouds(1).roles.forget(&spec).await.unwrap_err(),
    ] {
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        let said = refused.to_string();
        for part in [
            "acme-keys",
            "not taken for gone",
            "grant Microsoft.KeyVault/vaults/read",
            "Microsoft.Authorization/roleAssignments/read on the subscription",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
    assert_eq!(server.writes(), [""; 0]);
    assert_eq!(gone.writes(), [""; 0]);
}

#[tokio::test]
async fn the_assignments_of_the_subscription_say_what_is_on_a_vault_that_is_not_seen() {
    let spec = spec("adminflyterole");
    let left = given(&spec, PRINCIPAL).await;
    let (on_vault, rest): (Vec<_>, Vec<_>) = left.iter().cloned().partition(|one| {
        let scope = one["properties"]["scope"].as_str();
        scope == Some(VAULT)
    });
    assert_eq!(on_vault.len(), 1);
    for (there, count) in [(left, 4), (rest, 3)] {
        let server = Cloud {
            subscription: true,
            ..unseen(Some(PRINCIPAL), there)
        }
        .serve()
        .await;
        let roles = server.clouds(1).roles;
        let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
        let entries = found.policy.as_ref().unwrap().value()["roleAssignments"].clone();
        assert_eq!(entries.as_array().unwrap().len(), count, "{entries:#}");
        roles.delete(&found).await.unwrap();
        let deleted = deleted(&server);
        let on_vault = deleted.iter().filter(|path| path.starts_with(VAULT));
        assert_eq!(on_vault.count(), count - 3, "{deleted:#?}");
        assert!(deleted.last().unwrap().contains("/userAssignedIdentities/"));
    }
}

/// What was made and cannot be given its rights would only be in the way.
#[tokio::test]
async fn a_role_is_not_made_before_its_vault_is_there() {
    let none = ok(r#"{"value":[]}"#);
    let server = Server::scripted(vec![Scripted("GET", "/vaults?", none)]).await;
    let spec = spec("adminflyterole");
    let roles = server.clouds(1).roles;
    let refused = roles.create(&spec, &Tags::new()).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
    assert_eq!(server.writes(), [""; 0]);
}
