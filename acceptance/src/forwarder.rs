//! A TCP forwarder: another address by which a server is reached, as by a private endpoint or a load balancer.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

use crate::{issuer, process};

/// One end of a forwarder: `10.0.0.1:443`, or `unix:` and the path of a socket, which two network namespaces can share.
#[derive(Clone, Debug)]
pub enum End {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl FromStr for End {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.strip_prefix("unix:") {
            Some(path) => Ok(Self::Unix(path.into())),
            None => Ok(Self::Tcp(text.parse().with_context(|| {
                format!("{text:?} is neither <address>:<port> nor unix:<path>")
            })?)),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A running forwarder in this process. It ends when dropped, with all its connections.
pub struct Forwarder {
    address: SocketAddr,
    to: End,
    connections: Arc<AtomicUsize>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Forwarder {
    /// Forwards what connects to an address such as `127.0.0.5:0`.
    pub fn start(address: &str, to: End) -> Result<Self> {
        let listener = issuer::runtime()
            .block_on(TcpListener::bind(address))
            .with_context(|| format!("binding {address}"))?;
        let forwarder = Self {
            address: listener.local_addr()?,
            to,
            connections: Arc::default(),
            server: Mutex::new(None),
        };
        let connections = Arc::clone(&forwarder.connections);
        let to = forwarder.to.clone();
        let server = issuer::runtime().spawn(async move {
            // It ends when it is aborted.
            let _ = serve(Listener::Tcp(listener), &to, &connections).await;
        });
        *lock(&forwarder.server) = Some(server);
        Ok(forwarder)
    }

    /// `address:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have come so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Cuts all connections and takes no more, as when an owner rejects an endpoint.
    pub fn stop(&self) {
        if let Some(server) = lock(&self.server).take() {
            server.abort();
        }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A forwarder as a process of its own in a network namespace: this program with the arguments `forward FROM TO`, which has to
/// call [`run`] for them.
pub fn command(network: &Path, from: &End, to: &End) -> Result<Command> {
    let program = std::env::current_exe().context("asking for the path of this program")?;
    let mut command = process::command_in(Some(network), program);
    command.args(["forward", &from.to_string(), &to.to_string()]);
    Ok(command)
}

/// Forwards until the process ends.
pub fn run(from: &End, to: &End) -> Result<()> {
    issuer::runtime().block_on(async {
        let listener = match from {
            End::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            End::Unix(path) => UnixListener::bind(path).map(Listener::Unix),
        };
        let listener = listener.with_context(|| format!("binding {from}"))?;
        serve(listener, to, &AtomicUsize::new(0)).await
    })
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn serve(listener: Listener, to: &End, connections: &AtomicUsize) -> Result<()> {
    let mut open = JoinSet::new();
    loop {
        let near: Box<dyn Stream> = match &listener {
            Listener::Tcp(listener) => Box::new(listener.accept().await?.0),
            Listener::Unix(listener) => Box::new(listener.accept().await?.0),
        };
        connections.fetch_add(1, Ordering::Relaxed);
        open.spawn(carry(near, to.clone()));
        while open.try_join_next().is_some() {}
    }
}

/// Who is not let through sees its connection end.
async fn carry(mut near: Box<dyn Stream>, to: End) {
    let far: std::io::Result<Box<dyn Stream>> = match &to {
        End::Tcp(address) => TcpStream::connect(address)
            .await
            .map(|far| Box::new(far) as _),
        End::Unix(path) => UnixStream::connect(path)
            .await
            .map(|far| Box::new(far) as _),
    };
    if let Ok(mut far) = far {
        let _ = copy_bidirectional(&mut near, &mut far).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
