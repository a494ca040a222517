"""Waiters and paginators of boto3 for stacks."""

import pytest
from botocore.exceptions import WaiterError

from stack_stories import (
    changed, deleted, failed_deletion, failed_rollback, failed_update, imported, nothing, rollback_requested, rolled_back,
    unchanged, updated,
)
from stacks import AT_ONCE, HANDLE, namespace, template

# The waiter, what happened before, and whether it succeeds.
WAITERS = [
    ("stack_exists", updated, True),
    ("stack_exists", nothing, False),
    ("stack_create_complete", updated, True),
    ("stack_create_complete", rolled_back, False),
    ("stack_create_complete", nothing, False),
    ("stack_update_complete", updated, True),
    ("stack_update_complete", failed_update, False),
    ("stack_update_complete", failed_rollback, False),
    ("stack_delete_complete", nothing, True),
    ("stack_delete_complete", deleted, True),
    ("stack_delete_complete", failed_deletion, False),
    ("stack_rollback_complete", rollback_requested, True),
    ("stack_rollback_complete", failed_rollback, False),
    ("stack_import_complete", imported, True),
    ("stack_import_complete", lambda stacks: imported(stacks, gone=True), False),
    ("change_set_create_complete", changed, True),
    ("change_set_create_complete", unchanged, False),
]
# The operations that these wait for are not the emulator's.
UNSUPPORTED_WAITERS = {
    "stack_refactor_create_complete": {"StackRefactorId": "r"},
    "stack_refactor_execute_complete": {"StackRefactorId": "r"},
    "type_registration_complete": {"RegistrationToken": "t"},
}


@pytest.mark.parametrize("name, prepare, succeeds", WAITERS, ids=lambda it: getattr(it, "__name__", str(it)).strip("<>"))
def test_a_waiter_finds_the_end_with_its_first_call(stacks, name, prepare, succeeds):
    arguments = prepare(stacks) or {"StackName": "s"}
    stacks.calls()
    waiter = stacks.cloudformation.get_waiter(name)
    # A stack that does not exist yet is waited for, so only the number of calls ends that.
    once = {"WaiterConfig": {"MaxAttempts": 1}} if (name, prepare) == ("stack_exists", nothing) else {}
    if succeeds:
        waiter.wait(**arguments, **once)
    else:
        with pytest.raises(WaiterError):
            waiter.wait(**arguments, **once)
    assert len(stacks.calls()) == 1


def test_every_waiter_of_boto3_is_tested(stacks):
    names = {name for name, _, _ in WAITERS} | set(UNSUPPORTED_WAITERS)
    assert names == set(stacks.cloudformation.waiter_names)
    for name, arguments in UNSUPPORTED_WAITERS.items():
        with pytest.raises(WaiterError, match="does not support"):
            stacks.cloudformation.get_waiter(name).wait(**arguments)


def test_waiters_poll_while_an_operation_takes_time(start):
    stacks = start("--stack-time", "step")
    statuses = []

    def poll(parsed, **_):
        """Moves the clock by what one resource takes, each time the waiter has read a status that is not the last."""
        statuses.extend(it["StackStatus"] for it in parsed.get("Stacks", []))
        stacks.advance()
    stacks.cloudformation.meta.events.register("after-call.cloudformation.DescribeStacks", poll)

    stacks.create("s", template(Chat=namespace("chat")))
    stacks.cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig=AT_ONCE)
    assert statuses[0] == "CREATE_IN_PROGRESS" and statuses[-1] == "CREATE_COMPLETE"
    statuses.clear()
    stacks.update("s", template(Other=namespace("other")))
    stacks.cloudformation.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig=AT_ONCE)
    assert statuses[0] == "UPDATE_IN_PROGRESS" and statuses[-1] == "UPDATE_COMPLETE"
    statuses.clear()
    stacks.cloudformation.delete_stack(StackName="s")
    stacks.cloudformation.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig=AT_ONCE)
    assert statuses[0] == "DELETE_IN_PROGRESS"


def test_paginators_return_everything_once(stacks):
    names = [f"n{n:03}" for n in range(120)]
    exports = {name: {"Value": name, "Export": {"Name": name}} for name in names}
    stacks.create("many", template(None, outputs=exports, **{name: HANDLE for name in names}))

    def pages(operation, key, **arguments):
        return [it for page in stacks.cloudformation.get_paginator(operation).paginate(**arguments) for it in page[key]]
    events = pages("describe_stack_events", "StackEvents", StackName="many")
    assert len({it["EventId"] for it in events}) == len(events) == 3 * 120 + 2
    resources = pages("list_stack_resources", "StackResourceSummaries", StackName="many")
    assert sorted(it["LogicalResourceId"] for it in resources) == names
    assert [it["Name"] for it in pages("list_exports", "Exports")] == names
    for n in range(110):
        stacks.create(f"small-{n}", template(None, outputs={}, Handle=HANDLE))
    assert len(pages("describe_stacks", "Stacks")) == 111
    assert len(pages("list_stacks", "StackSummaries", StackStatusFilter=["CREATE_COMPLETE"])) == 111


def test_paginators_return_change_sets_and_their_changes(stacks):
    stacks.create("s", template())
    many = {f"n{n:03}": HANDLE for n in range(120)}
    for n in range(3):
        stacks.change("s", template(**many), change_set=f"c{n}")
    pages = stacks.cloudformation.get_paginator("list_change_sets").paginate(StackName="s")
    assert sorted(it["ChangeSetName"] for page in pages for it in page["Summaries"]) == ["c0", "c1", "c2"]
    pages = stacks.cloudformation.get_paginator("describe_change_set").paginate(StackName="s", ChangeSetName="c1")
    changes = [it["ResourceChange"] for page in pages for it in page["Changes"]]
    assert sorted(it["LogicalResourceId"] for it in changes) == sorted(many)
    assert {it["Action"] for it in changes} == {"Add"}
