"""CloudFormation stacks with the AWS CLI, unmodified."""

import json
import shutil

import pytest

from stack_stories import rolled_back
from stacks import ARTICLE, api, namespace, template
from test_events import Api, article, check_published

# The article's first command, and the name of its template, unchanged.
DEPLOY = "aws cloudformation deploy --template-file appsync-events.yaml --stack-name appsync-events-sample --capabilities CAPABILITY_IAM"
STACK = "appsync-events-sample"
CREATE_CALLS = ["DescribeStacks", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStacks"]
UPDATE_CALLS = ["DescribeStacks", "GetTemplateSummary", *CREATE_CALLS[1:]]


@pytest.fixture
def stacks(start):
    """An emulator, and the article's template in its folder."""
    stacks = start()
    shutil.copy(ARTICLE, stacks.folder / "appsync-events.yaml")
    return stacks


def test_the_command_of_the_article_creates_its_stack_and_finds_nothing_to_change_the_second_time(stacks):
    output = stacks.ok(DEPLOY)
    assert f"Successfully created/updated stack - {STACK}" in output
    # Each waiter finds the end with its first call, so none waits.
    assert stacks.calls() == CREATE_CALLS
    assert stacks.status(STACK) == "CREATE_COMPLETE"
    stacks.calls()

    output = stacks.fails(DEPLOY, code=255)
    assert f"No changes to deploy. Stack {STACK} is up to date" in output
    assert stacks.calls() == UPDATE_CALLS[:4]
    output = stacks.ok(f"{DEPLOY} --no-fail-on-empty-changeset")
    assert f"No changes to deploy. Stack {STACK} is up to date" in output
    [api] = stacks.appsync.list_apis()["apis"]
    assert api["name"] == "appsync-event-api-sample" and api["tags"]["aws:cloudformation:stack-name"] == STACK


class StackApi(Api):
    """The API that the article's stack has, with its addresses for each client."""

    def __init__(self, stacks):
        outputs = stacks.outputs(STACK)
        api_id = stacks.cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId="AppSyncApi")
        self.id = api_id["StackResourceDetail"]["PhysicalResourceId"].rsplit("/", 1)[1]
        [key] = stacks.appsync.list_api_keys(apiId=self.id)["apiKeys"]
        self.world, self.host, self.key = stacks, outputs["HttpEndpoint"], key["id"]
        self.port = stacks.url.rsplit(":", 1)[1]
        self.trust = stacks.provision("local", "trust", "--format", "path").strip()


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_commands_of_the_article_publish_to_the_api_of_its_stack(stacks):
    stacks.ok(DEPLOY)
    api = StackApi(stacks)
    for command in [article('curl -H "x-api-key'), article("curl --aws-sigv4")]:
        check_published(api.curl(command, api.host, "--connect-to", f"::localhost:{api.port}"))


def test_deploy_uploads_a_template_to_a_bucket(stacks):
    stacks.ok("aws s3 mb s3://my-templates")
    command = f"{DEPLOY} --s3-bucket my-templates --s3-prefix events"
    output = stacks.ok(command)
    assert "Successfully created/updated stack" in output
    listed = stacks.ok("aws s3 ls s3://my-templates/events/")
    assert listed.count(".template") == 1
    body = stacks.cloudformation.get_template(StackName=STACK)["TemplateBody"]
    assert body == ARTICLE.read_text()
    assert "No changes to deploy" in stacks.fails(command, code=255)


def test_a_template_of_more_than_51200_bytes_needs_a_bucket(stacks):
    handlers = "export const onPublish = (ctx) => ctx.events\n" + "// A comment.\n" * 2_000
    stacks.write("t.json", template(A=namespace("a", CodeHandlers=handlers), B=namespace("b", CodeHandlers=handlers)))
    deploy = "aws cloudformation deploy --template-file t.json --stack-name s"
    assert "51,200 bytes must be deployed via an S3 Bucket" in stacks.fails(deploy, code=255)
    stacks.ok("aws s3 mb s3://my-templates")
    stacks.ok(f"{deploy} --s3-bucket my-templates")
    assert stacks.appsync.get_channel_namespace(apiId=stacks.outputs("s")["ApiId"], name="b")["channelNamespace"]["codeHandlers"] == handlers
    assert "No changes to deploy" in stacks.fails(f"{deploy} --s3-bucket my-templates", code=255)


def test_deploy_keeps_parameters_and_sets_tags(stacks):
    def body(**resources):
        return json.dumps({**json.loads(template(api({"Ref": "Name"}), **resources)), "Parameters": {"Name": {"Type": "String"}}})

    def live():
        [live] = stacks.appsync.list_apis()["apis"]
        return live["name"], live["tags"].get("team")
    deploy = "aws cloudformation deploy --template-file t.json --stack-name s"
    stacks.write("t.json", body())
    assert "Parameters: [Name] must have values" in stacks.fails(deploy, code=255)
    stacks.ok(f"{deploy} --parameter-overrides Name=first --tags team=realtime")
    assert live() == ("first", "realtime")
    # The next deployment uses the value of the last one.
    stacks.write("t.json", body(Chat=namespace("chat")))
    stacks.ok(f"{deploy} --tags team=realtime")
    assert live() == ("first", "realtime")
    stacks.ok(f"{deploy} --tags team=others")
    assert live() == ("first", "others")
    output = stacks.ok(f"{deploy} --tags team=others --parameter-overrides Name=second --no-execute-changeset")
    assert "aws cloudformation describe-change-set --change-set-name arn:" in output and live()[0] == "first"
    [change_set] = stacks.cloudformation.list_change_sets(StackName="s")["Summaries"]
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    stacks.ok(f"aws cloudformation execute-change-set --change-set-name {change_set['ChangeSetId']}")
    assert live() == ("second", "others")


def test_a_failing_update_is_rolled_back_to_the_previous_state_and_its_events_say_why(stacks):
    stacks.ok(DEPLOY)
    api_id = StackApi(stacks).id
    before = stacks.appsync.list_channel_namespaces(apiId=api_id)["channelNamespaces"]
    text = ARTICLE.read_text().replace("      Name: sample\n", "      Name: sample\n      PublishAuthModes: [{ AuthType: AWS_IAM }]\n")
    again = "  Again:\n    Type: AWS::AppSync::ChannelNamespace\n    DependsOn: NameSpace\n    Properties: { Name: sample, ApiId: !GetAtt AppSyncApi.ApiId }\n\nOutputs:"
    stacks.write("appsync-events.yaml", text.replace("Outputs:", again))
    output = stacks.fails(DEPLOY, code=255)
    assert "Failed to create/update the stack" in output and f"describe-stack-events --stack-name {STACK}" in output
    assert stacks.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
    after = stacks.appsync.list_channel_namespaces(apiId=api_id)["channelNamespaces"]
    assert [(it["name"], it.get("publishAuthModes")) for it in after] == [(it["name"], it.get("publishAuthModes")) for it in before]
    [reason] = [reason for id, status, reason in stacks.events(STACK) if (id, status) == ("Again", "CREATE_FAILED")]
    assert reason.startswith("Resource handler returned message: ") and "Service: AppSync" in reason, reason
    # The template of the last success is still the stack's, so it has no changes.
    shutil.copy(ARTICLE, stacks.folder / "appsync-events.yaml")
    assert "No changes to deploy" in stacks.fails(DEPLOY, code=255)


def test_a_failing_creation_leaves_nothing_and_the_name_is_free_after_a_deletion(stacks):
    stacks.fail_once("Create", "NameSpace")
    assert "Failed to create/update the stack" in stacks.fails(DEPLOY, code=255)
    assert stacks.status(STACK) == "ROLLBACK_COMPLETE"
    assert stacks.appsync.list_apis()["apis"] == []
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in stacks.fails(DEPLOY, code=255)
    stacks.ok(f"aws cloudformation delete-stack --stack-name {STACK}")
    stacks.ok(f"aws cloudformation wait stack-delete-complete --stack-name {STACK}")
    stacks.ok(DEPLOY)


def test_the_events_of_a_deployment_are_in_the_order_of_aws(stacks):
    stacks.write("appsync-events.yaml", template())
    stacks.ok(DEPLOY)
    assert stacks.events(STACK) == [
        (STACK, "REVIEW_IN_PROGRESS", "User Initiated"),
        (STACK, "CREATE_IN_PROGRESS", "User Initiated"),
        ("Api", "CREATE_IN_PROGRESS", None),
        ("Api", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Api", "CREATE_COMPLETE", None),
        (STACK, "CREATE_COMPLETE", None),
    ]


def test_the_cli_waits_for_stacks(stacks):
    rolled_back(stacks)
    output = stacks.fails("aws cloudformation wait stack-create-complete --stack-name s", code=255)
    assert "Waiter StackCreateComplete failed" in output and "ROLLBACK_COMPLETE" in output, output
    stacks.ok("aws cloudformation delete-stack --stack-name s")
    stacks.ok("aws cloudformation wait stack-delete-complete --stack-name s")


def test_the_cli_creates_and_reads_stacks(stacks):
    stacks.ok("aws cloudformation validate-template --template-body file://appsync-events.yaml")
    created = "aws cloudformation create-stack --stack-name s --template-body file://appsync-events.yaml"
    assert "Requires capabilities : [CAPABILITY_IAM]" in stacks.fails(created, code=255)
    arn = json.loads(stacks.ok(f"{created} --capabilities CAPABILITY_IAM"))["StackId"]
    read = json.loads(stacks.ok("aws cloudformation list-stack-resources --stack-name s"))["StackResourceSummaries"]
    assert sorted(it["LogicalResourceId"] for it in read) == ["ApiKey", "AppSyncApi", "CloudWatchLogsRole", "NameSpace"]
    [stack] = json.loads(stacks.ok("aws cloudformation describe-stacks"))["Stacks"]
    assert stack["StackId"] == arn
