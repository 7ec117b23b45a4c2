//! Private services and endpoints, whose calls are counted in a network. `<names>` are those of `Substrate::network`.

use super::subjects::Subject;

pub const AWS: &[Subject] = &[
    Subject {
        name: "dataplane_private_service",
        create: r#"  name               = "calls-api"
  load_balancer      = "<balancer>"
  allowed_principals = ["arn:aws:iam::111122223333:root"]
"#,
        update: ("111122223333", "444455556666"),
        beside: "",
    },
    Subject {
        name: "dataplane_private_endpoint",
        create: r#"  name            = "calls-api"
  service_name    = "<offered>"
  network         = "<network>"
  subnets         = ["<subnet>"]
  security_groups = ["<group>"]
"#,
        update: ("<group>", "<other_group>"),
        beside: "",
    },
];

pub const GOOGLE: &[Subject] = &[
    Subject {
        name: "dataplane_private_service",
        create: r#"  name               = "calls-api"
  load_balancer      = "<balancer>"
  subnets            = ["<link>"]
  allowed_principals = ["projects/acme-vendor"]
  auto_accept        = true
  connection_limit   = 5
"#,
        update: ("= 5", "= 6"),
        beside: "",
    },
    Subject {
        name: "dataplane_private_endpoint",
        create: r#"  name         = "calls-api"
  service_name = "<offered>"
  network      = "<network>"
  subnets      = ["<subnet>"]
  tags         = { step = "one" }
"#,
        update: (r#""one""#, r#""two""#),
        beside: "",
    },
];

pub const AZURE: &[Subject] = &[
    Subject {
        name: "dataplane_private_service",
        create: r#"  name               = "calls-api"
  load_balancer      = "<balancer>"
  subnets            = ["<link>"]
  allowed_principals = ["11111111-2222-3333-4444-555555555555"]
"#,
        update: ("11111111-2222", "99999999-2222"),
        beside: "",
    },
    Subject {
        name: "dataplane_private_endpoint",
        create: r#"  name         = "calls-api"
  service_name = "<offered>"
  subnets      = ["<subnet>"]
  tags         = { step = "one" }
"#,
        update: (r#""one""#, r#""two""#),
        beside: "",
    },
];
