"""IMPORT change sets with boto3."""

import json

import pytest

from stack_stories import importable
from stacks import KEY, api, namespace, rejects, template


def test_an_import_change_set_brings_an_api_into_a_stack_unchanged(stacks):
    body, resources = importable(stacks)
    rejects(stacks.cloudformation.create_change_set, StackName="s", ChangeSetName="c", ChangeSetType="IMPORT",
            TemplateBody=template(api(DeletionPolicy="Retain")), ResourcesToImport=resources,
            text="As part of the import operation, you cannot modify or add [Outputs]")
    changes = stacks.change("s", body, "IMPORT", ResourcesToImport=resources)["Changes"]
    assert [(it["ResourceChange"]["LogicalResourceId"], it["ResourceChange"]["Action"]) for it in changes] == [("Api", "Import")]
    stacks.cloudformation.execute_change_set(StackName="s", ChangeSetName="change")
    assert stacks.status("s") == "IMPORT_COMPLETE"
    assert stacks.physical_id("s", "Api") == resources[0]["ResourceIdentifier"]["ApiArn"]
    [live] = stacks.appsync.list_apis()["apis"]
    assert live["tags"]["aws:cloudformation:stack-name"] == "s"
    # The second step of a migration adds outputs and what cannot be imported.
    stacks.update("s", template(api(DeletionPolicy="Retain"), Key=KEY))
    assert (stacks.status("s"), stacks.outputs("s")["ApiId"]) == ("UPDATE_COMPLETE", live["apiId"])


def parameter(stacks):
    stacks.boto3("ssm").put_parameter(Name="p", Value="v", Type="String")
    return {"Name": "p"}, {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String", "Value": "v"}}


def role(stacks):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "appsync.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    stacks.boto3("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))
    return {"RoleName": "r"}, {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust}}


def domain(stacks):
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    stacks.appsync.create_domain_name(domainName="a.example.com", certificateArn=certificate)
    return {"DomainName": "a.example.com"}, {
        "Type": "AWS::AppSync::DomainName", "Properties": {"DomainName": "a.example.com", "CertificateArn": certificate}}


def channel_namespace(stacks):
    _, [resource] = importable(stacks)
    api_id = resource["ResourceIdentifier"]["ApiArn"].rsplit("/", 1)[1]
    arn = stacks.appsync.create_channel_namespace(apiId=api_id, name="chat")["channelNamespace"]["channelNamespaceArn"]
    return {"ChannelNamespaceArn": arn}, namespace("chat", ApiId=api_id)


def data_source(stacks):
    _, [resource] = importable(stacks)
    api_id = resource["ResourceIdentifier"]["ApiArn"].rsplit("/", 1)[1]
    source = {"name": "web", "type": "HTTP", "httpConfig": {"endpoint": "https://a.example.com"}}
    arn = stacks.appsync.create_data_source(apiId=api_id, **source)["dataSource"]["dataSourceArn"]
    properties = {"ApiId": api_id, "Name": "web", "Type": "HTTP", "HttpConfig": {"Endpoint": "https://a.example.com"}}
    return {"DataSourceArn": arn}, {"Type": "AWS::AppSync::DataSource", "Properties": properties}


@pytest.mark.parametrize("make", [parameter, role, domain, channel_namespace, data_source], ids=lambda it: it.__name__)
def test_a_resource_of_each_type_is_imported(stacks, make):
    identifier, declaration = make(stacks)
    body = template(None, outputs={}, R={**declaration, "DeletionPolicy": "Retain"})
    resource = {"ResourceType": declaration["Type"], "LogicalResourceId": "R", "ResourceIdentifier": identifier}
    stacks.change("s", body, "IMPORT", ResourcesToImport=[resource], Capabilities=["CAPABILITY_NAMED_IAM"])
    stacks.cloudformation.execute_change_set(StackName="s", ChangeSetName="change")
    assert stacks.status("s") == "IMPORT_COMPLETE", stacks.events("s")
    # What was imported is what the template says.
    id = stacks.cloudformation.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
    assert stacks.cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)["StackDriftStatus"] == "IN_SYNC"
