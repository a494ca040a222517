"""Parameter Store, as boto3 and the AWS CLI see it."""

import concurrent.futures
import json

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, REGION, World
from test_cli import aws, ok
from test_wire import check_error

VERSION = "/cdk-bootstrap/hnb659fds/version"


@pytest.fixture
def ssm(world):
    return world.client("ssm")


def names(response):
    return [parameter["Name"] for parameter in response["Parameters"]]


def test_a_parameter_reads_back_with_its_properties_and_versions(ssm):
    made = ssm.put_parameter(Name="/a/b", Value="1,2", Type="StringList", Description="list", Tags=[{"Key": "k", "Value": "v"}])
    assert (made["Version"], made["Tier"]) == (1, "Standard")
    read = ssm.get_parameter(Name="/a/b", WithDecryption=True)["Parameter"]
    modified = read.pop("LastModifiedDate")
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/a/b"
    assert read == {"Name": "/a/b", "Type": "StringList", "Value": "1,2", "Version": 1, "ARN": arn, "DataType": "text"}
    assert ssm.put_parameter(Name="/a/b", Value="3", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/a/b:1")["Parameter"]["Selector"] == ":1"
    assert [ssm.get_parameter(Name=name)["Parameter"]["Value"] for name in ("/a/b:1", "/a/b:2", "/a/b", arn, f"{arn}:1")] == [
        "1,2", "3", "3", "3", "1,2"]
    (described,) = ssm.describe_parameters()["Parameters"]
    assert described.pop("LastModifiedDate") >= modified
    assert described == {
        "Name": "/a/b", "ARN": arn, "Type": "StringList", "Description": "list", "Version": 2, "Tier": "Standard",
        "Policies": [], "DataType": "text"}
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a/b")["TagList"] == [{"Key": "k", "Value": "v"}]
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/a/b", Tags=[{"Key": "k2", "Value": ""}])
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="/a/b", TagKeys=["k", "none"])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a/b")["TagList"] == [{"Key": "k2", "Value": ""}]
    got = ssm.get_parameters(Names=["/a/b:1", "/a/b:9", "/none"])
    assert (names(got), got["InvalidParameters"]) == (["/a/b"], ["/a/b:9", "/none"])


def test_lists_have_filters_and_pages(ssm):
    for name in ("/a/1", "/a/2", "/b"):
        ssm.put_parameter(Name=name, Value="x", Type="String")
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 2})
    assert [names(page) for page in pages] == [["/a/1", "/a/2"], ["/b"]]
    begins = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/a/"]}]
    assert names(ssm.describe_parameters(ParameterFilters=begins)) == ["/a/1", "/a/2"]
    path = [{"Key": "Path", "Option": "Recursive", "Values": ["/a"]}]
    check_error(lambda: ssm.describe_parameters(ParameterFilters=path), "NotImplementedException", 501, "the filter Path Recursive")


def test_of_concurrent_creations_of_a_parameter_one_succeeds(world):
    clients = [world.client("ssm") for _ in range(8)]

    def create(n):
        try:
            return clients[n].put_parameter(Name="lock", Value=str(n), Type="String")["Version"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        outcomes = list(pool.map(create, range(len(clients))))
    assert sorted(map(str, outcomes)) == ["1"] + ["ParameterAlreadyExists"] * (len(clients) - 1)
    assert clients[0].get_parameter(Name="lock")["Parameter"]["Value"] == str(outcomes.index(1))


@pytest.mark.parametrize("changes, code, text", [
    ({"Name": "/aws/x"}, "AccessDeniedException", "reserved parameter name: /aws/x"),
    ({"Name": "awsome"}, "ValidationException", 'prefixed with "aws" or "ssm"'),
    ({"Name": "a/b"}, "ValidationException", "fully qualified name"),
    ({"Value": "x" * 4097}, "ValidationException", "maximum parameter value of 4096 characters"),
    ({"Type": None}, "ValidationException", "A parameter type is required when you create a parameter."),
    ({"Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException", "tags and overwrite can't be used together"),
    ({"Type": "SecureString"}, "NotImplementedException", "SecureString"),
    ({"DataType": "aws:ec2:image"}, "NotImplementedException", "ssm:PutParameter with DataType"),
])
def test_an_invalid_parameter_is_rejected(ssm, changes, code, text):
    request = {**{"Name": "a", "Value": "1", "Type": "String"}, **changes}
    request = {name: value for name, value in request.items() if value is not None}
    check_error(lambda: ssm.put_parameter(**request), code, 501 if code == "NotImplementedException" else 400, text)
    assert ssm.describe_parameters()["Parameters"] == []


def test_the_cdk_bootstrap_has_its_version_in_every_account_and_region(world):
    for region, account in ((REGION, "local"), ("eu-north-1", "000000000001")):
        ssm = world.client("ssm", region=region, account=account)
        assert int(ssm.get_parameter(Name=VERSION)["Parameter"]["Value"]) >= 30
        assert ssm.describe_parameters()["Parameters"] == []
        check_error(lambda: ssm.delete_parameter(Name=VERSION), "NotImplementedException", 501, VERSION)
    public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    check_error(lambda: ssm.get_parameter(Name=public), "NotImplementedException", 501, f"the public parameter {public}")
    check_error(lambda: ssm.get_parameters_by_path(Path="/"), "NotImplementedException", 501, "ssm:GetParametersByPath")


def test_parameters_survive_a_restart(tmp_path):
    first = World(tmp_path)
    first.client("ssm").put_parameter(Name="a", Value="1", Type="String")
    first.stop()
    second = World(tmp_path)
    assert second.client("ssm").get_parameter(Name="a")["Parameter"]["Value"] == "1"
    second.stop()


def test_the_cli_reads_and_writes_parameters(world):
    assert ok(world, "ssm", "put-parameter", "--name", "/a", "--value", "1", "--type", "String") == {"Version": 1, "Tier": "Standard"}
    assert ok(world, "ssm", "get-parameter", "--name", "/a")["Parameter"]["Value"] == "1"
    assert ok(world, "ssm", "get-parameter", "--name", VERSION, "--query", "Parameter.Version") == 1
    code, _, error = aws(world, "ssm", "get-parameter", "--name", "/b")
    assert code == 255 and "(ParameterNotFound) when calling the GetParameter operation" in error
    code, _, error = aws(world, "ssm", "put-parameter", "--cli-input-json", json.dumps({"Name": "/a", "Value": "2", "Type": "String"}))
    assert code == 255 and "(ParameterAlreadyExists)" in error and "set the overwrite option" in error
