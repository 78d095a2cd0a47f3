//! The machine: its memory, and sizes in bytes as people write them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A number of bytes, written `512MiB`, `2GB`, `1073741824`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A text that is no number of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no number of bytes; expected a whole number, with B, KiB, MiB, GiB, KB, MB or GB behind it, such as `512MiB`"
)]
pub struct ParseByteSizeError(String);

const UNITS: [(&str, u64); 11] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    // Go's and Docker's letters are powers of two.
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("b", 1),
    ("", 1),
];

impl FromStr for ByteSize {
    type Err = ParseByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ParseByteSizeError(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_digits| fail())?;
        let unit = unit.trim().to_ascii_lowercase();
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(fail)?;
        number.checked_mul(*factor).map(Self).ok_or_else(fail)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(_, factor): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*factor);
        let binary = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match binary.iter().find(exact) {
            Some((name, factor)) => write!(f, "{}{name}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The memory of a Lambda function in MiB (Lambda developer guide, "Defined runtime environment
/// variables"). Its machine has more.
const LAMBDA_MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// Returns the memory that this process may use, in bytes: the least of the machine's, of that of its
/// control group and of that of its Lambda function; `None` where none is known.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let function = std::env::var(LAMBDA_MEMORY).ok();
    memory_bytes_below(Path::new("/"), function.as_deref())
}

fn memory_bytes_below(root: &Path, function_mebibytes: Option<&str>) -> Option<u64> {
    let function = function_mebibytes
        .and_then(|mebibytes| mebibytes.parse::<u64>().ok())
        .map(|mebibytes| mebibytes << 20);
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let machine = read("proc/meminfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kibibytes * 1024)
    });
    let group = group_limits(root).into_iter().min();
    [machine, group, function].into_iter().flatten().min()
}

/// Returns how many files and connections this process may have open, its `ulimit -n`; `None` where it is
/// not known, which is so everywhere but on Linux.
#[must_use]
pub fn open_files() -> Option<u64> {
    open_files_in(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

/// Lets this process have as many files and connections open as the system permits, its hard limit: the soft
/// one is for programs that count files in a set of 1024.
pub fn raise_open_files() {
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "limits of the process")]
    // SAFETY: both read or write the limits in the struct that they are given (getrlimit(2)).
    unsafe {
        let mut limits = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limits) == 0 {
            limits.rlim_cur = limits.rlim_max;
            // Where it is refused, it stays as it is.
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limits);
        }
    }
}

fn open_files_in(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|it| it.strip_prefix("Max open files"))?;
    // The soft limit, then the hard one.
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Returns the limits of the control groups that this process is in: its own, and those above, which hold for
/// it too. A container sees its own as the uppermost one, a service of systemd is some steps below that.
fn group_limits(root: &Path) -> Vec<u64> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    // Version 2, then version 1.
    let mut limits = Vec::new();
    for (mount, controller, file) in [
        ("sys/fs/cgroup", "", "memory.max"),
        ("sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes"),
    ] {
        // `hierarchy:controllers:/path` (cgroups(7)).
        let mut paths = groups.lines().filter_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let is_it = controllers.split(',').any(|it| it == controller);
            // Where the group is above what is mounted, nothing of it is seen.
            (is_it && !path.contains("..")).then_some(path)
        });
        let path = Path::new(paths.next().unwrap_or_default().trim_start_matches('/'));
        let read = |group: &Path| std::fs::read_to_string(root.join(mount).join(group).join(file));
        let found = path.ancestors().filter_map(|group| read(group).ok());
        // "max" does not parse and means no limit.
        limits.extend(found.filter_map(|text| text.trim().parse::<u64>().ok()));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_sizes_are_read_as_people_write_them() {
        let cases = [
            ("1048576", Some(1 << 20)),
            ("512MiB", Some(512 << 20)),
            ("512 mib", Some(512 << 20)),
            ("2GB", Some(2_000_000_000)),
            ("4g", Some(4 << 30)),
            ("0", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5GiB", None),
            ("12 parsecs", None),
            ("99999999999GiB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse().ok(), expected.map(ByteSize), "{text}");
        }
        assert_eq!(ByteSize(512 << 20).to_string(), "512MiB");
        assert_eq!(ByteSize(1000).to_string(), "1000");
    }

    #[test]
    fn a_control_group_or_a_function_bounds_the_memory_of_the_machine() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(memory_bytes_below(root.path(), None), None);
        write("proc/meminfo", "MemTotal:       2048 kB\nMemFree: 1 kB\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(2 << 20));
        write("sys/fs/cgroup/memory.max", "max\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(2 << 20));
        write("sys/fs/cgroup/memory.max", "1048576\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(1 << 20));
        write("sys/fs/cgroup/memory.max", "max\n");
        assert_eq!(memory_bytes_below(root.path(), Some("1")), Some(1 << 20));
    }

    #[test]
    fn open_files_are_those_of_the_soft_limit() {
        let head = "Limit          Soft Limit  Hard Limit  Units\nMax processes  1  2  processes\n";
        for (line, expected) in [
            ("Max open files   1024   524288   files\n", Some(1024)),
            (
                "Max open files   unlimited   unlimited   files\n",
                Some(u64::MAX),
            ),
            ("", None),
        ] {
            assert_eq!(open_files_in(&format!("{head}{line}")), expected, "{line}");
        }
    }

    #[test]
    fn the_control_group_of_a_service_and_those_above_it_bound_the_memory() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let slice = "sys/fs/cgroup/system.slice";
        write("proc/self/cgroup", "0::/system.slice/iiif-server.service\n");
        write(&format!("{slice}/iiif-server.service/memory.max"), "1000\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(1000));
        write(&format!("{slice}/memory.max"), "800\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(800));
        write(&format!("{slice}/iiif-server.service/memory.max"), "max\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(800));
        write("proc/self/cgroup", "0::/../elsewhere.slice\n");
        assert_eq!(memory_bytes_below(root.path(), None), None);

        // Version 1, of which each controller has groups of its own.
        let lines = "11:cpu,cpuacct:/other\n4:memory:/docker/1\n";
        write("proc/self/cgroup", lines);
        let memory = "sys/fs/cgroup/memory";
        write(
            &format!("{memory}/memory.limit_in_bytes"),
            "9223372036854771712\n",
        );
        write(&format!("{memory}/docker/1/memory.limit_in_bytes"), "700\n");
        assert_eq!(memory_bytes_below(root.path(), None), Some(700));
    }
}
