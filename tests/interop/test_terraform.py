"""Terraform's `aws_cloudformation_stack`, unmodified, with a provider that is installed on this machine.

`TF_PLUGIN_DIR` names a folder of providers, in the layout of `terraform providers mirror` after `terraform init`.
"""

import json
import os
import pathlib
import shutil

import pytest

from stacks import KEY, PUBLISH, api, namespace, template

PROVIDER = "registry.terraform.io/hashicorp/aws"
# Where Terraform looks for providers, and a usual folder of images for CI.
FOLDERS = [os.environ.get("TF_PLUGIN_DIR"), "~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/opt/tf-plugins"]
PLUGINS = next((path for path in (pathlib.Path(it).expanduser() for it in FOLDERS if it) if (path / PROVIDER).is_dir()), None)
pytestmark = pytest.mark.skipif(
    not shutil.which("terraform") or not PLUGINS,
    reason="terraform is not on the PATH, or TF_PLUGIN_DIR names no folder with the AWS provider",
)
MAIN = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "name" { default = "chat" }
resource "aws_cloudformation_stack" "chat" {
  name          = "chat"
  template_body = file("template.json")
  parameters    = { Name = var.name }
  tags          = { team = "realtime" }
}
output "api_id" { value = aws_cloudformation_stack.chat.outputs["ApiId"] }
"""


def body(**resources):
    """A template with a parameter for the name of its API."""
    return json.dumps({
        **json.loads(template(api({"Ref": "Name"}), **resources)), "Parameters": {"Name": {"Type": "String"}},
    })


@pytest.fixture
def stacks(start):
    """An emulator, and an initialized configuration of Terraform in its folder."""
    stacks = start()
    stacks.write("main.tf", MAIN)
    stacks.write("template.json", body(Chat=namespace("chat"), Key=KEY))
    stacks.ok(f"terraform init -input=false -no-color -plugin-dir={PLUGINS}")
    return stacks


def test_a_stack_is_created_updated_and_destroyed(stacks):
    output = stacks.ok("terraform apply -auto-approve -input=false -no-color")
    assert "1 added, 0 changed, 0 destroyed" in output
    api_id = stacks.outputs("chat")["ApiId"]
    assert f'api_id = "{api_id}"' in output and stacks.namespaces(api_id) == ["chat"]
    [live] = stacks.appsync.list_apis()["apis"]
    assert live["tags"]["team"] == "realtime"
    plan = "terraform plan -detailed-exitcode -input=false -no-color"
    assert "No changes." in stacks.ok(plan)

    stacks.write("template.json", body(Chat=namespace("chat", **PUBLISH), News=namespace("news"), Key=KEY))
    stacks.fails(f"{plan} -var name=renamed", code=2)
    output = stacks.ok("terraform apply -auto-approve -input=false -no-color -var name=renamed")
    assert "0 added, 1 changed, 0 destroyed" in output
    assert stacks.namespaces(api_id) == ["chat", "news"]
    assert stacks.appsync.get_api(apiId=api_id)["api"]["name"] == "renamed"
    assert "No changes." in stacks.ok(f"{plan} -var name=renamed")

    output = stacks.ok("terraform destroy -auto-approve -input=false -no-color")
    assert "1 destroyed" in output
    assert stacks.appsync.list_apis()["apis"] == [] and stacks.cloudformation.describe_stacks()["Stacks"] == []


def test_a_failed_creation_shows_the_reason_of_the_resource(stacks):
    stacks.fail_once("Create", "Chat")
    output = stacks.fails("terraform apply -auto-approve -input=false -no-color", code=1)
    assert "ROLLBACK_COMPLETE" in output and "GeneralServiceException" in output, output
