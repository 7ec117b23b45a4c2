//! What ends the vendor's access, and what brings it back: another pipeline is named, an account is made anew.

use anyhow::{Result, ensure};
use serde_json::json;

use super::Both;
use crate::google::private;

/// The vendor is told which right it lacks, on whom.
fn assert_refused(both: &Both, vendor: &acceptance::terraform::Terraform) -> Result<()> {
    let email = both.grants().email("provision");
    let said = vendor.diagnostics("plan")?;
    let mut texts = said
        .iter()
        .map(|each| json!([each.summary, each.detail]).to_string());
    ensure!(
        texts.any(
            |text| text.contains("iam.serviceAccounts.getAccessToken") && text.contains(&email)
        ),
        "{said:?}"
    );
    Ok(())
}

/// Without the customer's word nothing goes on, and nothing is lost by it.
#[test]
fn a_vendor_that_is_cut_off_is_refused_and_comes_back() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    vendor.apply()?;
    let made = both.made()?;

    both.let_in("another")?;
    assert_refused(&both, &vendor)?;

    both.let_in("pipeline")?;
    vendor
        .plan()?
        .assert_empty("the plan of who is let in again")?;
    assert_eq!(both.made()?, made);
    Ok(())
}

/// An account that is made anew under its address has nothing of the old one's: the same apply grants it everything, and the vendor
/// goes on with what it made.
#[test]
fn an_account_that_is_made_anew_is_granted_and_become_anew() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    vendor.apply()?;
    let (made, endpoints) = (both.made()?, private::inventory(&both.vendor)?);

    let account = "module.vendor_access.google_service_account.this[\"provision\"]";
    let saved = ["plan", "-input=false", "-out=anew.tfplan"];
    let replaced = format!("-replace={account}");
    both.customer
        .succeed(&[&saved[..], &[replaced.as_str()]].concat())?;
    let shown = both.customer.succeed(&["show", "-json", "anew.tfplan"])?;
    let shown: serde_json::Value = serde_json::from_str(&shown)?;
    let changes = shown["resource_changes"].as_array().into_iter().flatten();
    let touched: Vec<&str> = changes
        .filter(|one| one["change"]["actions"] != json!(["no-op"]))
        .filter_map(|one| one["address"].as_str())
        .collect();
    for grant in ["provision", "provision_creations", "provision_bindings"] {
        let address = format!("module.vendor_access.google_project_iam_member.this[\"{grant}\"]");
        ensure!(touched.contains(&address.as_str()), "{touched:#?}");
    }
    let becomes = |address: &&str| {
        address.contains("google_service_account_iam_member.impersonated[\"provision/")
    };
    ensure!(touched.iter().any(becomes), "{touched:#?}");

    both.grants().delete_account("provision")?;
    assert_refused(&both, &vendor)?;
    both.customer
        .succeed(&["apply", "-input=false", "anew.tfplan"])?;
    both.grants().make()?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(both.made()?, made);
    assert_eq!(private::inventory(&both.vendor)?, endpoints);
    Ok(())
}
