//! EC2's stand-in does what the other tests take for granted: it is right by boto3, fails whoever asks what EC2 does not know,
//! knows who calls, and its faults have EC2's form.

use std::{panic::AssertUnwindSafe, process::Command};

use acceptance::{
    aws::{Account, Answer, Emulators, Fault, Front, Refused},
    setup,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::Network;

#[test]
fn it_passes_its_own_tests() -> Result<()> {
    let output = Command::new(setup::python("python")?)
        .args(["-m", "unittest", "discover", "-t", ".", "-s", "tests"])
        .current_dir(setup::checkout().join("acceptance/ec2"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .context("starting its tests")?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{printed}");
    ensure!(!printed.contains("Ran 0 tests"), "{printed}");
    Ok(())
}

#[test]
fn a_violation_fails_the_test_that_made_it() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let account = Account::new(&front);
    let wrong =
        json!({ "VpcEndpointType": "Tunnels", "VpcId": "vpc-0abc0001", "ServiceName": "x" });
    assert_eq!(
        account.refused("ec2", "create_vpc_endpoint", &wrong)?,
        "UnknownParameter"
    );
    let dropped = std::panic::catch_unwind(AssertUnwindSafe(|| drop(front)));
    let why = dropped.expect_err("a violation");
    let why = why.downcast_ref::<String>().context("a text")?;
    ensure!(
        why.contains("VpcEndpointType is none of Interface"),
        "{why}"
    );
    assert_eq!(account.ec2().take_violations()?, [""; 0]);
    Ok(())
}

#[test]
fn faults_have_ec2s_form() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let account = Account::new(&front);
    for (answer, code) in [
        (Answer::Throttled, "RequestLimitExceeded"),
        (Answer::Unavailable, "ServiceUnavailable"),
    ] {
        front.clear_faults();
        front.fault(Fault {
            service: "ec2",
            operation: "DescribeVpcEndpoints",
            calls: 0..1,
            answer,
        });
        let refused = account.refused("ec2", "describe_vpc_endpoints", &json!({}))?;
        assert_eq!(refused, code);
        // A fault is for the operation of this name, not for all whose names begin so.
        account.call("ec2", "describe_vpc_endpoint_services", &json!({}))?;
        account.call("ec2", "describe_vpc_endpoints", &json!({}))?;
    }
    Ok(())
}

#[test]
fn who_calls_is_known_by_the_key() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let account = Account::new(&front);
    let network = Network::make(&account)?;
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ec2:DescribeVpcEndpoints", "Resource": "*" },
    ] });
    let runner = account.runner("looker", &document)?;
    runner.call("ec2", "describe_vpc_endpoints", &json!({}))?;
    let wanted = json!({
        "VpcId": network.vpc, "ServiceName": "com.amazonaws.eu-west-1.sts", "VpcEndpointType": "Interface",
    });
    let refused = runner
        .call("ec2", "create_vpc_endpoint", &wanted)
        .expect_err("not allowed");
    let refused = refused.downcast::<Refused>()?;
    assert_eq!(refused.code, "UnauthorizedOperation");
    let who = format!("arn:aws:sts::{}:assumed-role/looker/acceptance", account.id);
    ensure!(refused.message.contains(&who), "{}", refused.message);
    assert_eq!(
        account.ec2().authorized()?,
        ["ec2:DescribeVpcEndpoints".to_owned()].into()
    );

    // Another account sees nothing of it, and keys of users are known, too.
    let other = Account::new(&front);
    other.call("iam", "create_user", &json!({ "UserName": "ops" }))?;
    let key = other.call("iam", "create_access_key", &json!({ "UserName": "ops" }))?;
    let user = other.with(acceptance::aws::Credentials {
        access_key: super::text(&key["AccessKey"]["AccessKeyId"])?,
        secret_key: super::text(&key["AccessKey"]["SecretAccessKey"])?,
        session_token: None,
    });
    let refused = user
        .call("ec2", "describe_vpc_endpoints", &json!({}))
        .expect_err("no document");
    let who = format!("arn:aws:iam::{}:user/ops", other.id);
    ensure!(format!("{refused:#}").contains(&who), "{refused:#}");
    Ok(())
}
