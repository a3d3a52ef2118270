//! A folder of its own for each test, and the command run in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A folder that is empty at first.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target folder can be written");
        Self { path }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the target folder can be written");
        std::fs::write(path, text).expect("the target folder can be written");
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs the command, with its words separated by spaces, in the folder.
    pub(crate) fn run(&self, words: &str) -> Ran {
        self.run_with(words, b"", &[])
    }

    /// The same in a folder inside.
    pub(crate) fn run_in(&self, folder: &str, words: &str) -> Ran {
        Self { path: self.path(folder) }.run(words)
    }

    /// The same with standard input and variables.
    pub(crate) fn run_with(&self, words: &str, stdin: &[u8], variables: &[(&str, &str)]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_swasm"))
            .args(words.split_whitespace())
            .current_dir(&self.path)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command was built for this test");
        // The command may end without having read it.
        let _ = child.stdin.take().expect("it is piped").write_all(stdin);
        let output = child.wait_with_output().expect("the command ends");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ran {
    /// Whether it said nothing on standard error and ended well; gives its output.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert!(self.status == 0 && self.stderr.is_empty(), "{self:#?}");
        self.stdout
    }

    /// Whether it ended with `status`; gives what it said.
    #[track_caller]
    pub(crate) fn failed(self, status: i32) -> String {
        assert!(self.status == status, "{self:#?}");
        self.stderr
    }
}

/// Prints the line `Hello, world!`.
pub(crate) const HELLO: &str = include_str!("../../src/new/main.swir");
