//! What `docs/server.md` says, against what the program does.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn help() -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let help = command.arg("-help").output().unwrap().stdout;
    String::from_utf8(help).unwrap()
}

fn docs(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_table_of_flags_is_that_of_the_help() {
    let (help, docs) = (help(), docs("server.md"));
    let (_, table) = docs.split_once("| Flag | Default | Meaning |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `-"));
    let told: BTreeSet<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let known: BTreeSet<&str> = (help.lines())
        .filter_map(|line| line.split_once("--"))
        .filter(|(before, _)| before.chars().all(|c| " -,hV".contains(c)))
        .map(|(_, name)| &name[..name.find([' ', '[', '=']).unwrap_or(name.len())])
        .filter(|name| !["help", "version"].contains(name))
        .collect();
    assert_eq!(told, known);
    // It quotes those with spaces.
    let help = help.replace('"', "");
    for default in [
        "http://localhost:8080",
        "public, max-age=3600",
        "2",
        "error",
        "config.json",
        "text",
    ] {
        assert!(
            help.contains(&format!("[default: {default}]")),
            "{default}: {help}"
        );
        assert!(table.contains(default), "{default}");
    }
}

#[test]
fn the_unit_of_systemd_knows_the_flags_and_leaves_time_to_end() {
    let (help, unit) = (help(), docs("iiif-server.service"));
    let values = |key: &str| -> Vec<String> {
        let lines = unit.lines().filter_map(|line| line.strip_prefix(key));
        lines.map(str::to_owned).collect()
    };
    let variables = values("Environment=");
    assert_eq!(variables.len(), 3);
    for variable in variables {
        let name = variable.split('=').next().unwrap();
        let flag = name.strip_prefix("IIIF_").unwrap().to_ascii_lowercase();
        assert!(
            help.contains(&format!("--{} <", flag.replace('_', "-"))),
            "{name}"
        );
    }
    let stop: u32 = values("TimeoutStopSec=")[0].parse().unwrap();
    assert!(docs("server.md").contains("after 30 seconds at most"));
    assert!(stop > 30);
}
