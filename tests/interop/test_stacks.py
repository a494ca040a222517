"""CloudFormation stacks with boto3, unmodified: updates, deletions, exports, policies, drift and change sets."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from stacks import MODES, PUBLISH, api, namespace, rejects, template


def test_an_update_changes_what_it_can_in_place_and_replaces_the_rest(stacks):
    stacks.create("s", template(Same=namespace("same"), Renamed=namespace("old"), Removed=namespace("removed")))
    ids = {id: stacks.physical_id("s", id) for id in ["Api", "Same", "Renamed"]}
    seen = len(stacks.events("s"))
    body = template(api("renamed"), Same=namespace("same", **PUBLISH), Renamed=namespace("new"))
    changes = {it["ResourceChange"]["LogicalResourceId"]: it["ResourceChange"] for it in stacks.change("s", body)["Changes"]}
    assert {id: (it["Action"], it.get("Replacement")) for id, it in changes.items()} == {
        "Api": ("Modify", "False"), "Same": ("Modify", "False"), "Renamed": ("Modify", "True"), "Removed": ("Remove", None)}
    [detail] = changes["Renamed"]["Details"]
    assert (detail["Target"]["Path"], detail["Target"]["BeforeValue"], detail["Target"]["AfterValue"]) == ("/Properties/Name", "old", "new")
    stacks.cloudformation.execute_change_set(StackName="s", ChangeSetName="change")

    api_id = stacks.outputs("s")["ApiId"]
    assert stacks.appsync.get_api(apiId=api_id)["api"]["name"] == "renamed"
    assert stacks.namespaces(api_id) == ["new", "same"]
    assert stacks.appsync.get_channel_namespace(apiId=api_id, name="same")["channelNamespace"]["publishAuthModes"] == MODES
    after = {id: stacks.physical_id("s", id) for id in ids}
    assert (after["Api"], after["Same"]) == (ids["Api"], ids["Same"]) and after["Renamed"] != ids["Renamed"]
    events = stacks.events("s")[seen:]
    assert events[0] == ("s", "UPDATE_IN_PROGRESS", "User Initiated")
    reason = "Requested update requires the creation of a new physical resource; hence creating one."
    assert [it for it in events if it[0] == "Renamed"] == [
        ("Renamed", "UPDATE_IN_PROGRESS", reason),
        ("Renamed", "UPDATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Renamed", "UPDATE_COMPLETE", None),
        ("Renamed", "DELETE_IN_PROGRESS", None),
        ("Renamed", "DELETE_COMPLETE", None),
    ]
    cleanup = [id for id, status, _ in events if status == "DELETE_COMPLETE"]
    assert sorted(cleanup) == ["Removed", "Renamed"]
    assert events.index(("s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None)) < min(
        n for n, it in enumerate(events) if it[1] == "DELETE_IN_PROGRESS")
    assert events[-1] == ("s", "UPDATE_COMPLETE", None)


DESCRIBED = {"ApiId": {"Value": {"Fn::GetAtt": ["Api", "ApiId"]}, "Description": "The id"}}


@pytest.mark.parametrize("body, more, is_change", [
    (template(Chat=namespace("chat"), outputs=DESCRIBED), {}, True),
    (template(Chat=namespace("chat")), {"Tags": [{"Key": "a", "Value": "b"}]}, True),
    (template(api(DeletionPolicy="Retain"), Chat=namespace("chat")), {}, True),
    (template(Chat=namespace("chat", {"DependsOn": "Api"})), {}, False),
    (template({**api(), "Properties": {**api()["Properties"], "Name": {"Fn::Join": ["", ["ch", "at"]]}}}, Chat=namespace("chat")), {}, False),
], ids=["outputs", "tags", "DeletionPolicy", "DependsOn", "spelling"])
def test_what_is_a_change_without_a_changed_property(stacks, body, more, is_change):
    stacks.create("s", template(Chat=namespace("chat")))
    if is_change:
        stacks.update("s", body, **more)
        assert stacks.status("s") == "UPDATE_COMPLETE"
    else:
        rejects(stacks.cloudformation.update_stack, StackName="s", TemplateBody=body, text="No updates are to be performed.")


def test_early_validation_finds_a_fault_before_anything_is_changed(stacks):
    stacks.create("s", template())
    request = {"StackName": "s", "ChangeSetName": "c"}
    stacks.cloudformation.create_change_set(**request, TemplateBody=template(Chat=namespace("chat", Nope=1)))
    described = stacks.cloudformation.describe_change_set(**request)
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "AWS::EarlyValidation" in described["StatusReason"] and "DescribeEvents API" in described["StatusReason"]
    events = stacks.cloudformation.describe_events(**request, Filters={"FailedEvents": True})["OperationEvents"]
    [path] = {it["ValidationPath"] for it in events if it["EventType"] == "VALIDATION_ERROR"}
    assert path.startswith("/Resources/Chat")
    assert stacks.namespaces(stacks.outputs("s")["ApiId"]) == []


def test_deleting_a_stack_keeps_the_resources_that_it_retains(stacks):
    kept = {"DeletionPolicy": "Retain"}
    arn = stacks.create("s", template(api(**kept), Kept=namespace("kept", kept), Deleted=namespace("deleted")))
    api_id = stacks.outputs("s")["ApiId"]
    stacks.cloudformation.delete_stack(StackName="s")
    assert stacks.namespaces(api_id) == ["kept"]
    ends = {(id, status) for id, status, _ in stacks.events(arn) if status.startswith("DELETE_") and status != "DELETE_IN_PROGRESS"}
    assert ends == {("Api", "DELETE_SKIPPED"), ("Kept", "DELETE_SKIPPED"), ("Deleted", "DELETE_COMPLETE"), ("s", "DELETE_COMPLETE")}
    assert stacks.status(arn) == "DELETE_COMPLETE"


def test_a_stack_whose_deletion_failed_is_deleted_without_the_resource(stacks):
    arn = stacks.create("s", template(Chat=namespace("chat")))
    api_id = stacks.outputs("s")["ApiId"]
    stacks.faults({"on": "Delete", "logicalId": "Api", "fault": {"handlerErrorCode": "ResourceConflict"}})
    rejects(stacks.cloudformation.delete_stack, StackName="s", RetainResources=["Api"], text="DELETE_FAILED")
    stacks.cloudformation.delete_stack(StackName="s")
    assert stacks.stack("s")["StackStatusReason"] == "The following resource(s) failed to delete: [Api]. "
    stacks.cloudformation.delete_stack(StackName="s", RetainResources=["Api"])
    assert stacks.status(arn) == "DELETE_COMPLETE"
    assert stacks.namespaces(api_id) == []


def test_an_export_is_not_deleted_or_changed_while_a_stack_imports_it(stacks):
    exported = {"Id": {"Value": {"Fn::GetAtt": ["Api", "ApiId"]}, "Export": {"Name": "chat-api"}}}
    stacks.create("network", template(outputs=exported))
    imports = namespace("chat", ApiId={"Fn::ImportValue": "chat-api"})
    stacks.create("app", template(None, outputs={}, Chat=imports))
    [export] = stacks.cloudformation.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("chat-api", stacks.outputs("network")["Id"])
    assert stacks.cloudformation.list_imports(ExportName="chat-api")["Imports"] == ["app"]

    stacks.cloudformation.delete_stack(StackName="network")
    stack = stacks.stack("network")
    in_use = "Export chat-api cannot be deleted as it is in use by app"
    assert (stack["StackStatus"], in_use in stack["StackStatusReason"]) == ("DELETE_FAILED", True), stack
    stacks.cloudformation.delete_stack(StackName="app")
    rejects(stacks.cloudformation.list_imports, ExportName="chat-api", text="is not imported by any stack")
    stacks.cloudformation.delete_stack(StackName="network")
    assert stacks.cloudformation.describe_stacks()["Stacks"] == []


def test_an_update_that_removes_an_imported_export_is_rolled_back(stacks):
    exported = {"Id": {"Value": {"Fn::GetAtt": ["Api", "ApiId"]}, "Export": {"Name": "chat-api"}}}
    stacks.create("network", template(outputs=exported))
    stacks.create("app", template(None, outputs={}, Chat=namespace("chat", ApiId={"Fn::ImportValue": "chat-api"})))
    stacks.update("network", template(api("renamed")))
    assert stacks.status("network") == "UPDATE_ROLLBACK_COMPLETE"
    text = "Export chat-api cannot be deleted as it is in use by app"
    assert any(text in (reason or "") for _, _, reason in stacks.events("network")), stacks.events("network")
    assert stacks.appsync.get_api(apiId=stacks.outputs("network")["Id"])["api"]["name"] == "chat"


def test_a_protected_stack_is_not_deleted(stacks):
    stacks.create("s", template(), EnableTerminationProtection=True)
    text = "Stack [s] cannot be deleted while TerminationProtection is enabled"
    rejects(stacks.cloudformation.delete_stack, StackName="s", text=text)
    assert stacks.stack("s")["EnableTerminationProtection"] is True
    stacks.cloudformation.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    stacks.cloudformation.delete_stack(StackName="s")
    assert stacks.cloudformation.describe_stacks()["Stacks"] == []


def test_a_stack_policy_denies_an_update(stacks):
    stacks.create("s", template(Chat=namespace("chat")))
    allow = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "Resource": "LogicalResourceId/Chat"}
    policy = json.dumps({"Statement": [allow, deny]})
    stacks.cloudformation.set_stack_policy(StackName="s", StackPolicyBody=policy)
    assert stacks.cloudformation.get_stack_policy(StackName="s")["StackPolicyBody"] == policy
    stacks.update("s", template(Chat=namespace("chat", **PUBLISH)))
    assert stacks.status("s") == "UPDATE_ROLLBACK_COMPLETE"
    [(id, reason)] = [(id, reason) for id, status, reason in stacks.events("s") if status == "UPDATE_FAILED"]
    assert id == "Chat" and "Action denied by stack policy" in reason
    # The API is not what the policy denies.
    stacks.update("s", template(api("renamed"), Chat=namespace("chat")))
    assert stacks.status("s") == "UPDATE_COMPLETE"


def test_drift_is_what_changed_outside_of_the_stack(stacks):
    stacks.create("s", template(Chat=namespace("chat", **PUBLISH), Other=namespace("other"), Gone=namespace("gone")))
    api_id = stacks.outputs("s")["ApiId"]

    def detect():
        id = stacks.cloudformation.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
        status = stacks.cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
        assert status["DetectionStatus"] == "DETECTION_COMPLETE", status
        drifts = stacks.cloudformation.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
        return status["StackDriftStatus"], {it["LogicalResourceId"]: it for it in drifts}
    status, drifts = detect()
    assert (status, {it["StackResourceDriftStatus"] for it in drifts.values()}) == ("IN_SYNC", {"IN_SYNC"}), drifts
    stacks.appsync.update_channel_namespace(apiId=api_id, name="chat", publishAuthModes=[], subscribeAuthModes=MODES)
    stacks.appsync.delete_channel_namespace(apiId=api_id, name="gone")
    status, drifts = detect()
    assert status == "DRIFTED" and stacks.stack("s")["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    assert {id: it["StackResourceDriftStatus"] for id, it in drifts.items()} == {
        "Api": "IN_SYNC", "Chat": "MODIFIED", "Other": "IN_SYNC", "Gone": "DELETED"}
    differences = {it["PropertyPath"]: it["DifferenceType"] for it in drifts["Chat"]["PropertyDifferences"]}
    assert any(path.startswith("/PublishAuthModes") and kind == "REMOVE" for path, kind in differences.items()), differences
    drift = stacks.cloudformation.detect_stack_resource_drift(StackName="s", LogicalResourceId="Chat")["StackResourceDrift"]
    assert drift["StackResourceDriftStatus"] == "MODIFIED"
    assert json.loads(drift["ExpectedProperties"])["PublishAuthModes"] == PUBLISH["PublishAuthModes"]


def test_a_change_set_can_revert_drift(stacks):
    body = template(Chat=namespace("chat", **PUBLISH))
    stacks.create("s", body)
    api_id = stacks.outputs("s")["ApiId"]
    stacks.appsync.update_channel_namespace(apiId=api_id, name="chat", publishAuthModes=[])
    change_set = stacks.change("s", body, DeploymentMode="REVERT_DRIFT")
    [change] = [it["ResourceChange"] for it in change_set["Changes"]]
    assert (change["LogicalResourceId"], change["Action"]) == ("Chat", "Modify"), change
    stacks.cloudformation.execute_change_set(StackName="s", ChangeSetName="change")
    live = stacks.appsync.get_channel_namespace(apiId=api_id, name="chat")["channelNamespace"]
    assert (stacks.status("s"), live["publishAuthModes"]) == ("UPDATE_COMPLETE", MODES)


def test_a_change_set_is_executed_once(stacks):
    stacks.create("s", template())
    arn = stacks.change("s", template(Chat=namespace("chat")))["ChangeSetId"]

    def execute(_):
        try:
            stacks.cloudformation.execute_change_set(ChangeSetName=arn)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "executed"
    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(execute, range(8)))
    assert outcomes == ["InvalidChangeSetStatus"] * 7 + ["executed"]
    assert [status for id, status, _ in stacks.events("s") if id == "Chat"].count("CREATE_COMPLETE") == 1
