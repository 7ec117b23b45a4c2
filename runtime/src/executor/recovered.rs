//! Actions that are not to run, since the run that theirs recovers did them. The control plane decided that, and says in the
//! resource how they ended.

use std::num::NonZeroU32;

use dataplane_api::{
    names::RunName,
    object_uri::ObjectUri,
    task_action::{RecoveredFrom, TaskAction},
};

use super::{
    action::{ActionId, InvalidSpec, LONGEST_URI, bucket_of},
    decide::MOST_ATTEMPTS,
    ownership,
    settings::Settings,
};

/// How an action ended in another run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// None where it is no name of a run.
    pub run: Option<RunName>,
    /// The object of its outputs; none where it left none.
    pub outputs: Option<String>,
    /// The attempt that succeeded.
    pub attempt: NonZeroU32,
    pub cache_status: u32,
}

impl Recovered {
    /// None for an action that is to run. One whose outputs are not its project's own, or that is not where its project's actions
    /// are, did not end anywhere: what is told of it would be told of another's.
    pub fn of(resource: &TaskAction, settings: &Settings) -> Result<Option<Self>, InvalidSpec> {
        let Some(from) = &resource.spec.recovered_from else {
            return Ok(None);
        };
        let id = ActionId::of(resource, settings)?;
        let attempt = NonZeroU32::new(from.attempts).unwrap_or(NonZeroU32::MIN);
        Ok(Some(Self {
            run: from.source_run_name.parse().ok(),
            outputs: outputs(from, &id, settings)?,
            // No action has more here, and pods are looked for by it.
            attempt: attempt.min(MOST_ATTEMPTS),
            cache_status: from.cache_status,
        }))
    }
}

fn outputs(
    from: &RecoveredFrom,
    id: &ActionId,
    settings: &Settings,
) -> Result<Option<String>, InvalidSpec> {
    const FIELD: &str = "spec.recoveredFrom.outputUri";
    let text = &from.output_uri;
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LONGEST_URI {
        let bytes = text.len();
        return Err(InvalidSpec(format!(
            "{FIELD} has {bytes} bytes, and at most {LONGEST_URI} are read"
        )));
    }
    let uri: ObjectUri = text
        .parse()
        .map_err(|error: dataplane_api::Invalid| InvalidSpec(format!("{FIELD}: {error}")))?;
    let storage = &settings.storage;
    let ours = bucket_of(&storage.metadata);
    if bucket_of(&uri) != ours {
        return Err(InvalidSpec(format!(
            "{FIELD} is {uri}, which is outside of this data plane's bucket {ours}"
        )));
    }
    if !ownership::is_own(&uri, id, storage.layout, &[&storage.metadata]) {
        let (project, domain) = (&id.project, &id.domain);
        return Err(InvalidSpec(format!(
            "{FIELD} is {uri}, which is not under {project}/{domain}/"
        )));
    }
    Ok(Some(text.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::executor::example;

    const OUTPUTS: &str = "s3://acme-metadata/acme/fraud/staging/r6/a5/2/outputs.pb";

    fn of(change: impl FnOnce(&mut TaskAction)) -> Result<Option<Recovered>, InvalidSpec> {
        let mut resource = example::resource(&example::python());
        resource.spec.recovered_from = Some(RecoveredFrom {
            source_run_name: "r6".to_owned(),
            output_uri: OUTPUTS.to_owned(),
            output: None,
            attempts: 2,
            cache_status: 3,
        });
        change(&mut resource);
        Recovered::of(&resource, &example::settings(json!({}), "spec"))
    }

    fn from(change: impl FnOnce(&mut RecoveredFrom)) -> Result<Option<Recovered>, InvalidSpec> {
        of(|resource| change(resource.spec.recovered_from.as_mut().unwrap()))
    }

    #[test]
    fn says_how_it_ended() {
        assert_eq!(of(|resource| resource.spec.recovered_from = None), Ok(None));
        let recovered = of(|_| {}).unwrap().unwrap();
        assert_eq!(recovered.outputs.as_deref(), Some(OUTPUTS));
        assert_eq!((recovered.attempt.get(), recovered.cache_status), (2, 3));
        assert_eq!(recovered.run.unwrap().as_str(), "r6");
        let nothing = from(|from| from.output_uri = String::new());
        assert_eq!(nothing.unwrap().unwrap().outputs, None);
    }

    #[test]
    fn no_more_is_kept_of_it_than_an_action_can_have() {
        let attempt = |attempts| from(|from| from.attempts = attempts).unwrap().unwrap();
        assert_eq!(attempt(u32::MAX).attempt, MOST_ATTEMPTS);
        assert_eq!(attempt(0).attempt.get(), 1);
        let long = from(|from| from.source_run_name = "x".repeat(1 << 20));
        assert_eq!(long.unwrap().unwrap().run, None);
    }

    #[test]
    fn outputs_that_are_not_its_own_are_refused() {
        for (uri, why) in [
            (
                "s3://acme-metadata/acme/other/staging/r6/a5/2/outputs.pb",
                "not under fraud/staging/",
            ),
            (
                "s3://elsewhere/acme/fraud/staging/r6/a5/2/outputs.pb",
                "outside of this data plane's bucket s3://acme-metadata",
            ),
            ("nowhere", "spec.recoveredFrom.outputUri: "),
        ] {
            let error = from(|from| from.output_uri = uri.to_owned()).unwrap_err().0;
            assert!(error.contains(why), "{error}");
        }
        let long = format!("{OUTPUTS}{}", "x".repeat(5_000));
        let error = from(|from| from.output_uri = long).unwrap_err().0;
        assert!(error.contains("at most 4096 are read"), "{error}");
    }

    #[test]
    fn one_of_another_namespace_is_refused() {
        let error = of(|resource| resource.spec.project = "other".to_owned()).unwrap_err();
        assert!(error.0.contains("other-staging"), "{error}");
    }
}
