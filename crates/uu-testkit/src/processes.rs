//! Processes as `/proc` shows them.

use std::fs;

/// The processes that a process has started and that are there now.
///
/// # Panics
/// Where there is no `/proc`.
#[must_use]
pub fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("Linux has it").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        // A process that has ended meanwhile has no such file. After the name, which may hold anything, come state and parent.
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        rest.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    processes.filter(is_child).collect()
}
