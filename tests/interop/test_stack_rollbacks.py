"""Failures of stacks, their rollbacks, and kills of the emulator, with boto3."""

import signal

import pytest

from conftest import HANG_S
from stack_stories import failed_rollback, failed_update
from stacks import AT_ONCE, PUBLISH, api, namespace, rejects, template


def test_an_update_is_cancelled_while_it_is_in_progress(start):
    stacks = start("--stack-time", "step")
    stacks.create("s", template())
    wait_for(stacks, "s", "CREATE_COMPLETE")
    last = {"DependsOn": "First"}
    stacks.update("s", template(First=namespace("first"), Last=namespace("last", last)))
    assert stacks.status("s") == "UPDATE_IN_PROGRESS"
    stacks.cloudformation.cancel_update_stack(StackName="s")
    wait_for(stacks, "s", "UPDATE_ROLLBACK_COMPLETE")
    assert stacks.namespaces(stacks.outputs("s")["ApiId"]) == []
    rejects(stacks.cloudformation.cancel_update_stack, StackName="s", text="CancelUpdateStack cannot be called from current stack status")


def wait_for(stacks, name, status):
    """Moves the clock until the stack has this status."""
    for _ in range(100_000):
        current = stacks.status(name)
        if current == status:
            return
        assert current.endswith("_IN_PROGRESS"), (current, stacks.events(name))
        stacks.advance()
    raise AssertionError(stacks.events(name))


def test_a_rollback_that_failed_goes_on_without_the_resource_that_cannot_be_restored(stacks):
    failed_rollback(stacks)
    stack = stacks.stack("s")
    assert (stack["StackStatus"], "[First]" in stack["StackStatusReason"]) == ("UPDATE_ROLLBACK_FAILED", True), stack
    rejects(stacks.cloudformation.update_stack, StackName="s", TemplateBody=template(), text="is in UPDATE_ROLLBACK_FAILED state and can not be updated.")
    # The fault is still there, so only skipping the resource helps.
    stacks.cloudformation.continue_update_rollback(StackName="s")
    assert stacks.status("s") == "UPDATE_ROLLBACK_FAILED"
    stacks.cloudformation.continue_update_rollback(StackName="s", ResourcesToSkip=["First"])
    assert stacks.status("s") == "UPDATE_ROLLBACK_COMPLETE"
    rejects(stacks.cloudformation.continue_update_rollback, StackName="s", text="ContinueUpdateRollback")


def test_a_rollback_that_failed_restores_everything_when_the_cause_is_gone(stacks):
    failed_rollback(stacks)
    stacks.faults()
    stacks.cloudformation.continue_update_rollback(StackName="s")
    assert stacks.status("s") == "UPDATE_ROLLBACK_COMPLETE"
    api_id = stacks.outputs("s")["ApiId"]
    for name in ["first", "second"]:
        namespace = stacks.appsync.get_channel_namespace(apiId=api_id, name=name)["channelNamespace"]
        assert namespace.get("publishAuthModes", []) == []


def test_a_failed_update_without_rollback_can_be_rolled_back_or_updated_again(stacks):
    failed_update(stacks, DisableRollback=True)
    assert stacks.status("s") == "UPDATE_FAILED"
    rejects(stacks.cloudformation.update_stack, StackName="s", TemplateBody=template(api("b")), text="is in UPDATE_FAILED state and can not be updated.")
    stacks.cloudformation.rollback_stack(StackName="s")
    assert stacks.status("s") == "UPDATE_ROLLBACK_COMPLETE"
    stacks.fail_once("Create", "Chat")
    stacks.update("s", template(Chat=namespace("chat")), DisableRollback=True)
    stacks.update("s", template(Chat=namespace("chat"), Other=namespace("other")), DisableRollback=True)
    assert stacks.status("s") == "UPDATE_COMPLETE"
    assert stacks.namespaces(stacks.outputs("s")["ApiId"]) == ["chat", "other"]


def test_a_failed_creation_without_rollback_is_deleted_by_a_rollback(stacks):
    stacks.fail_once("Create", "Chat")
    arn = stacks.create("s", template(Chat=namespace("chat")), OnFailure="DO_NOTHING")
    assert stacks.status("s") == "CREATE_FAILED" and len(stacks.appsync.list_apis()["apis"]) == 1
    stacks.cloudformation.rollback_stack(StackName="s")
    assert stacks.status(arn) == "DELETE_COMPLETE" and stacks.appsync.list_apis()["apis"] == []


def test_what_the_cleanup_cannot_delete_leaves_the_stack(stacks):
    stacks.create("s", template(Chat=namespace("chat")))
    stacks.faults({"on": "Delete", "logicalId": "Chat", "fault": {"handlerErrorCode": "ResourceConflict"}})
    stacks.update("s", template(Other=namespace("other")))
    stack = stacks.stack("s")
    assert (stack["StackStatus"], stack["StackStatusReason"]) == (
        "UPDATE_COMPLETE", "Update successful. One or more resources could not be deleted.")
    assert [status for id, status, _ in stacks.events("s") if id == "Chat"].count("DELETE_FAILED") == 3
    assert stacks.namespaces(stacks.outputs("s")["ApiId"]) == ["chat", "other"]


@pytest.mark.parametrize("time", ["real", "step"])
def test_an_operation_goes_on_after_the_emulator_was_killed(start, time):
    stacks = start("--stack-time", time)

    def check_that_it_goes_on(name, status, waiter):
        """Kills the emulator during the operation; with steps of the clock, it is certainly not complete."""
        assert time == "real" or stacks.status(name) == status
        restart(stacks)
        if time == "step":
            stacks.cloudformation.meta.events.register("after-call.cloudformation.DescribeStacks", lambda **_: stacks.advance())
        delay = {"Delay": 1, "MaxAttempts": HANG_S} if time == "real" else AT_ONCE
        stacks.cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig=delay)
    arn = stacks.create("s", template(Chat=namespace("chat"), Other=namespace("other", {"DependsOn": "Chat"})))
    check_that_it_goes_on("s", "CREATE_IN_PROGRESS", "stack_create_complete")
    assert stacks.stack("s")["StackId"] == arn and len(stacks.appsync.list_apis()["apis"]) == 1
    assert stacks.namespaces(stacks.outputs("s")["ApiId"]) == ["chat", "other"]
    stacks.update("s", template(Chat=namespace("chat", **PUBLISH)))
    check_that_it_goes_on("s", "UPDATE_IN_PROGRESS", "stack_update_complete")
    assert stacks.namespaces(stacks.outputs("s")["ApiId"]) == ["chat"]
    stacks.cloudformation.delete_stack(StackName="s")
    check_that_it_goes_on(arn, "DELETE_IN_PROGRESS", "stack_delete_complete")
    assert stacks.appsync.list_apis()["apis"] == []


def restart(stacks):
    """Kills the emulator, and starts it with the state that it left."""
    stacks.server.send_signal(signal.SIGKILL)
    assert stacks.server.wait(HANG_S) == -signal.SIGKILL
    stacks.start()
    stacks.cloudformation, stacks.appsync = stacks.boto3("cloudformation"), stacks.boto3("appsync")
