//! What a storage account holds beside blobs: file shares, queues and tables, which nobody asked us for and which go with the account.

use clouds::buckets::BucketId;
use clouds::error::Call;
use clouds::{Error, Optional, Result};
use futures::future::try_join_all;
use serde::Deserialize;

use crate::arm::{Arm, ResourceId};
use crate::versions;

/// How many names are told of each kind.
const TOLD: usize = 5;

/// A service of an account, and what it is made of.
struct Service {
    collection: &'static str,
    one: &'static str,
    many: &'static str,
    read: &'static str,
    delete: &'static str,
    /// What a deletion has to say so that it takes all of it.
    whole: Option<(&'static str, &'static str)>,
}

const SERVICES: [Service; 3] = [
    Service {
        collection: "fileServices/default/shares",
        one: "file share",
        many: "file shares",
        read: "Microsoft.Storage/storageAccounts/fileServices/shares/read",
        delete: "Microsoft.Storage/storageAccounts/fileServices/shares/delete",
        whole: Some(("$include", "snapshots")),
    },
    Service {
        collection: "queueServices/default/queues",
        one: "queue",
        many: "queues",
        read: "Microsoft.Storage/storageAccounts/queueServices/queues/read",
        delete: "Microsoft.Storage/storageAccounts/queueServices/queues/delete",
        whole: None,
    },
    Service {
        collection: "tableServices/default/tables",
        one: "table",
        many: "tables",
        read: "Microsoft.Storage/storageAccounts/tableServices/tables/read",
        delete: "Microsoft.Storage/storageAccounts/tableServices/tables/delete",
        whole: None,
    },
];

/// What one service holds.
pub(crate) struct Held {
    service: &'static Service,
    all: ResourceId,
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Found {
    name: String,
}

/// What there is, by service.
pub(crate) async fn list(
    arm: Arm<'_>,
    bucket: &BucketId,
    account: &ResourceId,
) -> Result<Vec<Held>> {
    let lists = SERVICES.iter().map(|service| async move {
        let all = ResourceId::new(format!("{account}/{}", service.collection));
        let call = Call::new(service.read, bucket);
        let found: Result<Vec<Found>> = arm.list(call, &all, versions::STORAGE, None).await;
        let found = match found {
            // Accounts of some kinds have not all of the services.
            Err(Error::NotFound(_)) => Vec::new(),
            Err(Error::Invalid(call) | Error::Conflict(call) | Error::Unsupported(call))
                if is_unsupported(&call) =>
            {
                Vec::new()
            }
            found => found?,
        };
        let names = found.into_iter().map(|found| found.name).collect();
        Ok(Held {
            service,
            all,
            names,
        })
    });
    try_join_all(lists).await
}

fn is_unsupported(call: &Call) -> bool {
    let code = call.code.as_deref().unwrap_or_default();
    code.contains("NotSupported")
}

/// Removes it; says how many.
pub(crate) async fn remove(arm: Arm<'_>, held: &[Held]) -> Result<usize> {
    let mut removed = 0;
    for Held {
        service,
        all,
        names,
    } in held
    {
        for name in names {
            let id = ResourceId::new(format!("{all}/{name}"));
            let call = Call::new(service.delete, &id);
            let gone = arm
                .delete(call, &id, versions::STORAGE, service.whole)
                .await;
            gone.optional()?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// "2 file shares (a, b) and 1 queue (jobs)"; none where nothing is held.
pub(crate) fn said(held: &[Held]) -> Option<String> {
    let some = held.iter().filter(|held| !held.names.is_empty());
    let each: Vec<_> = some.map(Held::said).collect();
    let (last, others) = each.split_last()?;
    Some(if others.is_empty() {
        last.clone()
    } else {
        format!("{} and {last}", others.join(", "))
    })
}

impl Held {
    fn said(&self) -> String {
        let count = self.names.len();
        let kind = if count == 1 {
            self.service.one
        } else {
            self.service.many
        };
        let told: Vec<_> = self.names.iter().take(TOLD).map(String::as_str).collect();
        let more = if count > TOLD { ", …" } else { "" };
        format!("{count} {kind} ({}{more})", told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(counts: [usize; 3]) -> Vec<Held> {
        let of = |(service, count): (&'static Service, usize)| Held {
            service,
            all: ResourceId::new("/x"),
            names: (0..count).map(|n| format!("n{n}")).collect(),
        };
        SERVICES.iter().zip(counts).map(of).collect()
    }

    #[test]
    fn what_is_there_is_counted_and_named() {
        assert_eq!(said(&held([0, 0, 0])), None);
        assert_eq!(
            said(&held([2, 0, 1])).as_deref(),
            Some("2 file shares (n0, n1) and 1 table (n0)")
        );
        assert_eq!(
            said(&held([0, 6, 0])).as_deref(),
            Some("6 queues (n0, n1, n2, n3, n4, …)")
        );
    }
}
