//! What lies between an executor and its control plane: a connection that a test can cut.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::issuer;

/// Passes connections on, until a test says otherwise. It ends when dropped.
pub struct Wire {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    server: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Whole,
    /// Connections break at once.
    Cut,
    /// Nothing comes through, and nobody is told.
    Silent,
}

impl Wire {
    /// To the address `host:port`.
    pub fn to(target: &str) -> Result<Self> {
        let target: SocketAddr = target
            .parse()
            .with_context(|| format!("{target} is no address"))?;
        let state = Arc::new(watch::Sender::new(State::Whole));
        let listener = issuer::runtime().block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let server = issuer::runtime().spawn(serve(listener, target, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            server,
        })
    }

    /// `127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        self.address.to_string()
    }

    /// Breaks all connections, those to come too.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing through, as a firewall that drops packets.
    pub fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    /// Passes connections on again.
    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, state: Arc<watch::Sender<State>>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(pass(client, target, state.subscribe()));
    }
}

async fn pass(mut client: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    // What waited in silence is gone when that ends, like a connection whose packets were dropped.
    if *state.borrow() == State::Silent {
        let _ = state.wait_for(|state| *state != State::Silent).await;
        return;
    }
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        _ = state.wait_for(|state| *state != State::Whole) => {}
    }
    let _ = state.wait_for(|state| *state != State::Silent).await;
}
