//! A stream that fails when its other end takes nothing, or next to nothing.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::pace::{Pace, TooSlow, Wait};
use crate::listen::LeastRate;

/// A stream of which a write fails that waited too long, or after others that all took little.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    pace: Pace,
    /// Since when a write waits, and what ends that.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Patient<S> {
    /// Nothing may be taken for the window of `least`, on the average of which the rate has to be reached.
    pub(super) fn new(stream: S, least: LeastRate) -> Self {
        Self {
            stream,
            limit: least.window,
            pace: Pace::new(least),
            waiting: None,
        }
    }

    /// Returns what came of a write of `count` bytes, and an error where that waited too long.
    fn bound<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
        count: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        let limit = self.limit;
        if let Poll::Ready(written) = written {
            let waited = self.waiting.take().map(|(since, _)| since.elapsed());
            let bytes = written.as_ref().map_or(0, count) as u64;
            let wait = Wait::alone(waited.unwrap_or_default());
            let noted = self.pace.note(wait, bytes).map_err(timed_out);
            return Poll::Ready(noted.and(written));
        }
        let begin = || (Instant::now(), Box::pin(sleep(limit)));
        let (_, timer) = self.waiting.get_or_insert_with(begin);
        ready!(timer.as_mut().poll(context));
        let problem = TooSlow::Nothing { time: limit };
        Poll::Ready(Err(timed_out(problem)))
    }
}

fn timed_out(problem: TooSlow) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, problem)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bound(context, written, |count| *count)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.bound(context, written, |count| *count)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bound(context, flushed, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bound(context, shut, |()| 0)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// Writes to a client that takes so much each second, until it is let go or has taken all.
    async fn written_to(bytes_per_second: usize) -> io::Result<()> {
        let (server, mut client) = duplex(10_000);
        tokio::spawn(async move {
            let mut taken = vec![0; bytes_per_second];
            while client.read_exact(&mut taken).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let least = LeastRate {
            bytes_per_second: 1000,
            window: Duration::from_secs(30),
        };
        Patient::new(server, least)
            .write_all(&vec![0; 100_000])
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_too_little_is_let_go() {
        written_to(1100).await.unwrap();
        let error = written_to(900).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the client took next to nothing for 30 s"
        );
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_let_go() {
        let (server, _client) = duplex(10);
        let least = LeastRate {
            bytes_per_second: 1,
            window: Duration::from_secs(30),
        };
        let began = Instant::now();
        let error = Patient::new(server, least).write_all(&[0; 11]).await;
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "the client took nothing for 30 s");
        assert_eq!(began.elapsed().as_secs(), 30);
    }
}
