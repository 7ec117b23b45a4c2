//! Whose an object is, by its key. Places of objects come from tasks, and the executor reads, writes and signs with rights that no
//! task has: so it does that only for objects of the task's own project and domain.
//!
//! Where the organisation is in a key it stands in front of project and domain, behind nothing but what the data plane and Flyte
//! put there: the bucket's root, a shard, `uploads`. Only that place counts, since what comes after is named by users.
//!
//! A control plane may also have no organisation in its prefix, or one that only it knows, and a run may have a base of its
//! own. Such keys tell nothing of where the project begins; they are of a project when it is anywhere in them with its domain. Who
//! could use that needs a project with the name of another's domain, or another's directories: both are an administrator's.

use dataplane_api::{layout::Layout, object_uri::ObjectUri};

use super::action::ActionId;

/// Where Flyte puts what is uploaded before a run begins.
const UPLOADS: &str = "uploads";

/// Whether an object, or a prefix, is of an action's project and domain. The bucket is not looked at but for its root.
pub fn is_own(uri: &ObjectUri, id: &ActionId, layout: Layout, roots: &[&ObjectUri]) -> bool {
    let key: Vec<&str> = uri.key().split('/').collect();
    let mut places = behind_organization(&key, id, roots).peekable();
    if places.peek().is_none() {
        return key.windows(3).any(|part| is_at_begin(part, id));
    }
    places.any(|rest| is_at(rest, id)) || layout == Layout::Flyte && is_of_namesake(&key, id, roots)
}

/// The keys that remain behind the organisation, for each way to read what is in front of it.
fn behind_organization<'a>(
    key: &'a [&'a str],
    id: &'a ActionId,
    roots: &'a [&ObjectUri],
) -> impl Iterator<Item = &'a [&'a str]> {
    begins(key, roots)
        .flat_map(|rest| [Some(rest), strip(rest, UPLOADS)])
        .flatten()
        .filter_map(|rest| strip(rest, id.organization.as_str()))
}

/// The key, and what remains of it behind a shard and behind the root of the bucket.
fn begins<'a>(key: &'a [&'a str], roots: &'a [&ObjectUri]) -> impl Iterator<Item = &'a [&'a str]> {
    let behind_shard = key
        .split_first()
        .and_then(|(first, rest)| is_shard(first).then_some(rest));
    [Some(key), behind_shard]
        .into_iter()
        .flatten()
        .flat_map(|rest| {
            let behind_roots = roots.iter().filter_map(|root| behind(rest, root));
            std::iter::once(rest).chain(behind_roots)
        })
}

/// Behind the root of a bucket that has one.
fn behind<'a>(key: &'a [&'a str], root: &ObjectUri) -> Option<&'a [&'a str]> {
    let root = root.key().trim_matches('/');
    if root.is_empty() {
        return None;
    }
    root.split('/')
        .try_fold(key, |rest, part| strip(rest, part))
}

fn strip<'a>(key: &'a [&'a str], first: &str) -> Option<&'a [&'a str]> {
    key.split_first()
        .and_then(|(found, rest)| (*found == first).then_some(rest))
}

/// Whether what is behind the organisation is of the project. Uploads may be there too, and Flyte names the organisation again
/// behind the prefix of its uploads, which an administrator chooses.
fn is_at(rest: &[&str], id: &ActionId) -> bool {
    let uploads = strip(rest, UPLOADS);
    let again = rest
        .get(1..)
        .and_then(|rest| strip(rest, id.organization.as_str()));
    [Some(rest), uploads, again]
        .into_iter()
        .flatten()
        .any(|rest| is_at_begin(rest, id))
}

fn is_at_begin(rest: &[&str], id: &ActionId) -> bool {
    rest.len() > 2 && rest[0] == id.project.as_str() && rest[1] == id.domain.as_str()
}

/// A project may have the organisation's name, and a control plane of Flyte's layout no organisation in its prefix. What is of
/// the action's own run is not refused for that.
fn is_of_namesake(key: &[&str], id: &ActionId, roots: &[&ObjectUri]) -> bool {
    begins(key, roots).any(|rest| is_at_begin(rest, id) && rest[2] == id.run.as_str())
}

/// Flyte's executor spreads what attempts write by two characters in front.
fn is_shard(segment: &str) -> bool {
    segment.len() == 2
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(project: &str, domain: &str) -> ActionId {
        ActionId {
            organization: "acme".parse().unwrap(),
            project: project.parse().unwrap(),
            domain: domain.parse().unwrap(),
            run: "r7".parse().unwrap(),
            action: "a0".parse().unwrap(),
        }
    }

    fn owns(id: &ActionId, key: &str, layout: Layout, root: &str) -> bool {
        let uri = format!("s3://bucket/{key}").parse().unwrap();
        let root = root.parse().unwrap();
        is_own(&uri, id, layout, &[&root])
    }

    #[test]
    fn what_control_planes_produce_is_a_projects_own() {
        let id = id("fraud", "staging");
        for (key, root) in [
            ("acme/fraud/staging/r7/", "s3://bucket"),
            ("acme/fraud/staging/r7/inputs/inputs.pb", "s3://bucket"),
            ("acme/fraud/staging/r7/a1/inputs.pb", "s3://bucket"),
            ("acme/fraud/staging/r6/a0/1/outputs.pb", "s3://bucket"),
            ("fraud/staging/r7/inputs", "s3://bucket"),
            ("flyte/metadata/fraud/staging/r7/", "s3://bucket"),
            ("k3/acme/fraud/staging/r7/a0/1/outputs.pb", "s3://bucket"),
            (
                "k3/root/acme/fraud/staging/r7/a0/1/outputs.pb",
                "s3://bucket/root",
            ),
            ("k3/fraud/staging/r7/a0/1/outputs.pb", "s3://bucket"),
            ("root/acme/fraud/staging/r7/", "s3://bucket/root"),
            ("acme/acme/fraud/staging/r7/", "s3://bucket/acme"),
            ("acme/fraud/staging/r7/", "s3://bucket/acme"),
            ("acme/uploads/acme/fraud/staging/x/code.tgz", "s3://bucket"),
            ("acme/files/acme/fraud/staging/x/code.tgz", "s3://bucket"),
            (
                "acme/uploads/fraud/staging/offloaded-inputs/x",
                "s3://bucket",
            ),
            (
                "uploads/acme/fraud/staging/offloaded-inputs/x",
                "s3://bucket",
            ),
            ("uploads/fraud/staging/x/code.tgz", "s3://bucket"),
            ("team/of/mine/fraud/staging/r7/", "s3://bucket"),
        ] {
            for layout in [Layout::Spec, Layout::Flyte] {
                assert!(owns(&id, key, layout, root), "{key} {layout:?}");
            }
        }
    }

    #[test]
    fn what_is_anothers_is_not() {
        for (project, domain, key) in [
            ("fraud", "staging", "acme/other/staging/r7/inputs.pb"),
            ("fraud", "staging", "acme/fraud/production/r7/inputs.pb"),
            ("fraud", "staging", "acme/fraud/staging"),
            ("fraud", "staging", ""),
            ("fraud", "staging", "other/staging/r7/inputs.pb"),
            // Names that users give, further behind.
            (
                "fraud",
                "staging",
                "acme/other/production/fraud/staging/1/x",
            ),
            ("staging", "r7", "acme/fraud/staging/r7/a0/1/outputs.pb"),
            ("staging", "r7", "k3/acme/fraud/staging/r7/a0/1/outputs.pb"),
            ("staging", "r7", "uploads/acme/fraud/staging/r7/x"),
            // A project with the organisation's name.
            ("acme", "fraud", "acme/fraud/staging/r6/a0/1/outputs.pb"),
            ("acme", "fraud", "uploads/acme/fraud/staging/x"),
        ] {
            for layout in [Layout::Spec, Layout::Flyte] {
                let owns = owns(&id(project, domain), key, layout, "s3://bucket");
                assert!(!owns, "{project} {domain} {key} {layout:?}");
            }
        }
    }

    #[test]
    fn a_project_with_the_organisations_name_has_its_run() {
        let id = id("acme", "staging");
        let owns = |key: &str, layout| owns(&id, key, layout, "s3://bucket");
        assert!(owns("acme/staging/r7/inputs", Layout::Flyte));
        assert!(!owns("acme/staging/r7/inputs", Layout::Spec));
        assert!(owns("acme/acme/staging/r7/inputs", Layout::Spec));
    }
}
