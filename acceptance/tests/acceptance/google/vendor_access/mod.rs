//! `modules/gcp/vendor-access`: what each account of a customer's may do, tried with it. The vendor comes with tokens of its issuer, which
//! are made out for the customer's pool. The module's own condition on them is evaluated by the stand-in, as are all others: ours.

pub mod grants;

use acceptance::{
    google::{Caller, Project},
    terraform::Terraform,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use self::grants::Grants;
use super::{
    bench::{Bench, PROJECT, REGION},
    make_bucket,
};

const ISSUER: &str = "https://token.vendor.example";
/// An example's folder, at the depth from which modules are found.
const FOLDER: &str = "resources/dataplane_bucket/gcp";

/// A window in which glass is broken, and when it is for whoever comes.
const WINDOW: [&str; 2] = ["2026-03-01T08:00:00Z", "2026-03-01T12:00:00Z"];
const BEFORE: &str = "2026-03-01T07:30:00Z";
const BEGUN: &str = "2026-03-01T11:30:00Z";
const OVER: &str = "2026-03-01T12:00:01Z";

/// A customer who lets a vendor in.
struct LetIn {
    customer: Terraform,
    identities: Project,
    bench: Bench,
}

impl LetIn {
    fn new() -> Result<Self> {
        let bench = Bench::google()?;
        let identities = bench.another_project()?;
        let customer = bench.example(FOLDER)?;
        let text = format!(
            "module \"vendor_access\" {{
  source = \"../../../../modules/gcp/vendor-access\"

  tenant             = \"acme-prod\"
  project            = \"{PROJECT}\"
  identities_project = \"{}\"
  issuer             = \"{ISSUER}\"
  break_glass        = var.break_glass

  subjects = {{
    provision   = [\"pipeline\"]
    maintain    = [\"pipeline\", \"upgrades\"]
    deprovision = [\"pipeline\"]
    break_glass = [\"ada\"]
  }}

  data_plane = {{
    buckets  = [\"{PROJECT}-metadata\", \"{PROJECT}-fast-registration\"]
    secrets  = \"acme-prod-\"
    registry = \"acme-prod\"
    logs     = [\"acme-prod\"]
  }}
}}

variable \"break_glass\" {{
  type = object({{
    not_before = string
    not_after  = string
    incident   = string
  }})
  default = null
}}
",
            identities.id
        );
        customer.write("resource.tf", &text)?;
        customer.init()?;
        let this = Self {
            customer,
            identities,
            bench,
        };
        this.customer_applies(&Value::Null)?;
        Ok(this)
    }

    /// The customer applies, with glass whole or broken.
    fn customer_applies(&self, break_glass: &Value) -> Result<()> {
        let said = json!({ "break_glass": break_glass });
        self.customer
            .write("glass.auto.tfvars.json", &said.to_string())?;
        self.customer.apply_then_empty_plan()?;
        self.grants().make()
    }

    fn grants(&self) -> Grants<'_> {
        Grants {
            root: &self.customer,
            data_plane: &self.bench.project,
            identities: &self.identities,
        }
    }

    /// Somebody of the vendor's becomes an account by a token with these claims.
    fn session(&self, subject: &str, access: &str, more: &Value) -> Result<Caller> {
        let grants = self.grants();
        let pool = if access == "break-glass" {
            "acme-prod-break-glass"
        } else {
            "acme-prod-vendor"
        };
        let provider = grants.provider(pool);
        let mut claims =
            json!({ "sub": subject, "aud": format!("//iam.googleapis.com/{provider}") });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let token = self.bench.token(ISSUER, &claims)?;
        let email = grants.email(access);
        self.bench
            .project
            .pod_elsewhere(&provider, &token, Some(&email))
    }

    /// The vendor's data plane.
    fn vendor(&self) -> Result<Terraform> {
        let vendor = self.bench.example(FOLDER)?;
        let text = format!(
            "module \"gcp\" {{
  source = \"../../../../modules/gcp\"

  name       = \"acme-prod\"
  trust      = {{ gke = {{ project = \"{PROJECT}\" }} }}
  workspaces = [{{ project = \"fraud\", domain = \"production\" }}]
  logs       = {{ retention_days = var.retention_days }}

  buckets = {{
    metadata          = {{ name = \"{PROJECT}-metadata\" }}
    fast_registration = {{ name = \"{PROJECT}-fast-registration\" }}
  }}

  secrets       = {{ webhook = {{ version = var.secret_version }} }}
  secret_values = {{ webhook = \"hidden\" }}
}}

variable \"retention_days\" {{
  default = 30
}}

variable \"secret_version\" {{
  default = 1
}}
"
        );
        vendor.write("resource.tf", &text)?;
        vendor.init()?;
        Ok(vendor)
    }

    fn made(&self) -> Result<Vec<String>> {
        let all = self.bench.inventory()?.into_iter();
        Ok(all.map(|(name, _)| name).collect())
    }
}

/// A step that has to be refused for want of this permission.
fn refused(said: &anyhow::Error, permission: &str) -> Result<()> {
    let said = format!("{said:#}");
    ensure!(said.contains(permission), "no {permission} in: {said}");
    Ok(())
}

fn bucket(name: &str) -> Value {
    json!({ "bucket": format!("{PROJECT}-{name}") })
}

/// Provision makes and cannot delete, maintain changes and cannot create, deprovision deletes and cannot create.
#[test]
fn each_account_does_its_own_part_and_no_other() -> Result<()> {
    let let_in = LetIn::new()?;
    let before = let_in.made()?;
    let vendor = let_in.vendor()?;
    let as_account = |vendor: Terraform, access: &str| -> Result<Terraform> {
        let session = let_in.session("pipeline", access, &json!({}))?;
        Ok(vendor.with(session.environment()))
    };

    let vendor = as_account(vendor, "provision")?;
    vendor.apply_then_empty_plan()?;
    let made = let_in.made()?;
    let kept = vendor.destroy().expect_err("it deletes nothing");
    for permission in ["iam.serviceAccounts.delete", "secretmanager.secrets.delete"] {
        refused(&kept, permission)?;
    }
    let session = let_in.session("pipeline", "provision", &json!({}))?;
    let place = format!("projects/{PROJECT}/locations/{REGION}");
    let locations = "projects.locations";
    for (service, method, asked) in [
        (
            "storage.v1",
            "buckets.delete".to_owned(),
            bucket("metadata"),
        ),
        (
            "artifactregistry.v1",
            format!("{locations}.repositories.delete"),
            json!({ "name": format!("{place}/repositories/acme-prod") }),
        ),
        (
            "logging.v2",
            format!("{locations}.buckets.delete"),
            json!({ "name": format!("{place}/buckets/acme-prod") }),
        ),
    ] {
        assert_eq!(session.refused(service, &method, &asked)?, 403, "{method}");
    }
    assert_eq!(let_in.made()?, made);
    // What the attempt took from policies is given back.
    vendor.apply_then_empty_plan()?;

    let vendor = as_account(vendor, "maintain")?
        .variable("retention_days", "60")
        .variable("secret_version", "2");
    vendor.apply_then_empty_plan()?;
    assert_eq!(let_in.made()?, made);
    let logs = json!({ "name": format!("{place}/buckets/acme-prod") });
    let logs = let_in
        .bench
        .call("logging.v2", "projects.locations.buckets.get", logs)?;
    assert_eq!(logs["retentionDays"], 60);

    let gone = bucket("fast-registration");
    let_in
        .bench
        .call("storage.v1", "buckets.delete", gone.clone())?;
    refused(
        &vendor.apply().expect_err("it makes nothing"),
        "storage.buckets.create",
    )?;
    let vendor = as_account(vendor, "deprovision")?;
    refused(
        &vendor.apply().expect_err("it makes nothing"),
        "storage.buckets.create",
    )?;
    ensure!(!let_in.bench.finds("storage.v1", "buckets.get", gone)?);
    vendor.destroy()?;
    assert_eq!(let_in.made()?, before);
    Ok(())
}

/// Each becomes the account that it is named for, with a token for this customer, and reaches what is named.
#[test]
fn nobody_becomes_more_than_they_are_named_for() -> Result<()> {
    let let_in = LetIn::new()?;
    let none = json!({});
    let_in.session("upgrades", "maintain", &none)?;
    for access in ["provision", "deprovision", "break-glass"] {
        let became = let_in.session("upgrades", access, &none);
        ensure!(became.is_err(), "upgrades became {access}");
    }
    let others = json!({ "aud": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/other/providers/vendor" });
    let became = let_in.session("pipeline", "provision", &others);
    ensure!(became.is_err(), "a token for another customer was taken");

    make_bucket(let_in.bench.owner(), "somebody-elses")?;
    let others = json!({ "bucket": "somebody-elses" });
    for (access, method) in [
        ("provision", "buckets.get"),
        ("maintain", "buckets.getIamPolicy"),
        ("deprovision", "buckets.delete"),
    ] {
        let session = let_in.session("pipeline", access, &none)?;
        assert_eq!(
            session.refused("storage.v1", method, &others)?,
            403,
            "{access}"
        );
    }
    Ok(())
}

/// Nobody while it is whole; who bears the incident in the window, to look; and nobody after it, whatever token still runs.
#[test]
fn glass_is_whole_broken_and_whole_again() -> Result<()> {
    let let_in = LetIn::new()?;
    for name in ["metadata", "fast-registration"] {
        make_bucket(let_in.bench.owner(), &format!("{PROJECT}-{name}"))?;
    }
    make_bucket(let_in.bench.owner(), "somebody-elses")?;
    let incident = json!({ "incident": "INC-4711" });
    let look = |session: &Caller| session.call("storage.v1", "buckets.get", &bucket("metadata"));
    let_in.bench.set_clock(BEGUN)?;
    let whole = let_in.session("ada", "break-glass", &incident);
    ensure!(whole.is_err(), "glass was broken by who is on call alone");

    let [not_before, not_after] = WINDOW;
    let window =
        json!({ "not_before": not_before, "not_after": not_after, "incident": "INC-4711" });
    let_in.customer_applies(&window)?;
    let session = let_in.session("ada", "break-glass", &incident)?;
    look(&session)?;
    let cluster = session.gke_cluster(REGION, "prod")?;
    assert_eq!(cluster["name"], "prod");
    for (method, asked) in [
        ("buckets.get", json!({ "bucket": "somebody-elses" })),
        ("buckets.delete", bucket("metadata")),
        (
            "buckets.patch",
            json!({ "bucket": format!("{PROJECT}-metadata"), "body": { "labels": { "a": "b" } } }),
        ),
    ] {
        assert_eq!(
            session.refused("storage.v1", method, &asked)?,
            403,
            "{method}"
        );
    }
    for (subject, claims) in [
        ("ada", json!({})),
        ("ada", json!({ "incident": "INC-4712" })),
        ("pipeline", incident.clone()),
    ] {
        let became = let_in.session(subject, "break-glass", &claims);
        ensure!(became.is_err(), "{subject} broke glass with {claims}");
    }

    let_in.bench.set_clock(BEFORE)?;
    let early = let_in.session("ada", "break-glass", &incident);
    ensure!(early.is_err(), "glass was broken before its window");
    let_in.bench.set_clock(OVER)?;
    let late = let_in.session("ada", "break-glass", &incident);
    ensure!(late.is_err(), "glass was broken after its window");
    // The token of half an hour ago is good, and has nothing any more.
    let asked = bucket("metadata");
    assert_eq!(session.refused("storage.v1", "buckets.get", &asked)?, 403);

    let_in.customer_applies(&Value::Null)?;
    let_in.bench.set_clock(BEGUN)?;
    assert_eq!(session.refused("storage.v1", "buckets.get", &asked)?, 403);
    let whole = let_in.session("ada", "break-glass", &incident);
    ensure!(whole.is_err(), "glass is broken although it is whole");
    Ok(())
}
