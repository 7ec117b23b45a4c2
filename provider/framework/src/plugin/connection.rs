//! Connections from accept to close: TLS handshakes beside each other, and the count of those that are open.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::listen::Listener;
use crate::wait::pause;

/// How long a client may take to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long the host may take to connect after it has read the handshake line.
const FIRST: Duration = Duration::from_mins(1);

/// How long a host whose connection broke may take to connect again before it counts as gone.
const AGAIN: Duration = Duration::from_secs(2);

/// The connections as the gRPC server takes them.
pub(super) type Incoming = ReceiverStream<io::Result<Connection>>;

/// Accepts in the background.
pub(super) struct Connections {
    ready: Option<mpsc::Receiver<io::Result<Connection>>>,
    open: watch::Sender<usize>,
}

impl Connections {
    /// Accepts from a listener, over TLS when there is a configuration for it. A client that fails is logged and does
    /// not hold up the others.
    pub(super) fn accept(listener: Listener, tls: Option<Arc<ServerConfig>>) -> Self {
        let (sender, ready) = mpsc::channel(16);
        let (open, _) = watch::channel(0);
        let acceptor = tls.map(TlsAcceptor::from);
        let count = open.clone();
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = sender.closed() => return,
                    accepted = listener.accept() => accepted,
                };
                match stream {
                    Ok(stream) => {
                        tokio::spawn(greet(
                            stream,
                            acceptor.clone(),
                            sender.clone(),
                            count.clone(),
                        ));
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: do not spin until there are some.
                        tracing::warn!(%error, "accepting a connection failed");
                        pause(Duration::from_millis(100)).await;
                    }
                }
            }
        });
        Self {
            ready: Some(ready),
            open,
        }
    }

    /// The accepted connections; to be taken once.
    pub(super) fn incoming(&mut self) -> Incoming {
        let ready = self.ready.take().unwrap_or_else(|| mpsc::channel(1).1);
        ReceiverStream::new(ready)
    }

    /// How many are open, to be watched.
    pub(super) fn open(&self) -> Open {
        Open(self.open.subscribe())
    }
}

async fn greet(
    stream: Plain,
    acceptor: Option<TlsAcceptor>,
    ready: mpsc::Sender<io::Result<Connection>>,
    open: watch::Sender<usize>,
) {
    let stream = match acceptor {
        None => Stream::Plain(stream),
        Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
            Ok(Err(error)) => {
                return tracing::warn!(%error, "refused a client that is not the Terraform that started us");
            }
            Err(_) => {
                return tracing::warn!("gave up on a client that did not finish its TLS handshake");
            }
        },
    };
    open.send_modify(|open| *open += 1);
    // The server is gone when this fails, and the connection is closed with it.
    let _ = ready.send(Ok(Connection { stream, open })).await;
}

/// Watches how many connections are open.
pub(super) struct Open(watch::Receiver<usize>);

impl Open {
    /// Returns when the host never came, or has gone and not come back.
    pub(super) async fn lost(mut self) {
        let mut patience = FIRST;
        loop {
            if timeout(patience, self.0.wait_for(|open| *open > 0))
                .await
                .is_err()
            {
                return;
            }
            // An error means that the counter is gone, and all connections with it.
            if self.0.wait_for(|open| *open == 0).await.is_err() {
                return;
            }
            patience = AGAIN;
        }
    }
}

/// A connection before TLS.
pub(super) enum Plain {
    #[cfg(unix)]
    Unix(UnixStream),
    Tcp(TcpStream),
}

enum Stream {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
}

/// One open connection; dropping it counts it out.
pub(super) struct Connection {
    stream: Stream,
    open: watch::Sender<usize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

/// Both directions of an enum of streams, handed on to whichever it is.
macro_rules! delegate_io {
    ($kind:ty, $self:ident => $inner:expr) => {
        impl AsyncRead for $kind {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                to: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let $self = self.get_mut();
                let inner: &mut dyn Io = $inner;
                Pin::new(inner).poll_read(cx, to)
            }
        }

        impl AsyncWrite for $kind {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                from: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $self = self.get_mut();
                let inner: &mut dyn Io = $inner;
                Pin::new(inner).poll_write(cx, from)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $self = self.get_mut();
                let inner: &mut dyn Io = $inner;
                Pin::new(inner).poll_flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $self = self.get_mut();
                let inner: &mut dyn Io = $inner;
                Pin::new(inner).poll_shutdown(cx)
            }
        }
    };
}

trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

delegate_io!(Plain, stream => match stream {
    #[cfg(unix)]
    Plain::Unix(stream) => stream,
    Plain::Tcp(stream) => stream,
});

delegate_io!(Connection, connection => match &mut connection.stream {
    Stream::Plain(stream) => stream,
    Stream::Tls(stream) => stream.as_mut(),
});

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_never_connects_is_lost_after_a_minute() {
        let (_open, receiver) = watch::channel(0);
        let began = tokio::time::Instant::now();
        Open(receiver).lost().await;
        assert_eq!(began.elapsed(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_may_come_back_within_seconds() {
        let (open, receiver) = watch::channel(1);
        let lost = tokio::spawn(Open(receiver).lost());
        for seconds in [1, 1, 100] {
            open.send_replace(0);
            pause(Duration::from_secs(1)).await;
            assert!(!lost.is_finished());
            open.send_replace(1);
            pause(Duration::from_secs(seconds)).await;
        }
        open.send_replace(0);
        let gone = tokio::time::Instant::now();
        lost.await.unwrap();
        assert_eq!(gone.elapsed(), AGAIN);
    }
}
