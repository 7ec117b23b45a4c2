//! Templates that are small, and would become large or take long.

use std::time::{Duration, Instant};

use super::*;
use crate::executor::action::Action;

/// How long a template may take that is read once and of which a pod is made: far more than any does on a machine that is
/// busy, and far less than the minutes of what grows with the square of its size.
const PATIENCE: Duration = Duration::from_secs(20);

/// What becomes of a template: its pod, or a sentence.
#[track_caller]
fn outcome(template: &core::TaskTemplate, inputs: Option<&Inputs>) -> Result<Pod, String> {
    let settings = example::settings(json!({}), "spec");
    let resource = example::resource(template);
    let began = Instant::now();
    let pod = Action::parse(&resource, &settings)
        .map_err(|error| error.to_string())
        .and_then(|action| {
            let given = Given {
                inputs,
                ..Given::default()
            };
            build(&action, attempt(1), &settings, given).map_err(|error| error.to_string())
        });
    let took = began.elapsed();
    assert!(took < PATIENCE, "{took:?}");
    pod
}

fn with(change: impl FnOnce(&mut core::Container)) -> core::TaskTemplate {
    let mut template = example::python();
    change(container(&mut template));
    template
}

fn text(name: &str, text: String) -> NamedLiteral {
    let primitive = core::primitive::Value::StringValue(text);
    let scalar = core::scalar::Value::Primitive(core::Primitive {
        value: Some(primitive),
    });
    NamedLiteral {
        name: name.to_owned(),
        value: Some(core::Literal {
            value: Some(core::literal::Value::Scalar(Box::new(core::Scalar {
                value: Some(scalar),
            }))),
            ..core::Literal::default()
        }),
    }
}

fn inputs(literals: Vec<NamedLiteral>) -> Inputs {
    Inputs {
        literals,
        ..Inputs::default()
    }
}

#[test]
fn arguments_that_outgrow_every_pod_are_refused() {
    let template = with(|container| container.args = vec!["{{.inputs.x}}".repeat(80_000)]);
    let inputs = inputs(vec![text("x", "x".repeat(1 << 20))]);
    let sentence = outcome(&template, Some(&inputs)).unwrap_err();
    assert!(sentence.contains("more than 1048576 bytes"), "{sentence}");
}

#[test]
fn an_environment_that_many_containers_have_is_refused() {
    let containers: Vec<Value> = (0..100)
        .map(|number| json!({ "name": format!("c{number}"), "image": "i" }))
        .collect();
    let template = pod_template(json!({ "containers": containers }));
    let mut template = core::TaskTemplate {
        config: [("primary_container_name".to_owned(), "c0".to_owned())].into(),
        ..template
    };
    if let Some(id) = &mut template.id {
        id.name = "n".repeat(100_000);
    }
    let sentence = outcome(&template, None).unwrap_err();
    assert!(sentence.contains("more than 1048576 bytes"), "{sentence}");
}

#[test]
fn many_inputs_take_no_time() {
    let arguments = (0..9_000).map(|number| format!("{{{{.inputs.i{number}}}}}"));
    let template = with(|container| container.args = arguments.collect());
    let inputs = inputs(
        (0..100_000)
            .rev()
            .map(|number| text(&format!("i{number}"), "v".to_owned()))
            .collect(),
    );
    let pod = outcome(&template, Some(&inputs)).unwrap();
    let arguments = pod.spec.unwrap().containers[0].args.clone().unwrap();
    assert_eq!(arguments, vec!["v"; 9_000]);
}

#[test]
fn more_than_any_pod_has_is_refused() {
    let pair = |number: u32| core::KeyValuePair {
        key: format!("V{number}"),
        value: String::new(),
    };
    let template = with(|container| container.env = (0..100_000).map(pair).collect());
    let sentence = outcome(&template, None).unwrap_err();
    assert!(
        sentence.contains("100000 environment variables"),
        "{sentence}"
    );
    let template = with(|container| container.env = (0..5_000).map(pair).collect());
    outcome(&template, None).unwrap();

    let limits: serde_json::Map<String, Value> = (0..30_000)
        .map(|number| (format!("x.y/{number}"), json!("1")))
        .collect();
    let resources = json!({ "limits": limits });
    let template = pod_template(
        json!({ "containers": [{ "name": "main", "image": "i", "resources": resources }] }),
    );
    let sentence = outcome(&template, None).unwrap_err();
    assert!(
        sentence.contains("30000 amounts of resources"),
        "{sentence}"
    );
    let tolerations = vec![json!({}); 200_000];
    let template = pod_template(
        json!({ "containers": [{ "name": "main", "image": "i" }], "tolerations": tolerations }),
    );
    let sentence = outcome(&template, None).unwrap_err();
    assert!(sentence.contains("fields of its pod spec"), "{sentence}");
}

#[test]
fn files_that_many_inputs_would_be_are_found_fast() {
    let variable = |number: u32| core::VariableEntry {
        key: format!("i{number}"),
        ..core::VariableEntry::default()
    };
    let names: Vec<String> = (0..30_000)
        .map(|number| format!("{{{{.inputs.i{number}}}}}"))
        .collect();
    let mut template = with(|container| {
        container.args = vec![names.concat()];
        container.data_config = Some(core::DataLoadingConfig {
            enabled: true,
            ..core::DataLoadingConfig::default()
        });
    });
    template.interface = Some(core::TypedInterface {
        inputs: Some(core::VariableMap {
            variables: (0..30_000).rev().map(variable).collect(),
        }),
        ..core::TypedInterface::default()
    });
    let sentence = outcome(&template, None).unwrap_err();
    assert!(sentence.contains("was not given"), "{sentence}");
}

#[test]
fn the_size_of_a_template_is_what_it_takes() {
    let volumes: Vec<Value> = (0..500)
        .map(|number| json!({ "name": format!("v{number}") }))
        .collect();
    let template = pod_template(
        json!({ "containers": [{ "name": "main", "image": "i" }], "volumes": volumes }),
    );
    let settings = example::settings(json!({}), "spec");
    let size = example::action(&template, &settings).size;
    let least = 500 * size_of::<k8s_openapi::api::core::v1::Volume>();
    assert!(size > least, "{size} of {least}");
    let pair = |number: u32| core::KeyValuePair {
        key: format!("{number}"),
        value: String::new(),
    };
    let template = with(|container| container.env = (0..5_000).map(pair).collect());
    let size = example::action(&template, &settings).size;
    let least = 5_000 * size_of::<(String, String)>();
    assert!(size > least, "{size} of {least}");
}
