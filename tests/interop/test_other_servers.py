"""The engine against other servers that act as AWS, as far as each goes."""

import contextlib
import string

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from conftest import ROOT
from others import LACKS, Other

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


@pytest.fixture(params=LACKS)
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
    """The one API, its one namespace and its one key: nothing is there twice."""
    appsync = other.client("appsync")
    (api,) = appsync.list_apis()["apis"]
    (namespace,) = appsync.list_channel_namespaces(apiId=api["apiId"])["channelNamespaces"]
    (key,) = appsync.list_api_keys(apiId=api["apiId"])["apiKeys"]
    return api, namespace, key


def test_the_articles_stack_stands_stays_and_goes(other):
    if other.name == "ministack":
        # It gives a namespace without modes of its own those in which the API is published to, for
        # subscribing too (AWS leaves them empty,
        # docs/reference/channel-namespaces.md#unset-members); which is seen, and put right.
        said = other.fails("apply", ARTICLE, "--yes", code=3)
        assert "This did not stick on AWS" in said and "update channel namespace" in said
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


def test_an_api_and_a_namespace_are_changed_in_place(ministack):
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


def test_a_key_and_tags_are_changed_in_place(moto):
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


# What is changed, what the server lacks for it, and whether something else was done before.
REFUSED = [
    ("moto", {"contact": "others"}, "UpdateApi", 1),
    ("moto", {"publish": "API_KEY"}, "UpdateChannelNamespace", 1),
    ("moto", {"publish": "API_KEY", "key": "phones"}, "UpdateChannelNamespace", 3),
    ("ministack", {"key": "phones"}, "UpdateApiKey", 1),
    ("ministack", {"contact": "others", "key": "phones"}, "UpdateApiKey", 3),
    ("ministack", {"team": "others"}, "TagResource", 1),
]


@pytest.mark.parametrize("name, change, operation, code", REFUSED)
def test_what_a_server_lacks_is_said_in_its_words_and_nothing_is_doubled(tmp_path, name, change, operation, code):
    with served(name, tmp_path) as other:
        other.write("spec.yaml", spec())
        other.provision("apply", "spec.yaml", "--yes")
        before = only(other)
        other.write("spec.yaml", spec(**change))
        said = other.fails("apply", "spec.yaml", "--yes", code=code)
        assert f" {operation}: " in said and LACKS[name][operation] in said, said
        assert before[2]["id"] not in said
        after = only(other)
        assert [it.get("apiId", it.get("id")) for it in after] == [it.get("apiId", it.get("id")) for it in before]
        # What is left undone is still planned, and goes with everything else.
        assert other.run("plan", "spec.yaml", "--detailed-exitcode").returncode == 2
        other.provision("destroy", "spec.yaml", "--yes")
        assert other.client("appsync").list_apis()["apis"] == []


def test_what_can_not_be_listed_is_not_made(other):
    domain = "domains:\n  live: { name: live.example.com, association: { api: orders } }\n"
    other.write("spec.yaml", spec() + domain)
    said = other.fails("apply", "spec.yaml", "--yes", code=1)
    assert "error: domains/live/association: ListDomainNames: " in said
    assert LACKS[other.name]["ListDomainNames"] in said and "help: check the endpoint URL" in said
    assert other.client("appsync").list_apis()["apis"] == []


def test_each_still_lacks_what_it_lacked(other):
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
    for operation, words in LACKS[other.name].items():
        needs = appsync.meta.service_model.operation_model(operation).input_shape.required_members
        call = getattr(appsync, xform_name(operation))
        with pytest.raises(ClientError, match=words):
            call(**{name: arguments[name] for name in needs})
            pytest.fail(f"{other.name} has {operation} now: take its row away and try more with it")


def test_the_log_tells_what_was_taken_as_empty(other):
    other.write("spec.yaml", spec())
    said = other.run("plan", "spec.yaml", "-v").stderr
    assert "ListDomainNames: " in said and "treated as having no custom domain name" in said
    assert "taken as" not in other.run("plan", "spec.yaml").stderr
