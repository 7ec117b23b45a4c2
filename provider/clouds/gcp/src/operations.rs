//! Long-running operations: they are looked at until they end, for five minutes at most.

use std::time::{Duration, Instant};

use clouds::error::Call;
use clouds::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Status, from_operation};
use crate::requests::{Named, pause};
use crate::session::{Service, Session};

const LONGEST: Duration = Duration::from_mins(5);
/// Pauses between looks grow to some seconds, and no further.
const SLOWEST: u32 = 4;

#[derive(Deserialize)]
pub(crate) struct Operation {
    #[serde(default)]
    name: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    error: Option<Status>,
    #[serde(default)]
    response: Option<serde_json::Value>,
}

impl Session {
    /// The end of an operation that `call` began: 1 call per look at it (`…operations.get`). Some end without a response.
    pub(crate) async fn end<T: DeserializeOwned>(
        &self,
        service: Service,
        mut operation: Operation,
        call: Named<'_, &str>,
    ) -> Result<Option<T>> {
        let began = Instant::now();
        let mut look = 0;
        while !operation.done {
            if began.elapsed() > LONGEST {
                let because = format!(
                    "operation {} has not ended after {} minutes",
                    operation.name,
                    LONGEST.as_secs() / 60
                );
                return Err(Error::Conflict(Box::new(
                    Call::new(call.0, call.1).because(because),
                )));
            }
            pause(look, None).await;
            look = (look + 1).min(SLOWEST);
            let path = format!("v1/{}", operation.name);
            operation = self.get(service, path, call).answer().await?;
        }
        if let Some(error) = operation.error {
            let failed = Call::new(call.0, call.1);
            return Err(from_operation(
                failed,
                service,
                &self.config.project,
                &error,
            ));
        }
        // What it answers is read again by whoever needs more than this.
        Ok(operation
            .response
            .and_then(|response| serde_json::from_value(response).ok()))
    }
}
