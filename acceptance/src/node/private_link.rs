//! What stands for a cloud's private link: who connects to the endpoint in one network comes out of an address in another. Between
//! the two there is a socket of the file system, so no packet of one network is ever seen in the other.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::Result;

use super::namespace::Namespace;
use crate::{
    forwarder::{self, End},
    process::Process,
};

const START: Duration = Duration::from_secs(30);

/// A link with an accepted connection. Dropped, it is as when the owner rejects it: nothing listens any more, all is cut.
pub struct PrivateLink {
    _near: Process,
    _far: Process,
}

impl PrivateLink {
    /// Leads who connects to `endpoint` in the consumer's network to `service`, as seen from the producer's end of the link.
    pub fn connect(
        directory: &Path,
        (consumer, endpoint): (&Namespace, SocketAddr),
        (producer, service): (&Namespace, SocketAddr),
    ) -> Result<Self> {
        let socket = directory.join("link.sock");
        if socket.exists() {
            fs::remove_file(&socket)?;
        }
        let between = End::Unix(socket.clone());
        let start = |name: &str, namespace: &Namespace, from: &End, to: &End| {
            let command = forwarder::command(&namespace.path(), from, to)?;
            Process::start(name, command, &directory.join(format!("{name}.log")))
        };
        let mut far = start("link-producer", producer, &between, &End::Tcp(service))?;
        far.ready(START, || socket.exists())?;
        let mut near = start("link-consumer", consumer, &End::Tcp(endpoint), &between)?;
        near.ready(START, || consumer.takes(endpoint))?;
        Ok(Self {
            _near: near,
            _far: far,
        })
    }
}
