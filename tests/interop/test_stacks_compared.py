"""The same scripts against the CloudFormation of this emulator, of moto and of MiniStack.

`docs/stacks-compared.md` has the results side by side; `UPDATE=1` writes it.
"""

import contextlib
import json
import os
import shutil

import pytest
from botocore.exceptions import ClientError

from conftest import ROOT
from others import COMMANDS, Other
from stacks import ARTICLE, Stacks

NAMES = ["provision", *COMMANDS]
# A cell is a phrase.
LENGTH_MAX = 90
PAGE = ROOT / "docs/stacks-compared.md"
HEADER = """\
# How do the stacks of this emulator compare with those of other emulators?

The same scripts ran against each emulator, with the AWS CLI and boto3. A cell is `yes`, or the first
thing that happened instead. The versions of the others are those of `tests/interop/requirements.txt`. All scripts but
the first use SSM parameters, which each emulator has.

"""


class OtherStacks(Other, Stacks):
    """Another server, with the same clients."""

    def __init__(self, folder, name):
        Other.__init__(self, folder, name)
        self.set_client_environment()
        self.cloudformation, self.appsync = self.boto3("cloudformation"), self.boto3("appsync")


def parameter(value, name=None, **attributes):
    """A resource that every emulator has."""
    properties = {"Type": "String", "Value": value, **({"Name": name} if name else {})}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **attributes}


def body(outputs=None, **resources):
    return json.dumps({"Resources": resources, **({"Outputs": outputs} if outputs else {})})


def current(stacks, name):
    """The value of a parameter, if it exists."""
    try:
        return stacks.ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except stacks.ssm.exceptions.ParameterNotFound:
        return None


def expect(actual, expected):
    assert actual == expected, f"`{actual}` instead of `{expected}`"


# Each script has a name that is free for its stacks and parameters.


def deploys(stacks, name):
    stacks.ok(f"aws cloudformation deploy --template-file appsync-events.yaml --stack-name {name} --capabilities CAPABILITY_IAM")
    hosts = [it["dns"]["HTTP"] for it in stacks.appsync.list_apis()["apis"]]
    assert hosts == [stacks.outputs(name)["HttpEndpoint"]], "no such API"


def deploys_and_finds_no_changes(stacks, name):
    stacks.write(f"{name}.json", body(P=parameter("a", name)))
    deploy = f"aws cloudformation deploy --template-file {name}.json --stack-name {name}"
    stacks.ok(deploy)
    assert "No changes to deploy" in stacks.fails(deploy, code=255)


def deploys_with_a_bucket(stacks, name):
    stacks.ok(f"aws s3 mb s3://{name}-templates")
    stacks.write(f"{name}.json", body(P=parameter("a", name)))
    stacks.ok(f"aws cloudformation deploy --template-file {name}.json --stack-name {name} --s3-bucket {name}-templates")


def rolls_back_a_creation(stacks, name):
    stacks.create(name, body(A=parameter("a", name), B=parameter("b", name, DependsOn="A")))
    expect((stacks.status(name), current(stacks, name)), ("ROLLBACK_COMPLETE", None))


def rolls_back_an_update(stacks, name):
    stacks.create(name, body(A=parameter("a", name)))
    stacks.update(name, body(A=parameter("changed", name), B=parameter("b", name, DependsOn="A")))
    expect((stacks.status(name), current(stacks, name)), ("UPDATE_ROLLBACK_COMPLETE", "a"))


def has_the_events_of_an_update(stacks, name):
    stacks.create(name, body(A=parameter("a", name)))
    before = len(stacks.events(name))
    stacks.update(name, body(A=parameter("changed", name)))
    events = [it[1] for it in stacks.events(name)[before:]]
    assert events == ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                      "UPDATE_COMPLETE"], ", ".join(events)


def replaces(stacks, name):
    stacks.create(name, body(A=parameter("a", name)))
    stacks.update(name, body(A=parameter("a", f"{name}-new")))
    expect((current(stacks, name), current(stacks, f"{name}-new")), (None, "a"))


def retains(stacks, name):
    stacks.create(name, body(A=parameter("a", name, DeletionPolicy="Retain")))
    stacks.cloudformation.delete_stack(StackName=name)
    expect(current(stacks, name), "a")


def protects_exports(stacks, name):
    stacks.create(name, body({"V": {"Value": "v", "Export": {"Name": name}}}, A=parameter("a", name)))
    stacks.create(f"{name}-user", body(A=parameter({"Fn::ImportValue": name})))
    with contextlib.suppress(ClientError):
        stacks.cloudformation.delete_stack(StackName=name)
    expect(current(stacks, name), "a")


def protects_from_termination(stacks, name):
    stacks.create(name, body(A=parameter("a", name)), EnableTerminationProtection=True)
    with contextlib.suppress(ClientError):
        stacks.cloudformation.delete_stack(StackName=name)
    expect(current(stacks, name), "a")


def enforces_policies(stacks, name):
    stacks.create(name, body(A=parameter("a", name)))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "Resource": "*"}
    stacks.cloudformation.set_stack_policy(StackName=name, StackPolicyBody=json.dumps({"Statement": [deny]}))
    stacks.update(name, body(A=parameter("changed", name)))
    expect(current(stacks, name), "a")


def shows_property_values(stacks, name):
    stacks.create(name, body(A=parameter("a", name)))
    [change] = stacks.change(name, body(A=parameter("changed", name)))["Changes"]
    [detail] = change["ResourceChange"].get("Details") or [{"Target": {}}]
    expect((detail["Target"].get("BeforeValue"), detail["Target"].get("AfterValue")), ("a", "changed"))


def says_what_is_replaced(stacks, name):
    stacks.create(name, body(A=parameter("a", name), B=parameter("b", f"{name}-b")))
    changes = stacks.change(name, body(A=parameter("a", f"{name}-new"), B=parameter("changed", f"{name}-b")))["Changes"]
    changes = [it["ResourceChange"] for it in changes]
    expect({it["LogicalResourceId"]: it.get("Replacement") for it in changes}, {"A": "True", "B": "False"})


def detects_drift(stacks, name):
    stacks.create(name, body(A=parameter("a", name)))
    stacks.ssm.put_parameter(Name=name, Value="changed", Type="String", Overwrite=True)
    id = stacks.cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    status = stacks.cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    expect(status["StackDriftStatus"], "DRIFTED")


def imports(stacks, name):
    stacks.ssm.put_parameter(Name=name, Value="a", Type="String")
    resource = {"ResourceType": "AWS::SSM::Parameter", "LogicalResourceId": "A", "ResourceIdentifier": {"Name": name}}
    stacks.change(name, body(A=parameter("a", name, DeletionPolicy="Retain")), "IMPORT", ResourcesToImport=[resource])
    stacks.cloudformation.execute_change_set(StackName=name, ChangeSetName="change")
    expect(stacks.status(name), "IMPORT_COMPLETE")


def rejects(stacks, name, body):
    """Rejects a template at once, or rolls it back."""
    try:
        stacks.create(name, body)
    except ClientError:
        return
    expect(stacks.status(name), "ROLLBACK_COMPLETE")


def requires_capabilities(stacks, name):
    trust = {"Version": "2012-10-17", "Statement": []}
    rejects(stacks, name, body(R={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}))


def rejects_unknown_properties(stacks, name):
    resource = parameter("a", name)
    resource["Properties"]["Nope"] = "x"
    rejects(stacks, name, body(A=resource))


def rejects_unknown_references(stacks, name):
    rejects(stacks, name, body(A=parameter({"Ref": "Nope"})))


SCRIPTS = {
    "`aws cloudformation deploy` of the article's Event API": deploys,
    "`aws cloudformation deploy` twice: no changes": deploys_and_finds_no_changes,
    "`aws cloudformation deploy --s3-bucket`": deploys_with_a_bucket,
    "a failing creation is rolled back": rolls_back_a_creation,
    "a failing update is rolled back": rolls_back_an_update,
    "events of an update, with its cleanup phase": has_the_events_of_an_update,
    "a change of a name replaces the resource": replaces,
    "`DeletionPolicy: Retain`": retains,
    "exports in use are protected": protects_exports,
    "termination protection": protects_from_termination,
    "stack policies": enforces_policies,
    "property values in change sets": shows_property_values,
    "replacements in change sets": says_what_is_replaced,
    "drift detection": detects_drift,
    "IMPORT change sets": imports,
    "capabilities are required": requires_capabilities,
    "unknown properties are rejected": rejects_unknown_properties,
    "references to nothing are rejected": rejects_unknown_references,
}


def outcome(script, stacks):
    """`yes`, or what happened instead, in one line of a table."""
    try:
        script(stacks, script.__name__.replace("_", "-"))
    except Exception as error:  # Other servers fail in every way.
        if "invalid XML" in str(error) or "500 Internal Server Error" in str(error):
            return "no: HTTP 500"
        if isinstance(error, ClientError):
            return f"no: {error.operation_name}: {error.response['Error']['Code']}"
        lines = [it.strip() for it in str(error).splitlines() if it.strip()]
        reported = [it for it in lines if "error occurred" in it or it.startswith("Failed to")] or lines
        text = reported[0].partition(". Run")[0].replace("|", "\\|") if isinstance(error, AssertionError) else type(error).__name__
        return "no: " + (text if len(text) <= LENGTH_MAX else text[:LENGTH_MAX] + " …")
    return "yes"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The outcome of every script, by emulator."""
    outcomes = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(ARTICLE, folder / "appsync-events.yaml")
        stacks = Stacks(folder) if name == "provision" else OtherStacks(folder, name)
        try:
            stacks.ssm = stacks.boto3("ssm")
            outcomes.update({(name, title): outcome(script, stacks) for title, script in SCRIPTS.items()})
        finally:
            stacks.stop()
    return outcomes


def test_every_script_succeeds_here(table):
    assert {title: it for (name, title), it in table.items() if name == "provision" and it != "yes"} == {}


def test_the_page_is_current(table):
    rows = [["what", *NAMES], ["---"] * (len(NAMES) + 1)]
    rows += [[title, *(table[name, title] for name in NAMES)] for title in SCRIPTS]
    page = HEADER + "".join("| " + " | ".join(row) + " |\n" for row in rows)
    if "UPDATE" in os.environ:
        PAGE.write_text(page)
    # Texts of the others can have ids, so only what succeeds is compared.
    current = PAGE.read_text()
    verdicts = [[cell == "yes" for cell in line.split(" | ")[1:]] for line in current.replace(" |\n", "\n").splitlines() if line.startswith("|")]
    expected = [[cell == "yes" for cell in row[1:]] for row in rows]
    assert verdicts == expected, "docs/stacks-compared.md is out of date, write it with UPDATE=1"
