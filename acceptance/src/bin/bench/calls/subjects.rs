//! The resources whose calls are counted, with one argument of each to change.

pub struct Subject {
    pub name: &'static str,
    pub create: &'static str,
    /// One argument changed.
    pub update: (&'static str, &'static str),
    /// What has to be there already: made before, and in no count.
    pub beside: &'static str,
}

impl Subject {
    /// The resource as a configuration has it.
    pub fn text(&self) -> String {
        format!(
            "resource \"{}\" \"this\" {{\n{}}}\n",
            self.name, self.create
        )
    }
}

const SECRET: (&str, &str) = ("value_wo_version = 1", "value_wo_version = 2");

pub const AWS: &[Subject] = &[
    Subject {
        name: "dataplane_bucket",
        create: r#"  name         = "calls-metadata"
  cors_origins = ["https://app.example.com"]
  expiration   = [{ prefix = "raw/", days = 30 }]
"#,
        update: ("days = 30", "days = 31"),
        beside: "",
    },
    Subject {
        name: "dataplane_identity_provider",
        create: r#"  issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  tags   = { step = "one" }
"#,
        // No emulator changes audiences.
        update: (r#""one""#, r#""two""#),
        beside: "",
    },
    Subject {
        name: "dataplane_role",
        create: r#"  name     = "calls-user"
  profile  = "user"
  buckets  = { metadata = { id = "calls-metadata" } }
  trust    = { irsa = { provider_arn = "arn:aws:iam::000000000000:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF" } }
  subjects = [{ namespace = "flytesnacks-development", service_account = "default" }]
"#,
        update: (r#""calls-metadata" }"#, r#""calls-other" }"#),
        beside: "",
    },
    Subject {
        name: "dataplane_registry",
        create: "  name      = \"calls/images\"\n  keep_last = 10\n",
        update: ("keep_last = 10", "keep_last = 11"),
        beside: "",
    },
    Subject {
        name: "dataplane_log_group",
        create: "  name           = \"/calls/task\"\n  retention_days = 30\n",
        update: ("retention_days = 30", "retention_days = 60"),
        beside: "",
    },
    Subject {
        name: "dataplane_secret",
        create: "  name             = \"calls/key\"\n  value_wo         = \"first\"\n  value_wo_version = 1\n",
        update: SECRET,
        beside: "",
    },
];

pub const GOOGLE: &[Subject] = &[
    Subject {
        name: "dataplane_bucket",
        create: r#"  name         = "calls-metadata"
  cors_origins = ["https://app.example.com"]
  expiration   = [{ prefix = "raw/", days = 30 }]
"#,
        update: ("days = 30", "days = 31"),
        beside: "",
    },
    Subject {
        name: "dataplane_identity_provider",
        create: r#"  name      = "calls"
  issuer    = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  audiences = ["one.example.com"]
"#,
        update: ("one.example.com", "two.example.com"),
        beside: "",
    },
    Subject {
        name: "dataplane_role",
        create: r#"  name     = "calls-user"
  profile  = "user"
  buckets  = { metadata = { id = "calls-beside" } }
  trust    = { gke = { pool = "projects/000000000000/locations/global/workloadIdentityPools/calls" } }
  subjects = [{ namespace = "flytesnacks-development", service_account = "default" }]
"#,
        update: ("flytesnacks-development", "flytesnacks-production"),
        beside: r#"resource "dataplane_bucket" "beside" {
  name = "calls-beside"
}

resource "dataplane_identity_provider" "beside" {
  name   = "calls"
  issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
}
"#,
    },
    Subject {
        name: "dataplane_registry",
        create: "  name           = \"calls-images\"\n  immutable_tags = false\n  keep_last      = 10\n",
        update: ("= 10", "= 11"),
        beside: "",
    },
    Subject {
        name: "dataplane_log_group",
        create: "  name           = \"calls-task\"\n  retention_days = 30\n",
        update: ("retention_days = 30", "retention_days = 60"),
        beside: "",
    },
    Subject {
        name: "dataplane_secret",
        create: "  name             = \"calls-key\"\n  value_wo         = \"first\"\n  value_wo_version = 1\n",
        update: SECRET,
        beside: "",
    },
];

pub const AZURE: &[Subject] = &[
    Subject {
        name: "dataplane_bucket",
        create: r#"  account      = "callsmeta"
  name         = "metadata"
  cors_origins = ["https://app.example.com"]
  expiration   = [{ prefix = "raw/", days = 30 }]
"#,
        update: ("days = 30", "days = 31"),
        beside: "",
    },
    Subject {
        name: "dataplane_role",
        create: r#"  name     = "calls-user"
  profile  = "user"
  buckets  = { metadata = { id = "callsbeside/metadata" } }
  trust    = { azure = { issuer = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/" } }
  subjects = [{ namespace = "flytesnacks-development", service_account = "default" }]
"#,
        update: ("flytesnacks-development", "flytesnacks-production"),
        beside: r#"resource "dataplane_bucket" "beside" {
  account = "callsbeside"
  name    = "metadata"
}
"#,
    },
    Subject {
        name: "dataplane_registry",
        create: "  name = \"callsimages\"\n  tags = { step = \"one\" }\n",
        update: (r#""one""#, r#""two""#),
        beside: "",
    },
    Subject {
        name: "dataplane_log_group",
        create: "  name           = \"calls-task\"\n  retention_days = 30\n",
        update: ("retention_days = 30", "retention_days = 60"),
        beside: "",
    },
    Subject {
        name: "dataplane_secret",
        create: "  name             = \"VAULT/key\"\n  value_wo         = \"first\"\n  value_wo_version = 1\n",
        update: SECRET,
        beside: "",
    },
];
