"""The AWS SAM CLI, unmodified: `sam deploy` of plain templates, and of a SAM template that AWS's translator translated."""

import shutil

import pytest

import packages
from stacks import ARTICLE

DEPLOY = "sam deploy --template-file {} --stack-name events --capabilities CAPABILITY_IAM"
SERVERLESS = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::AppSync::Api
    Properties:
      Name: orders
      EventConfig:
        AuthProviders: [{ AuthType: API_KEY }]
        ConnectionAuthModes: [{ AuthType: API_KEY }]
        DefaultPublishAuthModes: [{ AuthType: API_KEY }]
        DefaultSubscribeAuthModes: [{ AuthType: API_KEY }]
  Publisher:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: exports.handler = async () => {}
      Environment: { Variables: { HOST: !GetAtt Api.Dns.Http } }
      Events: { Http: { Type: HttpApi, Properties: { Path: /publish, Method: post } } }
Outputs:
  Host: { Value: !GetAtt Api.Dns.Http }
"""
# What `docs/stacks.md` says.
TRANSLATE = """\
import json, sys, yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
print(json.dumps(transform(yaml_parse(open(sys.argv[1])), {}, None)))
"""


@pytest.fixture
def project(start):
    """Starts an emulator with these arguments, with the article's template in its folder."""
    def project(*arguments):
        stacks = start(*arguments)
        stacks.client_environment["PATH"] = f"{packages.sam()}:{stacks.client_environment['PATH']}"
        shutil.copy(ARTICLE, stacks.folder / "template.yaml")
        return stacks
    return project


def test_a_plain_template_is_deployed_and_has_no_changes_the_second_time(project):
    stacks = project()
    deploy = DEPLOY.format("template.yaml")
    output = stacks.ok(deploy)
    assert "Successfully created/updated stack - events" in output, output
    assert "HttpEndpoint" in output and stacks.outputs("events")["HttpEndpoint"] in output
    assert "CREATE_COMPLETE" in output and "AppSyncApi" in output
    assert "No changes to deploy. Stack events is up to date" in stacks.fails(deploy, code=1)
    assert "No changes to deploy. Stack events is up to date" in stacks.ok(f"{deploy} --no-fail-on-empty-changeset")
    assert stacks.outputs("events")["HttpEndpoint"] in stacks.ok("sam list stack-outputs --stack-name events --output json")
    stacks.ok("sam delete --stack-name events --no-prompts")
    assert stacks.appsync.list_apis()["apis"] == []


def test_a_template_is_uploaded_to_a_bucket(project):
    stacks = project()
    stacks.boto3("s3").create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    stacks.ok(f"{DEPLOY.format('template.yaml')} --s3-bucket artifacts")
    assert stacks.status("events") == "CREATE_COMPLETE"
    [uploaded] = stacks.boto3("s3").list_objects_v2(Bucket="artifacts")["Contents"]
    assert uploaded["Key"].endswith(".template")


def test_a_failing_deployment_shows_the_reason_of_the_resource(project):
    stacks = project()
    deploy = DEPLOY.format("template.yaml")
    stacks.fail_once("Create", "NameSpace")
    output = stacks.fails(deploy, code=1)
    assert "Error: Failed to create/update the stack: events" in output and "CREATE_FAILED" in output, output
    assert stacks.status("events") == "ROLLBACK_COMPLETE"


def test_the_serverless_transform_is_rejected_with_what_to_do(project):
    stacks = project()
    stacks.write("serverless.yaml", SERVERLESS)
    output = stacks.fails(f"{DEPLOY.format('serverless.yaml')} CAPABILITY_AUTO_EXPAND", code=1)
    assert "AWS::Serverless-2016-10-31" in output and "aws-sam-translator" in output, output
    assert stacks.appsync.list_apis()["apis"] == []


def test_the_translation_of_a_serverless_template_is_deployed(project):
    stacks = project("--stub-types", "AWS::Lambda::Function,AWS::ApiGatewayV2::*")
    stacks.write("serverless.yaml", SERVERLESS)
    stacks.write("translate.py", TRANSLATE)
    stacks.ok(f"{packages.sam()}/python translate.py serverless.yaml > translated.json")
    stacks.ok(DEPLOY.format("translated.json"))
    assert stacks.status("events") == "CREATE_COMPLETE"
    [api] = stacks.appsync.list_apis()["apis"]
    assert stacks.outputs("events")["Host"] == api["dns"]["HTTP"]
    types = {it["ResourceType"] for it in stacks.cloudformation.describe_stack_resources(StackName="events")["StackResources"]}
    assert {"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::ApiGatewayV2::Api", "AWS::Lambda::Permission"} <= types
