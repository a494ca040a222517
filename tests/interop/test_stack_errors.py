"""The error texts of CloudFormation's operations on stacks, as boto3 sees them.

Clients compare some of these texts, so they are AWS's, complete. A text that AWS does not document is matched by the
part that is known.
"""

import json

import pytest
from botocore.exceptions import ClientError

from stack_stories import changed, failed_deletion, nothing, rolled_back, unchanged
from stacks import HANDLE, namespace, template

ARN = "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/s/00000000-0000-0000-0000-000000000000"
CHANGE_SET_ARN = "arn:aws:cloudformation:ap-northeast-1:123456789012:changeSet/c/00000000-0000-0000-0000-000000000000"
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}
NAMED_ROLE = {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "r"}}
SMALL = template(None, outputs={}, Handle=HANDLE)
LONG = json.dumps({"Resources": {"Handle": HANDLE}, "Description": "x" * 51_200})
EXPANDED = json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": {"Handle": HANDLE}})
NAME_PATTERN = "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"


def text(body):
    return {"StackName": "s", "TemplateBody": body}


def created(stacks):
    stacks.create("s", template())


def reviewed(stacks):
    stacks.cloudformation.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template())


def protected(stacks):
    stacks.create("s", template(), EnableTerminationProtection=True)


def obsolete(stacks):
    """A change set that an update without a change set made obsolete."""
    changed(stacks)
    arn = stacks.cloudformation.describe_change_set(StackName="s", ChangeSetName="c")["ChangeSetId"]
    stacks.update("s", template(Other=namespace("other")))
    return {"ChangeSetName": arn}


def executed(stacks):
    """A change set that was executed."""
    changed(stacks)
    arn = stacks.cloudformation.describe_change_set(StackName="s", ChangeSetName="c")["ChangeSetId"]
    stacks.cloudformation.execute_change_set(ChangeSetName=arn)
    return {"ChangeSetName": arn}


def iam_changed(stacks):
    """A change set whose template needs a capability that it does not have."""
    stacks.create("s", template())
    stacks.cloudformation.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=template(Role=ROLE))


# What happened before, the operation with its request, the code and the text. `<ARN>` is the ARN of the stack `s`.
ERRORS = [
    # What does not exist.
    (nothing, "describe_stacks", {"StackName": "x"}, "ValidationError", "Stack with id x does not exist"),
    (nothing, "describe_stacks", {"StackName": ARN}, "ValidationError", f"Stack with id {ARN} does not exist"),
    (nothing, "get_template", {"StackName": "x"}, "ValidationError", "Stack with id x does not exist"),
    (nothing, "get_template_summary", {"StackName": "x"}, "ValidationError", "Stack with id x does not exist"),
    (nothing, "list_stack_resources", {"StackName": "x"}, "ValidationError", "Stack with id x does not exist"),
    (nothing, "update_stack", {"StackName": "x", "TemplateBody": SMALL}, "ValidationError", "Stack with id x does not exist"),
    (nothing, "describe_stack_events", {"StackName": "x"}, "ValidationError", "Stack [x] does not exist"),
    (nothing, "describe_stack_resource", {"StackName": "x", "LogicalResourceId": "L"}, "ValidationError", "Stack 'x' does not exist"),
    (nothing, "describe_stack_resources", {"StackName": "x"}, "ValidationError", "Stack 'x' does not exist"),
    (created, "describe_stack_resource", {"StackName": "s", "LogicalResourceId": "L"}, "ValidationError", "Resource L does not exist for stack s"),
    (nothing, "describe_change_set", {"StackName": "x", "ChangeSetName": "c"}, "ValidationError", "Stack [x] does not exist"),
    (nothing, "delete_change_set", {"StackName": "x", "ChangeSetName": "c"}, "ValidationError", "Stack [x] does not exist"),
    (created, "describe_change_set", {"StackName": "s", "ChangeSetName": "c"}, "ChangeSetNotFound", "ChangeSet [c] does not exist"),
    (created, "execute_change_set", {"StackName": "s", "ChangeSetName": "c"}, "ChangeSetNotFound", "ChangeSet [c] does not exist"),
    (nothing, "describe_change_set", {"ChangeSetName": CHANGE_SET_ARN}, "ChangeSetNotFound", f"ChangeSet [{CHANGE_SET_ARN}] does not exist"),
    (nothing, "describe_change_set", {"ChangeSetName": "c"}, "ValidationError", "StackName must be specified if ChangeSetName is not specified as an ARN."),
    (nothing, "execute_change_set", {"ChangeSetName": "c"}, "ValidationError", "StackName must be specified if ChangeSetName is not specified as an ARN."),
    (nothing, "get_template", {}, "ValidationError", "StackName is required if ChangeSetName is not specified."),
    (nothing, "get_template", {"ChangeSetName": "c"}, "ValidationError", "StackName is a required parameter."),
    (nothing, "list_imports", {"ExportName": "e"}, "ValidationError", "Export 'e' is not imported by any stack."),
    # What exists already.
    (created, "create_stack", text(SMALL), "AlreadyExistsException", "Stack [s] already exists"),
    (created, "create_change_set", {**text(SMALL), "ChangeSetName": "c", "ChangeSetType": "CREATE"}, "ValidationError",
     "Stack [s] already exists and cannot be created again with the changeSet [c]."),
    (changed, "create_change_set", {**text(SMALL), "ChangeSetName": "c"}, "AlreadyExistsException",
     "ChangeSet c cannot be created due to a mismatch with existing attribute Template"),
    # The status does not allow it.
    (rolled_back, "update_stack", text(SMALL), "ValidationError", "Stack:<ARN> is in ROLLBACK_COMPLETE state and can not be updated."),
    (rolled_back, "create_change_set", {**text(SMALL), "ChangeSetName": "c"}, "ValidationError", "Stack:<ARN> is in ROLLBACK_COMPLETE state and can not be updated."),
    (reviewed, "update_stack", text(SMALL), "ValidationError", "Stack:<ARN> is in REVIEW_IN_PROGRESS state and can not be updated."),
    (reviewed, "get_template_summary", {"StackName": "s"}, "ValidationError", "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."),
    (failed_deletion, "update_stack", text(SMALL), "ValidationError", "Stack:<ARN> is in DELETE_FAILED state and can not be updated."),
    (protected, "delete_stack", {"StackName": "s"}, "ValidationError", "Stack [s] cannot be deleted while TerminationProtection is enabled"),
    (created, "cancel_update_stack", {"StackName": "s"}, "ValidationError", ("CancelUpdateStack cannot be called from current stack status",)),
    (created, "continue_update_rollback", {"StackName": "s"}, "ValidationError", ("ContinueUpdateRollback", "CREATE_COMPLETE")),
    (created, "rollback_stack", {"StackName": "s"}, "ValidationError", ("RollbackStack", "CREATE_COMPLETE")),
    (rolled_back, "detect_stack_drift", {"StackName": "s"}, "ValidationError", ("ROLLBACK_COMPLETE",)),
    # Change sets that cannot be executed.
    (unchanged, "execute_change_set", {"StackName": "s", "ChangeSetName": "c"}, "InvalidChangeSetStatus",
     ("ChangeSet [arn:aws:cloudformation:", "] cannot be executed in its current status of [FAILED]")),
    (executed, "execute_change_set", {}, "InvalidChangeSetStatus",
     ("ChangeSet [arn:aws:cloudformation:", "] cannot be executed in its current execution status of [EXECUTE_COMPLETE]")),
    (obsolete, "execute_change_set", {}, "InvalidChangeSetStatus",
     ("ChangeSet [arn:aws:cloudformation:", "] cannot be executed in its current execution status of [OBSOLETE]")),
    (iam_changed, "execute_change_set", {"StackName": "s", "ChangeSetName": "c"}, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
    # What the request must have.
    (created, "update_stack", text(template()), "ValidationError", "No updates are to be performed."),
    (nothing, "create_stack", text(template(Role=ROLE)), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
    (nothing, "create_stack", {**text(template(Role=NAMED_ROLE)), "Capabilities": ["CAPABILITY_IAM"]}, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"),
    (nothing, "create_stack", text(EXPANDED), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"),
    (created, "update_stack", text(template(Role=ROLE)), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
    (nothing, "create_stack", {"StackName": "s"}, "ValidationError", "Either Template URL or Template Body must be specified."),
    (nothing, "create_stack", {"StackName": "s", "TemplateURL": "ftp://example.com/template"}, "ValidationError", "TemplateURL must be a supported URL."),
    (nothing, "create_stack", {"StackName": "s", "TemplateURL": "s3://bucket/template.yaml"}, "ValidationError",
     "S3 error: Domain name specified in bucket is not a valid S3 domain"),
    (nothing, "create_stack", {**text(SMALL), "RoleARN": "arn:aws:sns:us-east-1:123456789012:my-topic"}, "ValidationError", ("is invalid or cannot be assumed",)),
    (nothing, "create_stack", {**text(template()), "ResourceTypes": ["AWS::SSM::*"]}, "ValidationError",
     "Resource type AWS::AppSync::Api is not allowed by parameter ResourceTypes [AWS::SSM::*]"),
    (nothing, "create_stack", {**text(SMALL), "StackPolicyBody": "no JSON"}, "ValidationError", "Error validating stack policy: Invalid stack policy"),
    (nothing, "create_stack", {**text(SMALL), "StackPolicyBody": "{}", "StackPolicyURL": "https://s3.amazonaws.com/b/k"}, "ValidationError",
     "You cannot specify both StackPolicyURL and StackPolicyBody"),
    (nothing, "create_stack", {**text(SMALL), "OnFailure": "DELETE", "DisableRollback": True}, "ValidationError", ("OnFailure", "DisableRollback")),
    (nothing, "create_stack", {"StackName": "1s", "TemplateBody": SMALL}, "ValidationError",
     ("1 validation error detected: Value '1s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",)),
    (nothing, "describe_stacks", {"StackName": "no_name"}, "ValidationError",
     f"1 validation error detected: Value 'no_name' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: {NAME_PATTERN}"),
    (nothing, "create_stack", text(LONG), "ValidationError",
     ("1 validation error detected: Value '", "' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")),
    (nothing, "create_stack", {**text(SMALL), "Tags": [{"Key": "aws:x", "Value": "y"}]}, "ValidationError", ("aws:",)),
    (nothing, "create_stack", {**text(SMALL), "Parameters": [{"ParameterKey": "P", "ParameterValue": "v"}]}, "ValidationError",
     "Parameters: [P] do not exist in the template"),
]


def name(value):
    return value.__name__ if callable(value) else value if isinstance(value, str) and " " not in value else ""


@pytest.mark.parametrize("prepare, operation, request_, code, expected", ERRORS, ids=name)
def test_an_error_has_the_code_and_text_of_aws(stacks, prepare, operation, request_, code, expected):
    request_ = {**(prepare(stacks) or {}), **request_}
    arn = next((it["StackId"] for it in stacks.cloudformation.describe_stacks()["Stacks"]), "")
    with pytest.raises(ClientError) as caught:
        getattr(stacks.cloudformation, operation)(**request_)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == (404 if code == "ChangeSetNotFound" else 400)
    if isinstance(expected, str):
        assert error["Message"] == expected.replace("<ARN>", arn)
    else:
        assert all(part in error["Message"] for part in expected), error
