//! Whole pages, as they are published.

use std::collections::BTreeMap;

use super::*;
use crate::{Model, Set, Value};

/// A rule.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Rule {
    /// Where it applies.
    #[attr(required)]
    prefix: Value<String>,
    /// What it does.
    #[attr(optional)]
    effect: Value<Effect>,
}

/// An effect.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Effect {
    /// How strong it is.
    #[attr(optional, computed, default = 3)]
    strength: Value<i64>,
}

/// A box on the shelf.
///
/// Second paragraph.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct BoxModel {
    /// The name.
    #[attr(required, replaces)]
    name: Value<String>,
    /// The combination.
    #[attr(optional, sensitive, write_only)]
    secret_wo: Value<String>,
    /// The rules.
    #[attr(optional)]
    rules: Value<Vec<Rule>>,
    /// The colours.
    #[attr(optional, deprecated = "Use `paint`.")]
    colours: Value<Set<String>>,
    /// The id.
    #[attr(computed, stable)]
    id: Value<String>,
}

/// Configures the shelf.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Config {}

/// The arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Arguments {
    /// What stands between.
    #[attr(optional)]
    separator: Value<String>,
    /// What is joined.
    #[attr(required, variadic)]
    parts: Value<Vec<String>>,
}

fn pages() -> BTreeMap<PathBuf, String> {
    let provider = ProviderDescription {
        name: "shelf",
        schema: Config::schema(),
        resources: vec![TypeDescription {
            name: "shelf_box",
            schema: BoxModel::schema(),
        }],
        data_sources: vec![TypeDescription {
            name: "shelf_box",
            schema: BoxModel::schema(),
        }],
        ephemeral_resources: Vec::new(),
        functions: vec![FunctionDescription {
            name: "join",
            summary: "Joins",
            description: "Joins texts.",
            parameters: Arguments::schema(),
            output: Type::String,
        }],
    };
    let examples = [
        (
            "resources/shelf_box/resource.tf",
            "resource \"shelf_box\" \"this\" {\n  name = \"a\"\n}\n",
        ),
        (
            "resources/shelf_box/import.sh",
            "terraform import shelf_box.this box/a\n",
        ),
        ("resources/shelf_other/resource.tf", "unused"),
        ("functions/join/function.tf", "output \"x\" {}\n"),
        ("data-sources/shelf_box/data-source.tf", "cardboard\n"),
        ("data-sources/shelf_box/wood/data-source.tf", "wood\n"),
        ("data-sources/shelf_box/glass/data-source.tf", "unused\n"),
    ];
    render(
        &provider,
        &examples
            .map(|(path, text)| (PathBuf::from(path), text.to_owned()))
            .into(),
        &VARIANTS,
    )
}

const VARIANTS: [Variant; 2] = [
    Variant {
        folder: "",
        title: "Cardboard",
    },
    Variant {
        folder: "wood",
        title: "Wood",
    },
];

#[test]
fn a_resource_page() {
    let expected = r#"---
page_title: "shelf_box Resource - shelf"
subcategory: ""
description: |-
  A box on the shelf.
---

# shelf_box (Resource)

A box on the shelf.

Second paragraph.

## Example Usage

```terraform
resource "shelf_box" "this" {
  name = "a"
}
```

## Schema

### Required

- `name` (String) The name. Another value makes a new object.

### Optional

- `colours` (Set of String, Deprecated) The colours. Deprecated: Use `paint`.
- `rules` (Attributes List) The rules. (see [below for nested schema](#nestedatt--rules))
- `secret_wo` (String, Sensitive, [Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)) The combination.

### Read-Only

- `id` (String) The id.

<a id="nestedatt--rules"></a>
### Nested Schema for `rules`

Required:

- `prefix` (String) Where it applies.

Optional:

- `effect` (Attributes) What it does. (see [below for nested schema](#nestedatt--rules--effect))

<a id="nestedatt--rules--effect"></a>
### Nested Schema for `rules.effect`

Optional:

- `strength` (Number) How strong it is. Defaults to `3`.

## Import

Import is supported using the following syntax:

The `terraform import` command can be used, for example:

```shell
terraform import shelf_box.this box/a
```
"#;
    assert_eq!(pages()[Path::new("resources/box.md")], expected);
}

#[test]
fn what_is_only_read_is_never_made_anew() {
    let pages = pages();
    let page = &pages[Path::new("data-sources/box.md")];
    assert!(
        page.contains("# shelf_box (Data Source)")
            && page.contains("- `name` (String) The name.\n"),
        "{page}"
    );
}

#[test]
fn examples_of_several_variants_have_headings() {
    let expected = "## Example Usage

### Cardboard

```terraform
cardboard
```

### Wood

```terraform
wood
```

## Schema
";
    let pages = pages();
    let page = &pages[Path::new("data-sources/box.md")];
    assert!(page.contains(expected), "{page}");
}

#[test]
fn a_function_page() {
    let expected = r#"---
page_title: "join function - shelf"
subcategory: ""
description: |-
  Joins
---

# function: join

Joins texts.

## Example Usage

```terraform
output "x" {}
```

## Signature

```text
join(separator string, parts string...) string
```

## Arguments

1. `separator` (String, Nullable) What stands between.
1. `parts` (Variadic, String) What is joined.
"#;
    assert_eq!(pages()[Path::new("functions/join.md")], expected);
    assert!(pages()[Path::new("index.md")].contains("# shelf Provider\n\nConfigures the shelf.\n"));
}
