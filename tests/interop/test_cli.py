"""The AWS CLI, unmodified, with only an endpoint."""

import json
import os
import subprocess
import sys

import pytest
from awscli.clidriver import create_clidriver
from botocore import xform_name

from operations import CASES, REGION, Prepared


def aws(world, *arguments):
    environment = {**world.environment, "AWS_DEFAULT_REGION": "ap-northeast-1", "AWS_ENDPOINT_URL": world.url}
    done = subprocess.run(
        [sys.executable, "-m", "awscli", *arguments, "--output", "json"],
        env=environment, text=True, capture_output=True,
    )
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


def ok(world, *arguments):
    code, answer, error = aws(world, *arguments)
    assert code == 0, error
    return answer


CONFIG = json.dumps({
    "authProviders": [{"authType": "API_KEY"}],
    "connectionAuthModes": [{"authType": "API_KEY"}],
    "defaultPublishAuthModes": [{"authType": "API_KEY"}],
    "defaultSubscribeAuthModes": [{"authType": "API_KEY"}],
})


def test_the_cli_can_create_and_delete_a_stack(world):
    assert ok(world, "sts", "get-caller-identity")["Account"] == "123456789012"
    api = ok(world, "appsync", "create-api", "--name", "by-hand", "--event-config", CONFIG)["api"]
    ok(world, "appsync", "create-channel-namespace", "--api-id", api["apiId"], "--name", "default")
    ok(world, "appsync", "create-api-key", "--api-id", api["apiId"], "--description", "x")
    for n in range(3):
        ok(world, "appsync", "create-channel-namespace", "--api-id", api["apiId"], "--name", f"n{n}")
    listed = ok(world, "appsync", "list-channel-namespaces", "--api-id", api["apiId"], "--page-size", "2")
    assert [it["name"] for it in listed["channelNamespaces"]] == ["default", "n0", "n1", "n2"]
    ok(world, "appsync", "tag-resource", "--resource-arn", api["apiArn"], "--tags", "a=b")
    tags = ok(world, "appsync", "list-tags-for-resource", "--resource-arn", api["apiArn"])["tags"]
    assert tags == {"a": "b"}
    ok(world, "appsync", "delete-api", "--api-id", api["apiId"])
    assert ok(world, "appsync", "list-apis")["apis"] == []


def test_errors_have_the_codes_of_aws(world):
    code, _, error = aws(world, "appsync", "get-api", "--api-id", "nope")
    assert code != 0 and "(NotFoundException)" in error
    code, _, error = aws(world, "iam", "get-role", "--role-name", "nope")
    assert code != 0 and "(NoSuchEntity)" in error
    code, _, error = aws(world, "iam", "list-users")
    assert code != 0 and "does not support" in error


@pytest.fixture
def in_process(world, monkeypatch, capsys):
    """Runs the CLI in this process, which is faster than a process for every case."""
    for name in [it for it in os.environ if it.startswith("AWS_") and it != "AWS_DATA_PATH"]:
        monkeypatch.delenv(name)
    for name, value in {**world.environment, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": world.url}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        code = create_clidriver().main([*arguments, "--output", "json"])
        printed = capsys.readouterr()
        return code, printed.out, printed.err
    return run


@pytest.mark.parametrize("service, operation, error", CASES, ids=lambda it: it or "ok")
def test_an_operation_has_the_outcome_that_aws_documents(world, in_process, service, operation, error):
    prepare, _, text = CASES[service, operation, error]
    request = prepare(Prepared(world.client))
    command = xform_name(operation, "-")
    code, out, err = in_process(service, command, "--cli-input-json", json.dumps(request))
    if error:
        assert code != 0 and f"({error})" in err and text in err, (code, out, err)
    else:
        assert code == 0, err
