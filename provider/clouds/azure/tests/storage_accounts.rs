//! What happens to a storage account that is more than a container: other services in it, a key, identities and networks of others.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use clouds::Error;
use clouds::buckets::{AllowedNetworks, Bucket, BucketId, BucketSettings, Encryption};
use serde_json::{Value, json};
use server::{Answer, GROUP, Scripted, Server, error, not_found, ok};

const KEY: &str = "https://acmekeys.vault.azure.net/keys/data";
const PRINCIPAL: &str = "11111111-1111-4111-8111-111111111111";
const EMPTY: &str = "<?xml version=\"1.0\"?><EnumerationResults ContainerName=\"data\"><Blobs /><NextMarker /></EnumerationResults>";

fn id() -> BucketId {
    "acmeprod/data".parse().unwrap()
}

fn account(properties: &Value, identity: &Value) -> Answer {
    ok(&json!({ "id": "/x", "location": "westeurope", "properties": properties, "identity": identity }).to_string())
}

fn vault() -> Answer {
    let id = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/acmekeys");
    ok(
        &json!({ "id": id, "name": "acmekeys", "properties": { "enableRbacAuthorization": true } })
            .to_string(),
    )
}

/// An account with a key and nothing in it.
fn with_key(more: Vec<Scripted>) -> Vec<Scripted> {
    let key = json!({ "encryption": { "keySource": "Microsoft.Keyvault", "keyvaultproperties": {
        "keyname": "data", "keyvaulturi": "https://acmekeys.vault.azure.net" } } });
    let identity = json!({ "type": "SystemAssigned", "principalId": PRINCIPAL });
    let mut script = more;
    script.extend([
        Scripted("GET", "storageAccounts/acmeprod?", account(&key, &identity)),
        Scripted("GET", "comp=list", ok(EMPTY)),
        Scripted("GET", "vaults/acmekeys", vault()),
        Scripted("GET", "", ok(r#"{"value":[]}"#)),
        Scripted("PUT", "", ok("{}")),
        Scripted("DELETE", "", ok("")),
    ]);
    script
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn other_services_keep_an_account_until_they_are_emptied() {
    let script = || {
        let named = |name: &str| ok(&json!({ "value": [{ "name": name }] }).to_string());
        with_key(vec![
            Scripted("GET", "fileServices/default/shares", named("home")),
            Scripted("GET", "tableServices/default/tables", named("jobs")),
        ])
    };
    let server = Server::scripted(script()).await;
    let refused = server.clouds(1).buckets.delete(&id()).await.unwrap_err();
    assert!(matches!(refused, Error::NotEmpty(_)), "{refused:?}");
    let said = refused.to_string();
    assert!(
        said.contains("1 file share (home) and 1 table (jobs)"),
        "{said}"
    );
    assert_eq!(server.writes(), [""; 0]);

    let server = Server::scripted(script()).await;
    assert_eq!(server.clouds(1).buckets.empty(&id()).await.unwrap(), 2);
    let of = "DELETE /Storage/storageAccounts/acmeprod";
    let lines: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.starts_with("DELETE"))
        .collect();
    assert!(lines[0].contains("%24include=snapshots"), "{}", lines[0]);
    assert_eq!(
        server.writes(),
        [
            format!("{of}/fileServices/default/shares/home"),
            format!("{of}/tableServices/default/tables/jobs"),
        ]
    );
}

#[tokio::test]
async fn a_service_that_an_account_has_not_holds_nothing() {
    let unsupported = error(
        "409 Conflict",
        "FeatureNotSupportedForAccount",
        "File is not supported for the account.",
    );
    let script = with_key(vec![Scripted("GET", "fileServices", unsupported)]);
    let server = Server::scripted(script).await;
    server.clouds(1).buckets.delete(&id()).await.unwrap();
}

/// After the account, nobody would find it again.
#[tokio::test]
async fn the_right_on_a_key_goes_before_the_account_and_comes_back_where_that_stays() {
    let right = "/KeyVault/vaults/acmekeys/keys/data/Authorization/roleAssignments/";
    let server = Server::scripted(with_key(Vec::new())).await;
    server.clouds(1).buckets.delete(&id()).await.unwrap();
    let writes = server.writes();
    let [container, taken, account] = &writes[..] else {
        panic!("{writes:?}")
    };
    assert!(container.ends_with("/containers/data"), "{writes:?}");
    assert!(taken.starts_with(&format!("DELETE {right}")), "{writes:?}");
    assert!(account.ends_with("storageAccounts/acmeprod"), "{writes:?}");

    let locked = error("409 Conflict", "ScopeLocked", "The scope is locked.");
    let kept = Scripted("DELETE", "storageAccounts/acmeprod?", locked);
    let server = Server::scripted(with_key(vec![kept])).await;
    server.clouds(1).buckets.delete(&id()).await.unwrap_err();
    let writes = server.writes();
    let given = taken.replace("DELETE", "PUT");
    assert_eq!(writes[1..], [taken.clone(), account.clone(), given]);

    let denied = error(
        "403 Forbidden",
        "AuthorizationFailed",
        "The client does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/delete' over scope '/x'.",
    );
    let denied = Scripted("DELETE", "roleAssignments", denied);
    let server = Server::scripted(with_key(vec![denied])).await;
    server.clouds(1).buckets.delete(&id()).await.unwrap_err();
    assert!(!server.writes().contains(account), "{:?}", server.writes());
}

fn bucket(allowed: Option<AllowedNetworks>) -> Bucket {
    Bucket {
        id: id(),
        uri: String::new(),
        region: "westeurope".parse().unwrap(),
        endpoint: String::new(),
        hierarchical: false,
        settings: BucketSettings {
            allowed_networks: allowed,
            ..BucketSettings::plain()
        },
        protections: clouds::buckets::Protection::ALL.into(),
        foreign_rules: std::collections::BTreeSet::new(),
        tags: clouds::Tags::new(),
    }
}

#[tokio::test]
async fn identities_that_others_gave_an_account_stay() {
    let theirs = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs";
    let identity = json!({ "type": "UserAssigned", "userAssignedIdentities": { theirs: { "principalId": "2" } } });
    let made = json!({ "type": "SystemAssigned,UserAssigned", "principalId": PRINCIPAL });
    let script = vec![
        Scripted(
            "GET",
            "storageAccounts/acmeprod?",
            account(&json!({}), &identity),
        ),
        Scripted("GET", "vaults/acmekeys", vault()),
        Scripted("PATCH", "", account(&json!({}), &made)),
        Scripted("PUT", "", ok("{}")),
    ];
    let server = Server::scripted(script).await;
    let wanted = BucketSettings {
        encryption: Encryption::Key(KEY.parse().unwrap()),
        ..BucketSettings::plain()
    };
    let buckets = server.clouds(1).buckets;
    buckets.configure(&bucket(None), &wanted).await.unwrap();
    let sent = server.requests();
    let first = sent
        .iter()
        .find(|request| request.starts_with("PATCH"))
        .unwrap();
    assert_eq!(
        body(first)["identity"],
        json!({ "type": "SystemAssigned,UserAssigned", "userAssignedIdentities": { theirs: {} } })
    );
}

#[tokio::test]
async fn whom_somebody_let_in_is_shown_and_kept_out_again() {
    let subnet =
        "/subscriptions/s/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
    let allowed = AllowedNetworks {
        ip_ranges: ["203.0.113.7".to_owned()].into(),
        subnets: [subnet.parse().unwrap()].into(),
    };
    let properties = json!({ "publicNetworkAccess": "Disabled", "networkAcls": {
        "defaultAction": "Deny", "bypass": "Logging, AzureServices", "ipRules": [{ "value": "203.0.113.7", "action": "Allow" }],
        "virtualNetworkRules": [{ "id": subnet.to_lowercase(), "action": "Allow" }],
        "resourceAccessRules": [{ "tenantId": "t", "resourceId": "/subscriptions/s/theirs" }] } });
    let server = Server::scripted(vec![
        Scripted(
            "GET",
            "storageAccounts/acmeprod?",
            account(&properties, &Value::Null),
        ),
        Scripted("GET", "containers/data", ok(r#"{"name":"data"}"#)),
        Scripted("PATCH", "", ok("{}")),
    ])
    .await;
    let buckets = server.clouds(1).buckets;
    let found = buckets.get(&id()).await.unwrap();
    assert_eq!(found.settings.allowed_networks, Some(allowed.clone()));
    let foreign: Vec<_> = found.foreign_rules.iter().map(String::as_str).collect();
    assert_eq!(
        foreign,
        [
            "network access Disabled instead of Enabled",
            "network bypass for Logging, AzureServices instead of AzureServices",
            "network rule for /subscriptions/s/theirs of tenant t",
        ]
    );
    let as_it_should_be = Bucket {
        foreign_rules: found.foreign_rules,
        ..bucket(Some(allowed.clone()))
    };
    let wanted = bucket(Some(allowed)).settings;
    buckets.configure(&as_it_should_be, &wanted).await.unwrap();
    let sent = server.requests();
    let properties = &body(sent.last().unwrap())["properties"];
    assert_eq!(properties["publicNetworkAccess"], "Enabled");
    let rules = &properties["networkAcls"];
    assert_eq!(
        (&rules["bypass"], &rules["resourceAccessRules"]),
        (&json!("AzureServices"), &json!([]))
    );
    assert_eq!(server.writes().len(), 1, "{:?}", server.writes());
}

#[tokio::test]
async fn to_know_that_something_is_there_two_blobs_are_asked_for() {
    let another_listing = Scripted("GET", "comp=list", ok(EMPTY));
    let server = Server::scripted(with_key(vec![another_listing])).await;
    let buckets = server.clouds(1).buckets;
    buckets.contents(&id(), 1).await.unwrap();
    let listings = || -> Vec<String> {
        let all = server.requests().into_iter();
        all.filter(|request| request.contains("comp=list"))
            .collect()
    };
    assert!(listings()[0].contains("maxresults=2"), "{}", listings()[0]);
    buckets.empty(&id()).await.unwrap();
    assert!(!listings()[1].contains("maxresults"), "{}", listings()[1]);
}

#[tokio::test]
async fn an_account_that_is_gone_is_no_error_of_its_own() {
    let server = Server::choosing(|_| not_found()).await;
    let gone = server.clouds(1).buckets.delete(&id()).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone:?}");
}
