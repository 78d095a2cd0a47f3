//! The program as a process, and a client of few words.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take. No test gets slower or faster by it, only a failure does.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running program, ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    log: Receiver<String>,
    /// What it logged until it listened.
    pub(crate) start: Vec<String>,
    /// Where it listens, in the order of its flags.
    pub(crate) addresses: Vec<String>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Starts the program in a folder and waits until it listens.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
        Self::start_as(program, folder, args)
    }

    /// Starts it with so many files and connections that it may open.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_with_files(files: usize, folder: &Path, args: &[&str]) -> Self {
        let mut program = Command::new("/bin/sh");
        let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        program.args(["-c", &script, env!("CARGO_BIN_EXE_iiif-server")]);
        Self::start_as(program, folder, args)
    }

    fn start_as(mut program: Command, folder: &Path, args: &[&str]) -> Self {
        let mut child = program
            .env_clear()
            .args(args)
            .env("IIIF_SERVER_URI", "http://127.0.0.1:0")
            .current_dir(folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, log) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            child,
            log,
            start: Vec::new(),
            addresses: Vec::new(),
        };
        let listeners = 1 + usize::from(args.contains(&"-admin-uri"));
        for _ in 0..listeners {
            let lines = server.lines_until("listening at http");
            let address = lines.last().unwrap().rsplit("://").next().unwrap();
            let address = address.split_whitespace().next().unwrap();
            server.addresses.push(address.to_owned());
            server.start.extend(lines);
        }
        server
    }

    /// Returns how many files and connections it has open.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Returns a sum over all of its memory: of a line of `/proc/PID/smaps_rollup`.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        let file = format!("/proc/{}/smaps_rollup", self.child.id());
        let sums = std::fs::read_to_string(file).unwrap();
        let line = sums
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Waits for a line of the log, and returns it with those before it.
    pub(crate) fn lines_until(&self, text: &str) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        while !seen.last().is_some_and(|line| line.contains(text)) {
            let line = self.log.recv_timeout(PATIENCE);
            assert!(line.is_ok(), "no line with `{text}` among {seen:#?}");
            seen.push(line.unwrap());
        }
        seen
    }

    /// Opens a connection of which reads fail that wait too long.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.addresses[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(0, "GET", path)
    }

    pub(crate) fn ask(&self, listener: usize, method: &str, path: &str) -> Answer {
        self.send(listener, &format!("{method} {path}"), "", &[])
    }

    /// `headers` are lines with their ends.
    pub(crate) fn send(&self, listener: usize, what: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.addresses[listener]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n"
        )
        .unwrap();
        stream.write_all(body).unwrap();
        Answer::read(stream)
    }

    /// Asks until an answer is as it should be.
    pub(crate) fn wait_until(&self, path: &str, is_it: impl Fn(&Answer) -> bool) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.get(path);
            if is_it(&answer) {
                return answer;
            }
            let text = answer.text();
            assert!(began.elapsed() < PATIENCE, "{path} stays {text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends the signal that asks a program to end.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
    }

    /// Waits for the end of the program, and returns its exit code.
    #[cfg(unix)]
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that ended already cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    /// Reads until the server closes the connection.
    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: answer[end + 4..].to_vec(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }
}
