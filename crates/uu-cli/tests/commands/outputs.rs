//! Where outputs may go, by every command that writes a file; and what is left of one that is interrupted.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use tempfile::TempDir;

use crate::fixture::{binary, fails, fixture, run, succeeds};

const ROWS: &str = "date,visits\n2024-05,120000\n";

/// How long a step may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a command is to write at a path, and how.
type Writes = fn(&str, &str) -> Vec<String>;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), ROWS).unwrap();
    folder
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// Paths of temporary folders have no blanks.
fn predict(folder: &str, output: &str) -> Vec<String> {
    words(&format!("predict --input {folder}/rows.csv --output-format csv --output {output} --store {}", fixture().store()))
}

fn sample(_: &str, output: &str) -> Vec<String> {
    words(&format!("sample --sites 3 --output-format csv --output {output}"))
}

fn backup(_: &str, output: &str) -> Vec<String> {
    words(&format!("backup --output {output} --store {}", fixture().store()))
}

fn export(_: &str, output: &str) -> Vec<String> {
    words(&format!("models export --artifact {output} --store {}", fixture().store()))
}

fn refused(writes: Writes, folder: &Path, output: &Path) -> String {
    let args = writes(folder.to_str().unwrap(), output.to_str().unwrap());
    fails(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn hidden(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with('.')).collect()
}

#[rstest]
#[case(predict)]
#[case(sample)]
#[case(backup)]
#[case(export)]
fn what_is_no_place_for_a_file_is_refused_and_left_as_it_is(#[case] writes: Writes) {
    let folder = folder();
    let [sub, lost, store] = ["sub", "lost.csv", "store"].map(|name| folder.path().join(name));
    fs::create_dir(&sub).unwrap();
    symlink("nowhere.csv", &lost).unwrap();
    fs::create_dir(&store).unwrap();
    let database = store.join("registry.sqlite");
    fs::write(&database, "rows").unwrap();
    let cases = [
        (sub, "is a folder", "name a file in the folder"),
        (lost.clone(), "a link to `nowhere.csv`, which does not exist", "remove the link"),
        (database.clone(), "lies in the store", "outside of the store"),
        (store.join("new.csv"), "lies in the store", "outside of the store"),
    ];
    for (output, wrong, hint) in cases {
        let error = refused(writes, folder.path(), &output);
        assert!(error.contains(wrong) && error.contains("hint: ") && error.contains(hint), "{error}");
    }
    assert!(lost.is_symlink() && !folder.path().join("nowhere.csv").exists());
    assert_eq!(fs::read_to_string(database).unwrap(), "rows");
    assert!(hidden(folder.path()).is_empty() && fs::read_dir(store).unwrap().count() == 1);
}

#[rstest]
#[case(predict)]
#[case(sample)]
#[case(backup)]
#[case(export)]
fn a_pipe_is_written_into_by_every_command(#[case] writes: Writes) {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut bytes = Vec::new();
            File::open(pipe).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        }
    });
    let args = writes(folder.path().to_str().unwrap(), pipe.to_str().unwrap());
    succeeds(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!reader.join().unwrap().is_empty());
    assert!(pipe.metadata().unwrap().file_type().is_fifo() && hidden(folder.path()).is_empty());
}

#[test]
fn folders_of_files_are_refused_in_a_store() {
    let store = fixture().store();
    let trees = format!("{store}/trees");
    let error = fails(&["models", "export", "--trees", &trees, "--store", &store]);
    assert!(error.contains("lies in the store") && !Path::new(&trees).exists(), "{error}");
    let error = fails(&["research", "--data", &fixture().path("train.csv"), "--out", &store, "--no-model"]);
    assert!(error.contains("lies in the store") && !Path::new(&store).join("report.md").exists(), "{error}");
    let error = fails(&["man", "--out", &trees]);
    assert!(error.contains("lies in the store") && !Path::new(&trees).exists(), "{error}");
}

#[test]
fn an_input_is_not_replaced_by_its_output() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let store = fixture().store();
    symlink(path("rows.csv"), path("link.csv")).unwrap();
    fs::hard_link(path("rows.csv"), path("hard.csv")).unwrap();
    for output in ["rows.csv", "link.csv", "hard.csv"].map(path) {
        let error = fails(&["predict", "--input", &path("rows.csv"), "--output", &output, "--store", &store]);
        assert!(error.contains("of the same command") && error.contains("hint: "), "{error}");
    }
    let args = ["predict", "--input", "-", "--format", "csv", "--store", &store];
    let by_stdin = binary(&args).args(["--output", &path("hard.csv")]).stdin(File::open(path("rows.csv")).unwrap()).output().unwrap();
    assert_eq!(by_stdin.status.code(), Some(2));
    // What a shell opens for `>> rows.csv` would be read again and again.
    let appended = File::options().append(true).open(path("rows.csv")).unwrap();
    let by_stdout = binary(&["predict", "--input", &path("link.csv"), "--store", &store]).stdout(appended).output().unwrap();
    assert_eq!(by_stdout.status.code(), Some(2));
    assert!(String::from_utf8(by_stdout.stderr).unwrap().contains("of the same command"));
    fs::rename(path("rows.csv"), path("report.md")).unwrap();
    let error = fails(&["research", "--data", &path("hard.csv"), "--out", folder.path().to_str().unwrap(), "--no-model"]);
    assert!(error.contains("report.md") && error.contains("of the same command"), "{error}");
    assert_eq!(fs::read_to_string(path("report.md")).unwrap(), ROWS);
}

#[test]
fn a_file_that_a_shell_opened_is_appended_to_and_not_replaced() {
    let folder = folder();
    let path = folder.path().join("out.csv");
    fs::write(&path, "before\n").unwrap();
    let opened = File::options().append(true).open(&path).unwrap();
    let args = ["sample", "--sites", "1", "--output", "/dev/stdout", "--output-format", "csv"];
    assert!(binary(&args).stdout(opened).status().unwrap().success());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("before\n") && text.lines().count() > 1, "{text}");
}

#[test]
fn a_backup_that_is_cut_off_is_no_success() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = binary(&["backup", "--output", "-", "--store", &fixture().store()]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the backup was cut off") && told.contains("hint: "), "{told}");
}

#[test]
fn a_backup_is_for_its_owner_alone_also_where_it_replaces_another() {
    let folder = folder();
    let path = folder.path().join("backup.tar.zst");
    fs::write(&path, "an older one").unwrap();
    succeeds(&["backup", "--output", path.to_str().unwrap(), "--store", &fixture().store()]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(path.metadata().unwrap().len() > 1_000);
}

/// Waits until the process has an unfinished file of the folder open.
fn wait_for_output(process: u32, folder: &Path) {
    let deadline = Instant::now() + PATIENCE;
    let is_open = || {
        let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file.starts_with(folder))
    };
    while !is_open() {
        assert!(Instant::now() < deadline, "nothing is written");
        thread::sleep(Duration::from_millis(5));
    }
}

#[rstest]
#[case("INT")]
#[case("TERM")]
fn an_interrupted_command_leaves_nothing(#[case] signal: &str) {
    let folder = folder();
    let folder = folder.path().canonicalize().unwrap();
    let output = folder.join("out.csv");
    let sample = binary(&["sample", "--sites", "4000000", "--output"]);
    // Whoever starts the tests in the background may have had interrupts ignored, which what they start would inherit.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(sample.get_program()).args(sample.get_args());
    command.arg(&output).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    wait_for_output(process.id(), &folder);
    assert!(Command::new("kill").args(["-s", signal, &process.id().to_string()]).status().unwrap().success());
    assert!(!process.wait().unwrap().success());
    assert!(!output.exists());
    assert_eq!(hidden(&folder), Vec::<PathBuf>::new());
    assert_eq!(run(&["sample", "--sites", "1", "--output", output.to_str().unwrap()]).code, 0);
}

#[rstest]
#[case("csv")]
#[case("json")]
#[case("ndjson")]
#[case("parquet")]
fn an_explanation_of_an_earlier_output_stands_beside_no_new_estimate(#[case] format: &str) {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (rows, explained, again, anew) =
        (path("rows.csv"), path(&format!("explained.{format}")), path("again.ndjson"), path("anew.ndjson"));
    let store = fixture().store();
    succeeds(&["predict", "--input", &rows, "--output", &explained, "--explain", "--store", &store]);
    succeeds(&["predict", "--input", &explained, "--output", &again, "--store", &store]);
    succeeds(&["predict", "--input", &explained, "--output", &anew, "--explain", "--level", "0.8", "--store", &store]);
    let row = |file: &str| crate::fixture::json(fs::read_to_string(file).unwrap().lines().next().unwrap());
    assert!(row(&again).get("explanation").is_none_or(serde_json::Value::is_null), "{}", row(&again));
    let (anew, users) = (row(&anew), row(&again)["unique_users"].as_f64().unwrap());
    let factors = anew["explanation"]["factors"].as_object().unwrap().values();
    let product = factors.fold(anew["explanation"]["base"].as_f64().unwrap(), |product, factor| product * factor.as_f64().unwrap());
    assert!((product - users).abs() <= 0.5 + 1e-6, "{anew}");
}
