"""The engine against other AWS emulators, with the operations that each supports."""

import contextlib
import string

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from conftest import ROOT
from others import UNSUPPORTED, Other

ARTICLE = str(ROOT / "templates/article/spec.yaml")
SPEC = string.Template("""
version: 1
stack: orders
region: ap-northeast-1
tags: { team: $team }
apis:
  orders:
    ownerContact: $contact
    auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM], subscribe: [API_KEY] }
    apiKeys:
      web: { description: $key, validFor: 90d }
    namespaces:
      chat: { publish: [$publish], subscribe: [API_KEY] }
""")


def spec(team="realtime", contact="realtime team", key="browsers", publish="AWS_IAM"):
    return SPEC.substitute(team=team, contact=contact, key=key, publish=publish)


def modes(*types):
    return [{"authType": it} for it in types]


@pytest.fixture(params=UNSUPPORTED)
def other(request, tmp_path):
    with served(request.param, tmp_path) as server:
        yield server


@pytest.fixture
def moto(tmp_path):
    with served("moto", tmp_path) as server:
        yield server


@pytest.fixture
def ministack(tmp_path):
    with served("ministack", tmp_path) as server:
        yield server


@contextlib.contextmanager
def served(name, folder):
    server = Other(folder, name)
    try:
        yield server
    finally:
        server.stop()


def only(other):
    """The one API, its one namespace and its one key: there are no duplicates."""
    appsync = other.client("appsync")
    (api,) = appsync.list_apis()["apis"]
    (namespace,) = appsync.list_channel_namespaces(apiId=api["apiId"])["channelNamespaces"]
    (key,) = appsync.list_api_keys(apiId=api["apiId"])["apiKeys"]
    return api, namespace, key


def test_the_stack_of_the_article_is_created_unchanged_by_another_apply_and_deleted(other):
    if other.name == "ministack":
        # MiniStack copies the API's modes for publishing into both lists of a namespace without modes (AWS leaves
        # them empty, docs/reference/channel-namespaces.md#unset-members). The engine reports and fixes this.
        output = other.fails("apply", ARTICLE, "--yes", code=3)
        assert "AWS accepted these changes, but the live state does not have them" in output and "update channel namespace" in output
        assert only(other)[1]["subscribeAuthModes"] == modes("API_KEY", "AWS_IAM")
    other.provision("apply", ARTICLE, "--yes")

    api, namespace, key = only(other)
    assert api["name"] == "appsync-event-api-sample"
    assert api["tags"]["provision:address"] == "apis/sample"
    config = other.client("appsync").get_api(apiId=api["apiId"])["api"]["eventConfig"]
    assert config["defaultPublishAuthModes"] == modes("API_KEY", "AWS_IAM")
    assert config["defaultSubscribeAuthModes"] == modes("API_KEY")
    (role,) = other.client("iam").list_roles(PathPrefix="/provision/")["Roles"]
    assert config["logConfig"] == {"logLevel": "ALL", "cloudWatchLogsRoleArn": role["Arn"]}
    assert (namespace["name"], namespace.get("subscribeAuthModes", [])) == ("sample", [])
    outputs = other.provision("outputs", ARTICLE, "--reveal", "--format", "json")
    assert api["dns"]["HTTP"] in outputs and key["id"] in outputs

    assert "No changes" in other.run("apply", ARTICLE, "--yes").stderr
    other.provision("plan", ARTICLE, "--detailed-exitcode")
    assert only(other) == (api, namespace, key)

    other.provision("destroy", ARTICLE, "--yes")
    assert other.client("appsync").list_apis()["apis"] == []
    assert other.client("iam").list_roles(PathPrefix="/provision/")["Roles"] == []
    assert "Plan: 4 to create" in other.provision("plan", ARTICLE)


def test_an_api_and_a_namespace_are_updated_in_place(ministack):
    ministack.write("spec.yaml", spec())
    ministack.provision("apply", "spec.yaml", "--yes")
    before = only(ministack)
    ministack.write("spec.yaml", spec(contact="others", publish="API_KEY"))
    ministack.provision("apply", "spec.yaml", "--yes")
    api, namespace, key = only(ministack)
    assert (api["apiId"], api["ownerContact"]) == (before[0]["apiId"], "others")
    assert namespace["publishAuthModes"] == modes("API_KEY")
    assert key == before[2]
    ministack.provision("plan", "spec.yaml", "--detailed-exitcode")


def test_a_key_and_tags_are_updated_in_place(moto):
    moto.write("spec.yaml", spec())
    moto.provision("apply", "spec.yaml", "--yes")
    before = only(moto)
    moto.write("spec.yaml", spec(key="phones", team="others"))
    moto.provision("apply", "spec.yaml", "--yes")
    api, namespace, key = only(moto)
    assert (api["apiId"], key["id"]) == (before[0]["apiId"], before[2]["id"])
    assert key["description"].startswith("phones [")
    assert (api["tags"]["team"], namespace["tags"]["team"]) == ("others", "others")
    moto.provision("plan", "spec.yaml", "--detailed-exitcode")


# The change, the operation that the server does not support, and the exit code: 3 if another change succeeded.
UNSUPPORTED_CHANGES = [
    ("moto", {"contact": "others"}, "UpdateApi", 1),
    ("moto", {"publish": "API_KEY"}, "UpdateChannelNamespace", 1),
    ("moto", {"publish": "API_KEY", "key": "phones"}, "UpdateChannelNamespace", 3),
    ("ministack", {"key": "phones"}, "UpdateApiKey", 1),
    ("ministack", {"contact": "others", "key": "phones"}, "UpdateApiKey", 3),
    ("ministack", {"team": "others"}, "TagResource", 1),
]


@pytest.mark.parametrize("name, change, operation, code", UNSUPPORTED_CHANGES)
def test_an_unsupported_operation_is_reported_with_the_servers_message_and_creates_no_duplicates(tmp_path, name, change, operation, code):
    with served(name, tmp_path) as other:
        other.write("spec.yaml", spec())
        other.provision("apply", "spec.yaml", "--yes")
        before = only(other)
        other.write("spec.yaml", spec(**change))
        output = other.fails("apply", "spec.yaml", "--yes", code=code)
        assert f" {operation}: " in output and UNSUPPORTED[name][operation] in output, output
        assert before[2]["id"] not in output
        after = only(other)
        assert [it.get("apiId", it.get("id")) for it in after] == [it.get("apiId", it.get("id")) for it in before]
        # The failed change is still planned, and destroy deletes everything.
        assert other.run("plan", "spec.yaml", "--detailed-exitcode").returncode == 2
        other.provision("destroy", "spec.yaml", "--yes")
        assert other.client("appsync").list_apis()["apis"] == []


def test_a_kind_that_cannot_be_listed_is_not_created(other):
    domain = "domains:\n  live: { name: live.example.com, association: { api: orders } }\n"
    other.write("spec.yaml", spec() + domain)
    output = other.fails("apply", "spec.yaml", "--yes", code=1)
    assert "error: domains/live/association: ListDomainNames: " in output
    assert UNSUPPORTED[other.name]["ListDomainNames"] in output and "help: check the endpoint URL" in output
    assert other.client("appsync").list_apis()["apis"] == []


def test_the_list_of_unsupported_operations_is_current(other):
    appsync = other.client("appsync")
    config = {
        "authProviders": modes("API_KEY"), "connectionAuthModes": modes("API_KEY"),
        "defaultPublishAuthModes": modes("API_KEY"), "defaultSubscribeAuthModes": modes("API_KEY"),
    }
    api = appsync.create_api(name="a", eventConfig=config)["api"]
    appsync.create_channel_namespace(apiId=api["apiId"], name="n")
    key = appsync.create_api_key(apiId=api["apiId"])["apiKey"]["id"]
    arguments = {
        "apiId": api["apiId"], "name": "n", "id": key, "resourceArn": api["apiArn"], "tags": {"a": "b"},
        "tagKeys": ["a"], "eventConfig": config, "domainName": "a.example.com",
    }
    for operation, words in UNSUPPORTED[other.name].items():
        needs = appsync.meta.service_model.operation_model(operation).input_shape.required_members
        call = getattr(appsync, xform_name(operation))
        with pytest.raises(ClientError, match=words):
            call(**{name: arguments[name] for name in needs})
            pytest.fail(f"{other.name} supports {operation} now: remove its row and test more")


def test_verbose_output_names_lists_that_are_treated_as_empty(other):
    other.write("spec.yaml", spec())
    output = other.run("plan", "spec.yaml", "-v").stderr
    assert "ListDomainNames: " in output and "treated as having no custom domain name" in output
    assert "taken as" not in other.run("plan", "spec.yaml").stderr
