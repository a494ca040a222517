"""What the emulator does not implement is an error in the caller's protocol, which each client can parse."""

import json
import subprocess
import sys
import urllib.request

import boto3
import botocore.config
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from conftest import ACCOUNT, CREDENTIALS, REGION
from test_faults import log

# For each protocol an operation that the emulator does not implement: the service, the operation, its arguments, what
# its error names, and an operation with a large text: its method and arguments.
BIG = "x" * (3 << 20)
PROTOCOLS = {
    "query": ("sns", "list_topics", {}, "sns:ListTopics", ("publish", {"TopicArn": "t", "Message": BIG})),
    "ec2": ("ec2", "describe_instances", {}, "ec2:DescribeInstances", ("create_key_pair", {"KeyName": BIG})),
    "rest-xml": (
        "route53", "list_hosted_zones", {}, "the service route53",
        ("create_hosted_zone", {"Name": BIG, "CallerReference": "x"}),
    ),
    "rest-xml-s3": (
        "s3", "get_bucket_policy", {"Bucket": "bucket"}, "s3:GetBucketPolicy",
        ("put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x" * (56 << 20)}),
    ),
    "json-1.0": ("dynamodb", "list_tables", {}, "dynamodb:ListTables", ("describe_table", {"TableName": BIG})),
    "json-1.1": ("logs", "describe_log_groups", {}, "logs:DescribeLogGroups", ("create_log_group", {"logGroupName": BIG})),
    "rest-json": (
        "lambda", "list_functions", {}, "the service lambda",
        ("tag_resource", {"Resource": "arn", "Tags": {"k": BIG}}),
    ),
    "smithy-rpc-v2-cbor": (
        "cloudwatch", "list_dashboards", {}, "monitoring:ListDashboards",
        ("put_dashboard", {"DashboardName": "d", "DashboardBody": BIG}),
    ),
}


def client(world, service, **config):
    config = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False, **config)
    return boto3.client(service, region_name=REGION, endpoint_url=world.url, config=config, **CREDENTIALS)


def failure(call):
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    assert error["Error"]["Message"] and error["ResponseMetadata"]["RequestId"], error
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_boto3_parses_the_error_of_an_operation_that_is_not_implemented(world, protocol):
    service, method, arguments, named, _ = PROTOCOLS[protocol]
    call = getattr(client(world, service), method)
    assert failure(lambda: call(**arguments)) == (
        "NotImplementedException", 501, f"provision's emulator does not support {named}")
    (logged,) = log(world)
    assert (logged["operation"], logged["status"]) == ("Unknown", 501)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_cli_parses_the_error_of_an_operation_that_is_not_implemented(world, protocol):
    service, method, arguments, named, _ = PROTOCOLS[protocol]
    command = ["s3api" if service == "s3" else service, method.replace("_", "-")]
    options = [text for name, value in arguments.items() for text in (f"--{name.lower()}", value)]
    environment = {**world.environment, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": world.url}
    done = subprocess.run(
        [sys.executable, "-m", "awscli", *command, *options], env=environment, text=True, capture_output=True,
    )
    operation = "".join(word.capitalize() for word in method.split("_"))
    assert (done.returncode, done.stderr.strip()) == (255, (
        f"An error occurred (NotImplementedException) when calling the {operation} operation: "
        f"provision's emulator does not support {named}"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_unsigned_request_is_an_error_of_its_protocol(world, protocol):
    service, method, arguments, *_ = PROTOCOLS[protocol]
    call = getattr(client(world, service, signature_version=UNSIGNED), method)
    code, status, _ = failure(lambda: call(**arguments))
    assert status == 403 and code.removesuffix("Exception") in ("MissingAuthenticationToken", "AccessDenied")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_request_that_is_too_large_is_an_error_of_its_protocol(world, protocol):
    service, *_, (method, arguments) = PROTOCOLS[protocol]
    call = getattr(client(world, service), method)
    code, status, _ = failure(lambda: call(**arguments))
    assert (code, status) == (("EntityTooLarge", 400) if service == "s3" else ("RequestEntityTooLargeException", 413))


@pytest.mark.parametrize("fault, code", [("throttle", None), ("fail-before", None), (
    {"error": {"code": "Made.Up", "status": 418, "message": "<&>"}}, "Made.Up")])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_injected_fault_is_an_error_of_the_callers_protocol(world, faults, protocol, fault, code):
    service, method, arguments, *_ = PROTOCOLS[protocol]
    faults(rules=[{"on": "*", "fault": fault}])
    call = getattr(client(world, service), method)
    got, status, message = failure(lambda: call(**arguments))
    expected = {"throttle": 503 if service == "s3" else 429, "fail-before": 500}
    assert (status, got != "Unknown") == (expected.get(str(fault), 418), True)
    if code:
        assert (got, message) == (code, "<&>")


def test_a_presigned_request_is_like_a_signed_one(world):
    url = client(world, "sts").generate_presigned_url("get_caller_identity")
    body = urllib.request.urlopen(url).read().decode()
    assert f"<Account>{ACCOUNT}</Account>" in body
    url = client(world, "sns").generate_presigned_url("list_topics")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    assert caught.value.code == 501 and "<Message>provision's emulator does not" in caught.value.read().decode().replace("&apos;", "'")


def test_a_role_is_assumed_in_its_account(world):
    sts = world.client("sts")
    role = world.client("iam", account="000000000001").create_role(
        RoleName="deploy", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}))["Role"]
    assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=900)
    arn = "arn:aws:sts::000000000001:assumed-role/deploy/me"
    assert assumed["AssumedRoleUser"] == {"AssumedRoleId": f"{role['RoleId']}:me", "Arn": arn}
    keys = assumed["Credentials"]
    as_role = boto3.client(
        "sts", region_name=REGION, endpoint_url=world.url, aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    ).get_caller_identity()
    assert (as_role["Account"], as_role["Arn"], as_role["UserId"]) == ("000000000001", arn, f"{role['RoleId']}:me")
    for arguments, code in [
        ({"RoleArn": role["Arn"] + "x", "RoleSessionName": "me"}, "AccessDenied"),
        ({"RoleArn": role["Arn"], "RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleArn": role["Arn"], "RoleSessionName": "me", "DurationSeconds": 7200}, "ValidationError"),
        ({"RoleArn": "arn:aws:iam::000000000001:user/deploy", "RoleSessionName": "me"}, "ValidationError"),
    ]:
        assert failure(lambda: sts.assume_role(**arguments))[0] == code, arguments


@pytest.mark.parametrize("role", ["deploy", "file-publishing", "lookup", "image-publishing", "cfn-exec"])
def test_the_roles_of_the_cdk_bootstrap_exist_in_every_account_and_region(world, role):
    sts, iam = world.client("sts"), world.client("iam")
    arn = f"arn:aws:iam::000000000001:role/cdk-hnb659fds-{role}-role-000000000001-eu-north-1"
    user = sts.assume_role(RoleArn=arn, RoleSessionName="aws-cdk-me")["AssumedRoleUser"]
    assert user["Arn"].startswith("arn:aws:sts::000000000001:assumed-role/cdk-hnb659fds-")
    assert iam.list_roles()["Roles"] == []
