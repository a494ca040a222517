"""Outputs, read by a parser of each format."""

import io
import json
import subprocess

import dotenv
import hcl2
import yaml

SPEC = """
version: 1
stack: chat
apis:
  my-api:
    name: Chat for everybody
    auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM] }
    namespaces: { chat: {}, news: {} }
    apiKeys: { web: {} }
"""


def test_every_format_contains_the_same_outputs(world):
    world.write("spec.yaml", SPEC)
    world.provision("apply", "spec.yaml", "--local", "--yes")

    def outputs(form):
        return world.provision("outputs", "spec.yaml", "--local", "--reveal", "--format", form)

    document = json.loads(outputs("json"))
    assert yaml.safe_load(outputs("yaml")) == document
    [api] = document["apis"]
    expected = {
        "MY_API_API_ID": api["id"],
        "MY_API_API_ARN": api["arn"],
        "MY_API_API_NAME": "Chat for everybody",
        "MY_API_REGION": "us-east-1",
        "MY_API_HTTP_HOST": api["http"]["host"],
        "MY_API_HTTP_URL": f"{world.url}/apis/{api['id']}/event",
        "MY_API_REALTIME_HOST": api["realtime"]["host"],
        "MY_API_REALTIME_URL": f"{world.url.replace('http', 'ws')}/apis/{api['id']}/event/realtime",
        "MY_API_AUTH_PROVIDERS": "API_KEY,AWS_IAM",
        "MY_API_CONNECT_AUTH_MODES": "API_KEY,AWS_IAM",
        "MY_API_PUBLISH_AUTH_MODES": "AWS_IAM",
        "MY_API_SUBSCRIBE_AUTH_MODES": "API_KEY,AWS_IAM",
        "MY_API_NAMESPACES": "chat,news",
        "MY_API_API_KEY_WEB": api["apiKeys"][0]["value"],
    }
    lower = {name.lower(): value for name, value in expected.items()}
    assert dotenv.dotenv_values(stream=io.StringIO(outputs("dotenv"))) == expected
    read = hcl2.loads(outputs("tfvars"))
    assert {name: value.strip('"') for name, value in read.items() if name in lower} == lower
    assert dict(line.split("=", 1) for line in outputs("github").splitlines()) == lower

    script = 'set -a; eval "$1"; set +a; exec env'
    done = subprocess.run(
        ["sh", "-c", script, "sh", outputs("env")], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    environment = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {name: environment[name] for name in expected} == expected

    events = json.loads(outputs("amplify"))["API"]["Events"]
    assert events == {
        "endpoint": expected["MY_API_HTTP_URL"].replace("http://127.0.0.1", "https://localhost"),
        "region": "us-east-1",
        "defaultAuthMode": "apiKey",
        "apiKey": expected["MY_API_API_KEY_WEB"],
    }
