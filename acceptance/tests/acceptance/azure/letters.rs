//! Names in other letters: to Azure they name the same object, so that nothing is replaced and nothing differs for ever.

use anyhow::{Context as _, Result, ensure};

use super::bench::Bench;

/// A log group, an identity and a secret by the names of this function's letters.
fn configuration(spelled: fn(&str) -> String, team: &str) -> String {
    let [group, role, vault, secret] =
        ["Letters-Logs", "LettersRole", "Letters-Vault", "Api-Token"].map(spelled);
    format!(
        "resource \"dataplane_log_group\" \"this\" {{
  name = \"{group}\"
  tags = {{ team = \"{team}\" }}
}}

resource \"dataplane_role\" \"this\" {{
  name     = \"{role}\"
  profile  = \"admin\"
  logs     = [dataplane_log_group.this.name]
  trust    = {{ azure = {{ issuer = \"https://oidc.example.test/letters\" }} }}
  subjects = [{{ namespace = \"a\", service_account = \"default\" }}]
}}

resource \"dataplane_secret\" \"this\" {{
  name             = \"{vault}/{secret}\"
  value_wo         = \"hunter2\"
  value_wo_version = 1
}}
"
    )
}

#[test]
fn a_name_in_other_letters_replaces_nothing() -> Result<()> {
    let bench = Bench::azure()?;
    bench.make_vault("letters-vault")?;
    let terraform = bench.configuration(&configuration(str::to_owned, "a"))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;

    terraform.write("main.tf", &configuration(str::to_lowercase, "a"))?;
    terraform
        .plan()?
        .assert_empty("the plan of the same names in other letters")?;
    terraform.write("main.tf", &configuration(str::to_uppercase, "b"))?;
    let planned = terraform.plan()?.changes();
    ensure!(
        planned
            == [(
                "dataplane_log_group.this".to_owned(),
                vec!["update".to_owned()]
            )],
        "{planned:?}"
    );
    terraform.apply_then_empty_plan()?;
    let kept = terraform.attributes("dataplane_log_group.this")?;
    ensure!(kept["name"] == "Letters-Logs", "{kept}");

    terraform.write("main.tf", &configuration(|name| format!("{name}2"), "b"))?;
    let planned = terraform.plan()?.changes();
    let replaced = planned.iter().filter(|(_, actions)| actions.len() == 2);
    ensure!(replaced.count() == 3, "{planned:?}");
    terraform.write("main.tf", &configuration(str::to_lowercase, "b"))?;
    terraform.destroy().map(drop)
}

#[test]
fn what_is_imported_in_other_letters_stays() -> Result<()> {
    let bench = Bench::azure()?;
    bench.make_vault("letters-vault")?;
    let terraform = bench.configuration(&configuration(str::to_owned, "a"))?;
    terraform.init()?;
    terraform.apply()?;
    let imports = [
        ("dataplane_log_group.this", "LETTERS-logs"),
        ("dataplane_role.this", "LETTERSrole"),
        ("dataplane_secret.this", "LETTERS-VAULT/API-token"),
    ];
    for (address, id) in imports {
        terraform.succeed(&["state", "rm", address])?;
        terraform.import(address, id)?;
    }
    for (address, actions) in terraform.plan()?.changes() {
        ensure!(actions == ["update"], "{address}: {actions:?}");
    }
    terraform.apply_then_empty_plan()?;
    for (address, id) in imports {
        let kept = terraform.attributes(address)?["name"].clone();
        let kept = kept.as_str().context("a name")?;
        ensure!(kept == id, "{address}: {kept}");
    }
    terraform.destroy().map(drop)
}
