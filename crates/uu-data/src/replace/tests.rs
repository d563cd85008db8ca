use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use rstest::rstest;
use tempfile::TempDir;

use super::temporary::{Temporary, remove_all_left_behind};
use super::{Access, ReplaceError, Replacement, check, make_folder, refuse_inputs, replace, replace_all};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_takes_its_name_when_it_is_whole_and_leaves_nothing_otherwise() {
    let folder = folder();
    let path = folder.path().join("out");
    let mut file = Replacement::open(&path, Access::Usual).unwrap();
    file.write_all(b"half").unwrap();
    drop(file);
    assert!(names(folder.path()).is_empty());
    for text in ["first", "second"] {
        let mut file = Replacement::open(&path, Access::Usual).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        assert!(fs::read_to_string(&path).is_ok_and(|before| before == "first") || text == "first");
        file.finish().unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path())), (text, vec!["out".to_owned()]));
    }
}

#[test]
fn a_replaced_file_keeps_its_permissions_unless_it_is_for_its_owner_alone() {
    let folder = folder();
    let path = folder.path().join("out");
    replace(&path, b"1", Access::Usual).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    replace(&path, b"2", Access::Usual).unwrap();
    assert_eq!(mode(&path), 0o640);
    replace(&path, b"3", Access::Owner).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_link_to_a_file_stays_a_link_and_one_to_nothing_is_refused() {
    let folder = folder();
    let [path, link, lost] = ["out", "link", "lost"].map(|name| folder.path().join(name));
    fs::write(&path, "before").unwrap();
    symlink("out", &link).unwrap();
    symlink("nowhere", &lost).unwrap();
    replace(&link, b"after", Access::Usual).unwrap();
    assert!(link.is_symlink() && fs::read_to_string(&path).unwrap() == "after");
    assert!(matches!(check(&lost), Err(ReplaceError::DanglingLink { to, .. }) if to == Path::new("nowhere")));
    assert!(matches!(replace(&lost, b"", Access::Owner), Err(ReplaceError::DanglingLink { .. })));
    assert!(lost.is_symlink() && names(folder.path()).len() == 3);
}

#[rstest]
#[case("sub")]
#[case("new/")]
#[case("new/.")]
#[case("sub/..")]
#[case(".")]
fn a_folder_is_refused(#[case] name: &str) {
    let folder = folder();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let path = PathBuf::from(format!("{}/{name}", folder.path().display()));
    assert!(matches!(replace(&path, b"", Access::Usual), Err(ReplaceError::Folder { .. })), "{name}");
    assert_eq!(names(folder.path()), ["sub"]);
}

/// What makes a folder a store, each alone, and a file of it.
#[rstest]
#[case(&["registry.sqlite"], "registry.sqlite")]
#[case(&["registry.sqlite"], "new.csv")]
#[case(&["format"], "format")]
#[case(&["format", "models/v0001.uumodel"], "models/v0001.uumodel")]
#[case(&["champion", "models/v0001.uumodel"], "models/deep/new.csv")]
fn nothing_is_written_into_a_store(#[case] files: &[&str], #[case] name: &str) {
    let folder = folder();
    let store = folder.path().join("store");
    fs::create_dir_all(store.join("models/deep")).unwrap();
    files.iter().for_each(|file| fs::write(store.join(file), "2\n").unwrap());
    if files == ["format"] {
        fs::remove_dir_all(store.join("models")).unwrap();
    }
    symlink(&store, folder.path().join("other")).unwrap();
    let into = folder.path().join("into");
    symlink(store.join(files[0]), &into).unwrap();
    for path in [store.join(name), folder.path().join("other").join(name), into] {
        assert!(matches!(replace(&path, b"", Access::Usual), Err(ReplaceError::InStore { .. })), "{}", path.display());
    }
    assert!(matches!(make_folder(&store.join("new/folder")), Err(ReplaceError::InStore { .. })));
    assert_eq!(fs::read_to_string(store.join(files[0])).unwrap(), "2\n");
}

#[test]
fn a_folder_with_a_file_called_format_is_no_store() {
    let folder = folder();
    fs::write(folder.path().join("format"), "PNG").unwrap();
    replace(&folder.path().join("out"), b"", Access::Usual).unwrap();
}

#[test]
fn a_pipe_is_written_into() {
    let folder = folder();
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let reader = std::thread::spawn({
        let path = path.clone();
        move || {
            // The reader may come later.
            std::thread::sleep(Duration::from_millis(200));
            let mut text = String::new();
            fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    replace(&path, &vec![b'x'; 300_000], Access::Owner).unwrap();
    assert_eq!(reader.join().unwrap().len(), 300_000);
    assert!(path.metadata().unwrap().file_type().is_fifo() && names(folder.path()).len() == 1);
}

/// A device of its own, since a mistake here would cost this machine the one that all use. Who may not make one may not replace it either.
fn device(folder: &Path, name: &str, minor: &str) -> PathBuf {
    let own = folder.join(name);
    let is_made = Command::new("mknod").arg(&own).args(["c", "1", minor]).output().is_ok_and(|made| made.status.success());
    let is_usable = is_made && fs::File::options().write(true).open(&own).is_ok();
    if is_usable { own } else { Path::new("/dev").join(name) }
}

#[test]
fn a_device_is_written_into_and_its_errors_are_told() {
    let folder = folder();
    let (null, full) = (device(folder.path(), "null", "3"), device(folder.path(), "full", "7"));
    replace(&null, b"x", Access::Owner).unwrap();
    let link = folder.path().join("link");
    symlink(&null, &link).unwrap();
    replace(&link, b"x", Access::Usual).unwrap();
    assert!(matches!(replace(&full, b"x", Access::Owner), Err(ReplaceError::Io { .. })));
    for path in [null, full] {
        assert!(path.metadata().unwrap().file_type().is_char_device());
    }
}

#[test]
fn what_a_process_has_open_is_written_into_and_not_replaced() {
    let folder = folder();
    let path = folder.path().join("out");
    fs::write(&path, "before ").unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    let inode = file.metadata().unwrap().ino();
    let open = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    replace(Path::new(&open), b"after", Access::Usual).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), path.metadata().unwrap().ino()), ("before after", inode));
}

#[test]
fn an_input_is_no_output_by_any_of_its_names() {
    let folder = folder();
    let [input, link, hard, other] = ["in", "link", "hard", "other"].map(|name| folder.path().join(name));
    [&input, &other].iter().for_each(|path| fs::write(path, "rows").unwrap());
    symlink(&input, &link).unwrap();
    fs::hard_link(&input, &hard).unwrap();
    for output in [&input, &link, &hard, &folder.path().join("./in")] {
        let refused = refuse_inputs(output, &[other.clone(), input.clone()]);
        assert!(matches!(refused, Err(ReplaceError::Input { .. })), "{}", output.display());
    }
    refuse_inputs(&other, &[input]).unwrap();
    refuse_inputs(Path::new("/dev/null"), &["/dev/null".into()]).unwrap();
}

#[test]
fn of_several_files_none_takes_its_name_before_all_are_written() {
    let folder = folder();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    fs::create_dir(&second).unwrap();
    assert!(replace_all([(first.clone(), "1"), (second.clone(), "2")], Access::Usual).is_err());
    assert_eq!(names(folder.path()), ["second"]);
    fs::remove_dir(&second).unwrap();
    replace_all([(first, "1"), (second, "2")], Access::Usual).unwrap();
    assert_eq!(names(folder.path()), ["first", "second"]);
}

#[test]
fn a_file_with_a_hidden_name_is_gone_when_it_is_dropped_and_gets_its_name_as_any_other() {
    let folder = folder();
    let hidden = || Temporary::with_name(folder.path().to_owned(), Access::Owner).unwrap();
    let file = hidden();
    assert!(names(folder.path())[0].starts_with(".uu-predictor-"));
    remove_all_left_behind(folder.path());
    assert_eq!(names(folder.path()).len(), 1, "its writer lives");
    drop(file);
    assert!(names(folder.path()).is_empty());
    hidden().put(&folder.path().join("out")).unwrap();
    assert_eq!((names(folder.path()), mode(&folder.path().join("out"))), (vec!["out".to_owned()], 0o600));
}

#[test]
fn a_later_run_removes_what_a_killed_one_left() {
    let folder = folder();
    let left = folder.path().join(".uu-predictor-AbCdEf");
    let young = folder.path().join(".uu-predictor-young1");
    [&left, &young].iter().for_each(|path| fs::write(path, "half").unwrap());
    let old = SystemTime::now() - Duration::from_secs(2 * 3_600);
    fs::File::options().write(true).open(&left).unwrap().set_modified(old).unwrap();
    replace(&folder.path().join("out"), b"", Access::Usual).unwrap();
    assert_eq!(names(folder.path()), [".uu-predictor-young1", "out"]);
}
