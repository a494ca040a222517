"""Pinned clients that need separate environments, which are created again when their lists of packages change.

They are in target/interop, next to the environment that the tests of Rust create.
"""

import contextlib
import fcntl
import shutil
import subprocess
import sys

from conftest import ROOT

ENVIRONMENTS = ROOT / "target/interop"
SOURCES = ROOT / "tests/interop"


def sam():
    """The folder with the programs of the AWS SAM CLI, whose dependencies conflict with the other Python packages."""
    venv, requirements = ENVIRONMENTS / "venv-sam", SOURCES / "requirements-sam.txt"
    with outdated(venv, requirements) as is_outdated:
        if is_outdated:
            must(sys.executable, "-m", "venv", venv)
            must(venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
    return venv / "bin"


def cdk():
    """The folder with the AWS CDK's CLI and library in `node_modules`."""
    folder, lock = ENVIRONMENTS / "cdk", SOURCES / "cdk/package-lock.json"
    with outdated(folder, lock) as is_outdated:
        if is_outdated:
            folder.mkdir()
            for name in ["package.json", "package-lock.json", ".npmrc"]:
                shutil.copy(SOURCES / "cdk" / name, folder)
            must("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    return folder


@contextlib.contextmanager
def outdated(folder, source):
    """Whether a folder must be created from this file. Other processes wait until that is done."""
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    made_from = ENVIRONMENTS / f"{folder.name}-made-from{source.suffix}"
    with open(ENVIRONMENTS / f"{folder.name}-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_outdated = not made_from.exists() or made_from.read_bytes() != source.read_bytes()
        if is_outdated:
            shutil.rmtree(folder, ignore_errors=True)
        yield is_outdated
        shutil.copy(source, made_from)


def must(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, **more)
    assert done.returncode == 0, f"{command}: {done.stderr}"
