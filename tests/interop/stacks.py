"""An emulator with CloudFormation stacks, and what a user gives an unmodified client of it: an endpoint, credentials
and a region, and nothing else."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import CREDENTIALS, REGION, ROOT, World, modes

ARTICLE = ROOT / "tests/data/templates/article.yaml"
# The programs of the Python packages.
SCRIPTS = pathlib.Path(sys.executable).parent


class Stacks(World):
    """A folder and an emulator, which is started with these arguments."""

    def __init__(self, folder, *arguments):
        super().__init__(folder, arguments=arguments)
        self.cloudformation = self.boto3("cloudformation")
        self.appsync = self.boto3("appsync")

    def start(self):
        super().start()
        self.set_client_environment()

    def set_client_environment(self):
        self.client_environment = {
            "HOME": str(self.folder),
            "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def boto3(self, service):
        """A client with boto3's own settings."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **CREDENTIALS)

    def shell(self, command):
        """Runs a command line as a user types it."""
        return subprocess.run(
            command, shell=True, cwd=self.folder, env=self.client_environment, text=True, capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    def ok(self, command):
        """Runs a command line that must succeed, and returns its output."""
        return self.fails(command, code=0)

    def fails(self, command, code):
        """Runs a command line that must exit with this code, and returns its output and its errors."""
        done = self.shell(command)
        output = done.stdout + done.stderr
        assert done.returncode == code, f"{command}: exit code {done.returncode}\n{output}"
        return output

    def admin(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_provision/{path}", data=data, method=method)
        return json.load(urllib.request.urlopen(request))

    def faults(self, *rules, **members):
        return self.admin("faults", "PUT", {"rules": rules, **members})

    def fail_once(self, action, logical_id, after=0, times=1):
        """Lets one action of CloudFormation on a resource fail, after as many that succeed."""
        rule = {"on": action, "logicalId": logical_id, "after": after, "times": times,
                "fault": {"handlerErrorCode": "GeneralServiceException"}}
        return self.faults(rule)

    def advance(self, seconds=2):
        """Moves the clock, by default as far as one resource takes with `--stack-time`."""
        return self.admin("clock", "PUT", {"advance-s": seconds})

    def calls(self, service="cloudformation"):
        """The operations of a service that were called since the last time."""
        calls = self.admin("calls")
        self.admin("calls", "DELETE")
        return [it["operation"] for it in calls if it["service"] == service]

    def stack(self, name):
        [stack] = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        return stack

    def status(self, name):
        return self.stack(name)["StackStatus"]

    def outputs(self, name):
        return {it["OutputKey"]: it["OutputValue"] for it in self.stack(name)["Outputs"]}

    def physical_id(self, stack, logical_id):
        detail = self.cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return detail["StackResourceDetail"]["PhysicalResourceId"]

    def events(self, name):
        """The events of a stack in order of time, as (logical id, status, reason)."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [it for page in pages for it in page["StackEvents"]]
        return [(it["LogicalResourceId"], it["ResourceStatus"], it.get("ResourceStatusReason")) for it in reversed(events)]

    def create(self, name, body, **more):
        return self.cloudformation.create_stack(StackName=name, TemplateBody=body, **more)["StackId"]

    def update(self, name, body, **more):
        return self.cloudformation.update_stack(StackName=name, TemplateBody=body, **more)["StackId"]

    def change(self, name, body, kind="UPDATE", change_set="change", **more):
        """Creates a change set, and returns its description when it is complete."""
        request = {"StackName": name, "ChangeSetName": change_set}
        self.cloudformation.create_change_set(**request, ChangeSetType=kind, TemplateBody=body, **more)
        self.cloudformation.get_waiter("change_set_create_complete").wait(**request)
        return self.cloudformation.describe_change_set(**request, IncludePropertyValues=True)

    def namespaces(self, api_id):
        return sorted(it["name"] for it in self.appsync.list_channel_namespaces(apiId=api_id)["channelNamespaces"])


CONFIG = {
    name: [{"AuthType": "API_KEY"}]
    for name in ["AuthProviders", "ConnectionAuthModes", "DefaultPublishAuthModes", "DefaultSubscribeAuthModes"]
}
# A resource that is only a record.
HANDLE = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
KEY = {"Type": "AWS::AppSync::ApiKey", "Properties": {"ApiId": {"Fn::GetAtt": ["Api", "ApiId"]}}}


def api(name="chat", **attributes):
    return {"Type": "AWS::AppSync::Api", "Properties": {"Name": name, "EventConfig": CONFIG}, **attributes}


def namespace(name, attributes=None, **properties):
    properties = {"ApiId": {"Fn::GetAtt": ["Api", "ApiId"]}, "Name": name, **properties}
    return {"Type": "AWS::AppSync::ChannelNamespace", "Properties": properties, **(attributes or {})}


def template(Api=api(), outputs=None, **resources):
    """A template with an API and these resources."""
    outputs = {"ApiId": {"Value": {"Fn::GetAtt": ["Api", "ApiId"]}}} if outputs is None else outputs
    resources = {"Api": Api, **resources} if Api else resources
    return json.dumps({"Resources": resources, **({"Outputs": outputs} if outputs else {})})


PUBLISH = {"PublishAuthModes": [{"AuthType": "API_KEY"}]}
MODES = modes("API_KEY")
# For waiters whose polls move the clock, so that none waits.
AT_ONCE = {"Delay": 0, "MaxAttempts": 100_000}


def rejects(call, *, code="ValidationError", text, **arguments):
    """Calls an operation that must fail with this code, and with a message that has this text."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error
