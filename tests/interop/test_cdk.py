"""The AWS CDK, unmodified, with its default settings: `cdk deploy`, `diff`, `drift` and `destroy`."""

import json
import shutil

import pytest

import packages
from conftest import ROOT

APP = ROOT / "tests/interop/cdk/app.js"
# The app's stacks: one for an account that was never bootstrapped, one with the default synthesizer.
STACKS = ["Bootstrapless", "Default"]


@pytest.fixture
def app(start):
    """An emulator, and the app in its folder."""
    stacks = start("--stub-types", "AWS::Cognito::UserPool")
    installed = packages.cdk()
    (stacks.folder / "node_modules").symlink_to(installed / "node_modules")
    stacks.client_environment["PATH"] = f"{installed}/node_modules/.bin:{stacks.client_environment['PATH']}"
    shutil.copy(APP, stacks.folder)
    stacks.write("cdk.json", json.dumps({"app": "node app.js", "context": {"namespaces": "chat"}}))
    return stacks


@pytest.mark.parametrize("stack", STACKS)
def test_an_app_is_deployed_compared_and_destroyed(app, stack):
    output = app.ok(f"cdk deploy {stack} --require-approval never")
    assert f"✅  {stack}" in output and f"{stack}.Key = da2-" in output, output
    outputs = app.outputs(stack)
    assert app.namespaces(outputs["ApiId"]) == ["chat"]
    types = {it["ResourceType"] for it in app.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]}
    # Analytics are on, so the stack has the CDK's own resource.
    assert types == {"AWS::AppSync::Api", "AWS::AppSync::ApiKey", "AWS::AppSync::ChannelNamespace", "AWS::Cognito::UserPool", "AWS::CDK::Metadata"}

    assert "(no changes)" in app.ok(f"cdk deploy {stack} --require-approval never")
    assert "Number of stacks with differences: 0" in app.ok(f"cdk diff {stack} --fail")
    more = "--context namespaces=chat,news"
    output = app.fails(f"cdk diff {stack} --fail {more}", code=1)
    assert "[+] AWS::AppSync::ChannelNamespace" in output and "Number of stacks with differences: 1" in output, output
    # The change set of a diff is deleted.
    assert app.cloudformation.list_change_sets(StackName=stack)["Summaries"] == []
    app.ok(f"cdk deploy {stack} --require-approval never {more}")
    assert app.status(stack) == "UPDATE_COMPLETE" and app.outputs(stack) == outputs
    assert app.namespaces(outputs["ApiId"]) == ["chat", "news"]

    assert "No drift detected" in app.ok(f"cdk drift {stack} --fail {more}")
    live = app.appsync.get_api(apiId=outputs["ApiId"])["api"]
    app.appsync.update_api(apiId=outputs["ApiId"], name="by hand", eventConfig=live["eventConfig"])
    output = app.fails(f"cdk drift {stack} --fail {more}", code=1)
    assert "Number of resources with drift: 1" in output and "by hand" in output, output

    output = app.ok(f"cdk destroy {stack} --force {more}")
    assert f"✅  {stack}: destroyed" in output
    assert app.appsync.list_apis()["apis"] == [] and app.cloudformation.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_failed_deployment_shows_its_cause_and_the_next_one_succeeds(app, stack):
    app.faults({"on": "Create", "resourceType": "AWS::AppSync::ChannelNamespace", "times": 1,
                "fault": {"handlerErrorCode": "ServiceLimitExceeded"}})
    output = app.fails(f"cdk deploy {stack} --require-approval never", code=1)
    assert "ServiceLimitExceeded" in output and "ROLLBACK_COMPLETE" in output, output
    assert app.appsync.list_apis()["apis"] == []
    # The CDK deletes the stack that was rolled back, and creates it again.
    app.ok(f"cdk deploy {stack} --require-approval never")
    assert app.status(stack) == "CREATE_COMPLETE"


def test_all_stacks_of_an_app_are_deployed_and_destroyed_together(app):
    app.ok("cdk deploy --all --require-approval never --method direct")
    assert sorted(it["name"] for it in app.appsync.list_apis()["apis"]) == STACKS
    app.ok("cdk destroy --all --force")
    assert app.appsync.list_apis()["apis"] == []
