//! The process in numbers, as the system has them. Where it has none, as outside Linux, there are none.

use std::fs;
use std::path::Path;

use super::declared::{CPU, Declared, MEMORY, MOST_FILES, OPEN_FILES, STARTED, THREADS, VIRTUAL_MEMORY};

/// Ticks of a second in `/proc`: part of Linux' interface on every architecture this runs on.
const TICKS_PER_S: f64 = 100.0;

/// Each metric of the process, and its value now.
pub(super) fn process() -> Vec<(Declared, f64)> {
    read(Path::new("/proc")).unwrap_or_default()
}

fn read(proc: &Path) -> Option<Vec<(Declared, f64)>> {
    let own = proc.join("self");
    let stat = fs::read_to_string(own.join("stat")).ok()?;
    // The name of the program stands in brackets, and may have blanks and brackets itself.
    let stat: Vec<f64> = stat.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
    // The third field of `man 5 proc_pid_stat` is the first behind the name.
    let field = |number: usize| stat.get(number - 3).copied();
    let status = fs::read_to_string(own.join("status")).ok()?;
    let mut found = vec![
        (CPU, (field(14)? + field(15)?) / TICKS_PER_S),
        (MEMORY, named(&status, "VmRSS:")? * 1024.0),
        (VIRTUAL_MEMORY, named(&status, "VmSize:")? * 1024.0),
        (THREADS, field(20)?),
    ];
    if let Some(booted) = fs::read_to_string(proc.join("stat")).ok().and_then(|stat| named(&stat, "btime")) {
        found.push((STARTED, booted + field(22)? / TICKS_PER_S));
    }
    if let Ok(files) = fs::read_dir(own.join("fd")) {
        // One of them is this reading's own.
        found.push((OPEN_FILES, files.count().saturating_sub(1) as f64));
    }
    if let Some(most) = fs::read_to_string(own.join("limits")).ok().and_then(|limits| named(&limits, "Max open files")) {
        found.push((MOST_FILES, most));
    }
    Some(found)
}

/// The first number of the line that begins with `name`.
fn named(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_has_memory_threads_files_and_a_past() {
        let found = process();
        let value = |metric: Declared| found.iter().find(|(found, _)| *found == metric).map(|(_, value)| *value).expect("it is there");
        assert!(value(MEMORY) > 1e6 && value(VIRTUAL_MEMORY) >= value(MEMORY));
        assert!(value(THREADS) >= 1.0 && value(OPEN_FILES) >= 3.0 && value(MOST_FILES) >= value(OPEN_FILES));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((now - 86_400.0..now + 5.0).contains(&value(STARTED)), "{} is not before {now}", value(STARTED));
        assert!(value(CPU) >= 0.0);
    }
}
