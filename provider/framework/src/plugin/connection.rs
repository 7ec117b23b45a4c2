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
use tokio::task::JoinHandle;
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
    open: watch::Sender<Count>,
    accepting: JoinHandle<()>,
}

impl Connections {
    /// Accepts from a listener, over TLS when there is a configuration for it. A client that fails is logged and does
    /// not hold up the others.
    pub(super) fn accept(listener: Listener, tls: Option<Arc<ServerConfig>>) -> Self {
        let (sender, ready) = mpsc::channel(16);
        let (open, _) = watch::channel(Count::default());
        let acceptor = tls.map(TlsAcceptor::from);
        let count = open.clone();
        let accepting = tokio::spawn(async move {
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
            accepting,
        }
    }

    /// The accepted connections; to be taken once.
    pub(super) fn incoming(&mut self) -> Incoming {
        let ready = self.ready.take().unwrap_or_else(|| mpsc::channel(1).1);
        ReceiverStream::new(ready)
    }

    /// Stops accepting. The socket's file is gone when this returns, which no background task could promise: the process
    /// ends before those do.
    pub(super) async fn close(self) {
        self.accepting.abort();
        // Aborted is what it is meant to be.
        let _ = self.accepting.await;
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
    open: watch::Sender<Count>,
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
    open.send_modify(|count| count.opened += 1);
    // The server is gone when this fails, and the connection is closed with it.
    let _ = ready.send(Ok(Connection { stream, open })).await;
}

/// Connections so far. Two counts that only grow show even one that came and went between two looks.
#[derive(Clone, Copy, Default)]
struct Count {
    opened: u64,
    closed: u64,
}

/// Watches how many connections are open.
pub(super) struct Open(watch::Receiver<Count>);

impl Open {
    /// Returns when the host never came, or has gone and not come back.
    pub(super) async fn lost(mut self) {
        let mut patience = FIRST;
        let mut known = 0;
        loop {
            let another = self.0.wait_for(|count| count.opened > known);
            if timeout(patience, another).await.is_err() {
                return;
            }
            // An error means that the count is gone, and all connections with it.
            match self.0.wait_for(|count| count.opened == count.closed).await {
                Ok(count) => known = count.opened,
                Err(_) => return,
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
    open: watch::Sender<Count>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.send_modify(|count| count.closed += 1);
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
        let (_count, receiver) = watch::channel(Count::default());
        let began = tokio::time::Instant::now();
        Open(receiver).lost().await;
        assert_eq!(began.elapsed(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_may_come_back_within_seconds() {
        let (count, receiver) = watch::channel(Count {
            opened: 1,
            closed: 0,
        });
        let lost = tokio::spawn(Open(receiver).lost());
        for seconds in [1, 1, 100] {
            count.send_modify(|count| count.closed += 1);
            pause(Duration::from_secs(1)).await;
            assert!(!lost.is_finished());
            count.send_modify(|count| count.opened += 1);
            pause(Duration::from_secs(seconds)).await;
        }
        count.send_modify(|count| count.closed += 1);
        let gone = tokio::time::Instant::now();
        lost.await.unwrap();
        assert_eq!(gone.elapsed(), AGAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_came_and_went_at_once_is_not_waited_for_like_one_that_never_came() {
        let (_count, receiver) = watch::channel(Count {
            opened: 1,
            closed: 1,
        });
        let began = tokio::time::Instant::now();
        Open(receiver).lost().await;
        assert_eq!(began.elapsed(), AGAIN);
    }
}
