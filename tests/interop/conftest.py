"""A new emulator for every test, and AWS clients for it."""

import json
import os
import pathlib
import subprocess
import urllib.request

import boto3
import botocore.config
import pytest

PROVISION = os.environ["PROVISION"]
ROOT = pathlib.Path(__file__).parents[2]
REGION = "ap-northeast-1"
ACCOUNT = "123456789012"
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
# The one time limit: it only ends a test that hangs.
HANG_S = 120


class World:
    """A folder, a running emulator in it, and the program."""

    def __init__(self, folder, options=None, arguments=()):
        self.folder, self.arguments = folder, arguments
        (folder / "options.json").write_text(json.dumps(options or {}))
        self.environment = {
            "HOME": str(folder),
            "PATH": os.environ.get("PATH", ""),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.start()

    def start(self):
        """Starts the emulator, with the state that the folder has."""
        self.server = subprocess.Popen(
            [PROVISION, "local", "--port", "0", "--emulator-options", "options.json", *self.arguments],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.url = self.server.stdout.readline().strip()

    def client(self, service, region=REGION, account="local", checked=True):
        return boto3.client(
            service, region_name=region, endpoint_url=self.url,
            aws_access_key_id=account, aws_secret_access_key="local",
            config=botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=checked),
        )

    def run(self, *arguments):
        return subprocess.run(
            [PROVISION, *arguments], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        )

    def provision(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments, code):
        """Runs a command that must exit with this code, and returns its output."""
        done = self.run(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def stop(self):
        self.server.terminate()
        assert self.server.wait(HANG_S) == 0


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.stop()


@pytest.fixture
def start(tmp_path):
    """Starts an emulator with stacks, with these arguments."""
    from stacks import Stacks  # It needs this module.
    started = []

    def start(*arguments):
        started.append(Stacks(tmp_path, *arguments))
        return started[-1]
    yield start
    for stacks in started:
        stacks.stop()


@pytest.fixture
def stacks(start):
    return start()


@pytest.fixture
def appsync(world):
    return world.client("appsync")


@pytest.fixture
def iam(world):
    return world.client("iam")


@pytest.fixture
def faults(world):
    def put(**members):
        body = json.dumps({name.replace("_", "-"): it for name, it in members.items()}).encode()
        request = urllib.request.Request(f"{world.url}/_provision/faults", data=body, method="PUT")
        return json.load(urllib.request.urlopen(request))
    return put


def bare(response):
    """A response without its metadata."""
    response.pop("ResponseMetadata", None)
    return response


def modes(*types):
    return [{"authType": it} for it in types]


# What this reports to `main.rs`: the cases, and the result of each.
results = {}


def pytest_collection_finish(session):
    if "COLLECTED" in os.environ:
        cases = sorted(it.nodeid for it in session.items)
        pathlib.Path(os.environ["COLLECTED"]).write_text("".join(f"{it}\n" for it in cases))


def pytest_runtest_logreport(report):
    """Reports each case after its teardown, with its first failure."""
    result = results.setdefault(report.nodeid, {"case": report.nodeid, "outcome": "passed", "text": ""})
    if result["outcome"] == "passed" and report.outcome != "passed":
        # The representation of a skip is a path, a line and the reason.
        skipped = report.skipped and isinstance(report.longrepr, tuple)
        text = report.longrepr[2].removeprefix("Skipped: ") if skipped else report.longreprtext
        result.update(outcome=report.outcome, text="\n".join([text, *(it for _, it in report.sections)]).strip())
    if report.when == "teardown" and "RESULTS" in os.environ:
        with open(os.environ["RESULTS"], "a") as file:
            file.write(json.dumps(result) + "\n")
