//! The Python environment of the tests, with pinned clients of AWS.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The virtual environment, which is created again if the list of packages changes.
pub fn environment() -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let requirements = project.join("tests/interop/requirements.txt");
    let folder = project.join("target/interop");
    fs::create_dir_all(&folder).unwrap();
    let lock =
        File::options().create(true).truncate(false).write(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (venv, made) = (folder.join("venv"), folder.join("made-from.txt"));
    if fs::read(&made).ok() != Some(fs::read(&requirements).unwrap()) {
        let _ = fs::remove_dir_all(&venv);
        let must = |command: &mut Command, what: &str| {
            let done = command
                .output()
                .unwrap_or_else(|error| panic!("{what}: {error}; the tests need python3"));
            assert!(done.status.success(), "{what}: {}", String::from_utf8_lossy(&done.stderr));
        };
        must(Command::new("python3").args(["-m", "venv"]).arg(&venv), "python3 -m venv");
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements);
        must(&mut pip, "pip install");
        fs::copy(&requirements, &made).unwrap();
    }
    venv
}
