"""Rendered templates against the article's template, cfn-lint and AWS's validator."""

import json
import pathlib
import subprocess
import sys

import pytest
import yaml
from cloudformation_validate import CompositeEngine

from conftest import PROVISION, ROOT

ARTICLE = ROOT / "tests/data/templates/article.yaml"
CFN_LINT = pathlib.Path(sys.executable).parent / "cfn-lint"
TEMPLATES = sorted(it.parent.name for it in ROOT.glob("templates/*/spec.yaml"))


class Loader(yaml.SafeLoader):
    """Loads YAML, and reads CloudFormation's short forms as the long ones."""


def intrinsic(loader, tag, node):
    value = loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else loader.construct_sequence(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag == "Ref" else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", intrinsic)


def render(spec, *arguments):
    return subprocess.run(
        [PROVISION, "render", str(spec), "--cfn", "--quiet", *arguments], check=True, capture_output=True, text=True,
    ).stdout


def test_the_spec_of_the_article_renders_to_the_template_of_the_article():
    theirs = yaml.load(ARTICLE.read_text(), Loader)
    ours = yaml.load(render(ROOT / "templates/article/spec.yaml"), Loader)
    assert ours["Resources"] == theirs["Resources"]
    assert ours["Description"] == theirs["Description"]
    assert ours["AWSTemplateFormatVersion"] == theirs["AWSTemplateFormatVersion"]
    for name, output in theirs["Outputs"].items():
        assert ours["Outputs"][name] == output


@pytest.mark.parametrize("template", TEMPLATES)
def test_yaml_and_json_are_the_same_template(template):
    spec, now = ROOT / f"templates/{template}/spec.yaml", ("--now", "2026-11-24T03:00:00Z")
    assert yaml.load(render(spec, *now), Loader) == json.loads(render(spec, "--format", "json", *now))


RICH = """
version: 1
stack: rich
description: Every feature of a spec
tags: { team: realtime, where: "${AWS::Region}" }
logRoles:
  made: {}
  named: { name: my-role, description: d, managedPolicies: ['arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs'] }
  ours: { arn: 'arn:aws:iam::123456789012:role/existing' }
parameters:
  stage: { default: dev, allowed: [dev, prod], description: Where this runs }
  role: { description: The role that calls data sources }
  acl: { description: The web ACL }
  certificate: { description: The certificate }
domains:
  events:
    name: "events-${stage}.example.com"
    certificate: ${certificate}
    description: Browsers
    association: { api: one }
  old: { name: old.example.com, association: { api: two } }
apis:
  one:
    ownerContact: realtime team
    waf: { webAcl: "${acl}" }
    dataSources:
      fn: { lambda: { function: "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:f" }, serviceRole: "${role}", metrics: ENABLED }
      table: { dynamodb: { table: t, useCallerCredentials: true, versioned: true, deltaSync: { table: d, baseTableTtl: 30d, deltaSyncTableTtl: 1d } }, serviceRole: "${role}" }
      bus: { eventBridge: { bus: "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/b" }, serviceRole: "${role}" }
      web: { http: { endpoint: 'https://a.example.com' } }
      signed: { http: { endpoint: 'https://states.eu-west-1.amazonaws.com', signing: { region: eu-west-1, service: states } }, serviceRole: "${role}" }
      search: { openSearch: { endpoint: 'https://search.example.com' }, serviceRole: "${role}" }
      db: { rds: { cluster: "arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:c", secret: "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:s", database: d, schema: public }, serviceRole: "${role}" }
      ai: { bedrock: {}, description: Models, serviceRole: "${role}" }
    auth: { providers: [API_KEY, AWS_IAM] }
    logging: { level: ERROR, role: made }
    apiKeys: { web: { description: Browsers, validFor: 90d }, partner: { expires: '2027-06-30T00:00:00Z' } }
    namespaces:
      chat: { publish: [AWS_IAM], handlers: { code: chat.js } }
      audit: { name: audit-log }
      direct: { handlers: { onPublish: { dataSource: fn, behavior: DIRECT, invoke: EVENT }, onSubscribe: { dataSource: fn, behavior: DIRECT, invoke: REQUEST_RESPONSE } } }
      stored: { handlers: { inline: "export const onPublish = { request: (ctx) => ({}), response: (ctx) => ctx.events }\n", onPublish: { dataSource: table } } }
      s3: { handlers: { s3: 's3://my-bucket/handlers.js' } }
  two:
    name: "two-${AWS::Region}"
    auth: { providers: [AWS_IAM] }
    logging: { level: ALL, role: ours }
  three:
    auth: { providers: [AWS_IAM] }
    logging: { level: INFO, role: named }
"""


ENGINE = CompositeEngine()


def spec_of(name, tmp_path):
    if name != "rich":
        return ROOT / f"templates/{name}/spec.yaml"
    spec = tmp_path / "spec.yaml"
    spec.write_text(RICH)
    (tmp_path / "chat.js").write_text("export const onPublish = (ctx) => ctx.events.map((e) => ({ id: e.id, payload: `${e.id}` }))\n")
    return spec


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("name", [*TEMPLATES, "rich"])
def test_awss_validator_reports_no_error_and_no_warning(name, form, tmp_path):
    template = tmp_path / f"template.{form}"
    template.write_text(render(spec_of(name, tmp_path), "--format", form, "--export-keys", "--now", "2026-11-24T03:00:00Z"))
    report = ENGINE.validate_template(str(template))
    assert [it.message for it in report.diagnostics if it.severity.name != "INFO"] == []


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("name", [*TEMPLATES, "rich"])
def test_cfn_lint_reports_nothing(name, form, tmp_path):
    template = tmp_path / f"template.{form}"
    template.write_text(render(spec_of(name, tmp_path), "--format", form, "--now", "2026-11-24T03:00:00Z"))
    done = subprocess.run(
        [CFN_LINT, "--include-checks", "I", "--", str(template)],
        capture_output=True, text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
