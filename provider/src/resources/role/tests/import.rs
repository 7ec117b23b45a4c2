//! Roles that are taken in.

use super::*;

#[tokio::test(start_paused = true)]
async fn imported_it_only_lacks_what_the_cloud_does_not_keep() {
    for (config, id) in [
        (user(), "userflyterole"),
        (admin(), "eks/prod/userflyterole"),
    ] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        let state = role.create(config.clone()).await;
        let imported = role.import(id).await;
        for kept in [
            "subjects",
            "trust",
            "policy",
            "trust_policy",
            "principal",
            "path",
            "tags_all",
        ] {
            assert_eq!(imported[kept], state[kept], "{kept}");
        }
        let before = memory.calls().len();
        let taken = role.update(&imported, config.clone()).await;
        assert!(
            !memory.calls()[before..]
                .iter()
                .any(|call| ["roles.update", "roles.set_tags"].contains(call))
        );
        role.settled(&taken, config).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_can_be_imported_by_its_identity() {
    let harness = over(&Memory::default()).await;
    let role = harness.resource(NAME);
    let state = role.create(user()).await;
    let imported = role.import_identity(&state).await.unwrap();
    assert_eq!(imported["principal"], state["principal"]);
}
