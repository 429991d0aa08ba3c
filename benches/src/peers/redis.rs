//! Two commands of Redis's protocol, by one connection: all that look-ups need, with nothing between them and the socket.

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

/// A connection; one command at a time.
pub(super) struct Redis {
    stream: BufStream<TcpStream>,
    line: String,
    value: Vec<u8>,
}

impl Redis {
    /// Connects to `HOST:PORT`.
    pub(super) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no Redis answers at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufStream::with_capacity(1 << 16, 1 << 16, stream), line: String::new(), value: Vec::new() })
    }

    /// Sets these keys.
    pub(super) async fn mset(&mut self, rows: &[(&str, Vec<u8>)]) -> Result<()> {
        let words = rows.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_slice()]);
        self.send("MSET", words).await?;
        ensure!(self.reply().await? == "+OK", "Redis refused: {}", self.line);
        Ok(())
    }

    /// How many of the keys have a value, by GET of one and MGET of several; all values are read.
    pub(super) async fn get(&mut self, keys: &[&str]) -> Result<usize> {
        let one = keys.len() == 1;
        self.send(if one { "GET" } else { "MGET" }, keys.iter().map(|key| key.as_bytes())).await?;
        if !one {
            let reply = self.reply().await?;
            ensure!(reply == format!("*{}", keys.len()), "Redis answers {reply}");
        }
        let mut found = 0;
        for _ in keys {
            found += usize::from(self.read_value().await?);
        }
        Ok(found)
    }

    async fn send<'a>(&mut self, command: &'a str, words: impl Iterator<Item = &'a [u8]>) -> Result<()> {
        let words: Vec<&[u8]> = std::iter::once(command.as_bytes()).chain(words).collect();
        self.stream.write_all(format!("*{}\r\n", words.len()).as_bytes()).await?;
        for word in words {
            self.stream.write_all(format!("${}\r\n", word.len()).as_bytes()).await?;
            self.stream.write_all(word).await?;
            self.stream.write_all(b"\r\n").await?;
        }
        Ok(self.stream.flush().await?)
    }

    /// A line without its end.
    async fn reply(&mut self) -> Result<&str> {
        self.line.clear();
        self.stream.read_line(&mut self.line).await?;
        self.line.strip_suffix("\r\n").context("Redis hung up")
    }

    /// Reads a bulk string; whether there is one.
    async fn read_value(&mut self) -> Result<bool> {
        let reply = self.reply().await?;
        let Some(length) = reply.strip_prefix('$') else { bail!("Redis answers {reply}") };
        let Ok(length) = length.parse::<usize>() else { return Ok(false) };
        self.value.resize(length + 2, 0);
        self.stream.read_exact(&mut self.value).await?;
        Ok(true)
    }
}
