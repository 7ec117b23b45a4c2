//! Operations of Compute Engine, which are of its own kind: their status is a word, and their errors are codes of their own.
//! They are looked at until they end, for five minutes at most: 1 call per look (`compute.regionOperations.get` or
//! `compute.globalOperations.get`), none where the answer is that it is done.

use std::time::{Duration, Instant};

use clouds::error::Call;
use clouds::{Error, Result};
use serde::Deserialize;

use crate::error::compute::{Failed, from_operation};
use crate::requests::{Named, Request, pause};
use crate::session::{Service, Session};

const LONGEST: Duration = Duration::from_mins(5);
/// Pauses between looks grow to some seconds, and no further.
const SLOWEST: u32 = 4;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    name: String,
    #[serde(default)]
    status: String,
    target_id: Option<String>,
    error: Option<Failed>,
    http_error_status_code: Option<u16>,
}

/// The number of what an operation changed, as far as it tells.
pub(crate) struct Target(pub(crate) Option<String>);

/// A call, and by what support finds it.
fn named(call: Named<'_, &str>, operation: String) -> Call {
    Call {
        request_id: Some(operation),
        ..Call::new(call.0, call.1)
    }
}

impl Session {
    /// Sends a change of something in this place (`projects/P/regions/R`), and waits for its end. Whoever asks twice with one id
    /// is answered with the same operation: so the request may be repeated.
    pub(crate) async fn carry_out(
        &self,
        place: &str,
        request: Request<'_>,
        call: Named<'_, &str>,
    ) -> Result<Target> {
        let request = request.query("requestId", request_id()).repeatable();
        self.ended(place, request, call).await
    }

    /// The same of a method that takes no id: the change names the version that it is of.
    pub(crate) async fn ended(
        &self,
        place: &str,
        request: Request<'_>,
        call: Named<'_, &str>,
    ) -> Result<Target> {
        let mut operation: Operation = request.repeatable().answer().await?;
        let began = Instant::now();
        let mut look = 0;
        while operation.status != "DONE" {
            if began.elapsed() > LONGEST {
                let because = format!(
                    "operation {} has not ended after {} minutes",
                    operation.name,
                    LONGEST.as_secs() / 60
                );
                let failed = named(call, operation.name).because(because);
                return Err(Error::Conflict(Box::new(failed)));
            }
            pause(look, None).await;
            look = (look + 1).min(SLOWEST);
            let path = format!("compute/v1/{place}/operations/{}", operation.name);
            operation = self.get(Service::Compute, path, call).answer().await?;
        }
        match operation.error {
            None => Ok(Target(operation.target_id)),
            Some(failed) => Err(from_operation(
                named(call, operation.name),
                &self.config.project,
                operation.http_error_status_code,
                &failed,
            )),
        }
    }
}

/// A random UUID.
fn request_id() -> String {
    let random = rand::random::<u128>() & !(0xf << 76) & !(0xc << 60);
    let hex = format!("{:032x}", random | (4 << 76) | (8 << 60));
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| &hex[group]).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_an_id_of_its_own() {
        let id = request_id();
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert_ne!(id, request_id());
    }
}
