//! What others did to a service by hand is read, whatever it is, and taken away.

use super::*;

/// A service that publishes both load balancers, and lets somebody in whom a role's id names.
fn described(form: &Form) -> String {
    let second = format!("<item>{TWO}</item></networkLoadBalancerArnSet>");
    match form["Action"].as_str() {
        "DescribeVpcEndpointServiceConfigurations" => {
            SERVICE.replace("</networkLoadBalancerArnSet>", &second)
        }
        "DescribeVpcEndpointServicePermissions" => "<allowedPrincipals><item><principal>AROAEXAMPLE</principal></item><item><principal>arn:aws:iam::111122223333:root</principal></item></allowedPrincipals>".to_owned(),
        _ => "<return>true</return>".to_owned(),
    }
}

#[tokio::test]
async fn what_cannot_be_managed_is_shown_and_taken_away() {
    let server = Server::choosing(|form, _| Ok(described(form))).await;
    let services = server.clouds(1).private_services;
    let found = services.get(&service().id).await.unwrap();
    assert_eq!(found.settings, settings());
    assert_eq!(found.foreign_principals, ["AROAEXAMPLE".to_owned()].into());
    assert_eq!(found.foreign_load_balancers, [TWO.parse().unwrap()].into());

    let before = server.asked().len();
    services.configure(&found, &settings()).await.unwrap();
    assert_eq!(
        server.asked()[before..],
        [
            form(&[
                ("Action", "ModifyVpcEndpointServiceConfiguration"),
                ("ServiceId", "vpce-svc-0abc0001"),
                ("RemoveNetworkLoadBalancerArn.1", TWO),
            ]),
            form(&[
                ("Action", "ModifyVpcEndpointServicePermissions"),
                ("ServiceId", "vpce-svc-0abc0001"),
                ("RemoveAllowedPrincipals.1", "AROAEXAMPLE"),
            ]),
        ]
    );
    // One of those that are there is published by all that is taken away beside it.
    let other = ServiceSettings {
        load_balancer: TWO.parse().unwrap(),
        ..settings()
    };
    services.configure(&found, &other).await.unwrap();
    let asked = server.asked();
    let last = asked.iter().rev().nth(1).unwrap();
    assert_eq!(last["RemoveNetworkLoadBalancerArn.1"], ONE);
    assert!(!last.contains_key("AddNetworkLoadBalancerArn.1"));
}

/// What was made by something else is called by its id, or by its tag `Name`, until it is marked.
#[tokio::test]
async fn a_mark_gives_a_name() {
    let tag = |form: &Form, name: &str| {
        let of = |n: &u8| {
            form.get(&format!("Tag.{n}.Key"))
                .is_some_and(|key| key == name)
        };
        let at = (1..9).find(of)?;
        form.get(&format!("Tag.{at}.Value")).cloned()
    };
    for name in ["vpce-svc-0abc0001", "something"] {
        let server = Server::agreeing().await;
        let found = PrivateService {
            name: name.parse().unwrap(),
            tags: Tags::new(),
            ..service()
        };
        let services = server.clouds(1).private_services;
        services.set_tags(&found, &marks()).await.unwrap();
        assert_eq!(server.actions(), ["CreateTags"]);
        let sent = &server.asked()[0];
        assert_eq!(tag(sent, "Name").as_deref(), Some("acme"), "{sent:?}");
        assert_eq!(tag(sent, OWNER).as_deref(), Some("acme-prod"));
    }
}
