"""boto3 reads exactly what the spec declares from the emulator."""

import datetime
import re
import time

from conftest import ROOT, bare, modes

SPEC = """
version: 1
stack: orders
region: ap-northeast-1
tags: { team: realtime }
logRoles:
  logs: { description: Writes logs }
apis:
  orders:
    ownerContact: realtime team
    auth:
      providers: [API_KEY, AWS_IAM]
      publish: [AWS_IAM]
      subscribe: [API_KEY]
    logging: { level: ERROR, role: logs }
    apiKeys:
      web: { description: Browser clients, validFor: 90d }
    namespaces:
      chat:
        publish: [API_KEY]
        handlers: { code: chat.js }
      plain: {}
"""
CODE = "export const onPublish = (ctx) => ctx.events\n"
TAGS = {"team": "realtime", "provision:stack": "orders"}


def without_digest(tags):
    """The tags without the digest of the declaration, which must be present."""
    assert re.fullmatch("[0-9a-f]{10}", tags["provision:digest"])
    return {key: value for key, value in tags.items() if key != "provision:digest"}


def hour(seconds):
    """Rounds down to the hour."""
    return int(seconds) // 3600 * 3600


def test_apply_creates_what_the_spec_declares_and_destroy_deletes_it(world, appsync, iam):
    world.write("spec.yaml", SPEC)
    world.write("chat.js", CODE)
    before = time.time()
    world.provision("apply", "spec.yaml", "--local", "--yes")
    after = time.time()

    (role,) = iam.list_roles()["Roles"]
    role = bare(iam.get_role(RoleName=role["RoleName"]))["Role"]
    assert role["RoleName"] == "orders-logs-ap-northeast-1"
    assert role["Path"] == "/provision/orders/ap-northeast-1/"
    assert role["Description"] == "Writes logs"
    assert role["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "appsync.amazonaws.com"}, "Action": "sts:AssumeRole",
        }],
    }
    tags = without_digest({it["Key"]: it["Value"] for it in role["Tags"]})
    assert re.fullmatch("[0-9a-f]{6}", tags.pop("provision:policies"))
    assert tags == {**TAGS, "provision:address": "logRoles/logs"}
    (policy,) = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)
    assert policy["PolicyDocument"]["Statement"] == [{
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/appsync/apis/*",
    }]

    (api,) = appsync.list_apis()["apis"]
    api = bare(appsync.get_api(apiId=api["apiId"]))["api"]
    assert api["name"] == "orders-orders"
    assert api["ownerContact"] == "realtime team"
    assert without_digest(api["tags"]) == {**TAGS, "provision:address": "apis/orders"}
    assert api["eventConfig"] == {
        "authProviders": modes("API_KEY", "AWS_IAM"),
        "connectionAuthModes": modes("API_KEY", "AWS_IAM"),
        "defaultPublishAuthModes": modes("AWS_IAM"),
        "defaultSubscribeAuthModes": modes("API_KEY"),
        "logConfig": {"logLevel": "ERROR", "cloudWatchLogsRoleArn": role["Arn"]},
    }

    listed = appsync.list_channel_namespaces(apiId=api["apiId"])["channelNamespaces"]
    assert [it["name"] for it in listed] == ["chat", "plain"]
    chat = appsync.get_channel_namespace(apiId=api["apiId"], name="chat")["channelNamespace"]
    assert chat["publishAuthModes"] == modes("API_KEY")
    assert chat["subscribeAuthModes"] == []
    assert chat["codeHandlers"] == CODE
    assert without_digest(chat["tags"]) == {**TAGS, "provision:address": "apis/orders/namespaces/chat"}
    plain = appsync.get_channel_namespace(apiId=api["apiId"], name="plain")["channelNamespace"]
    assert (plain["publishAuthModes"], plain["subscribeAuthModes"]) == ([], [])
    assert "codeHandlers" not in plain

    (key,) = appsync.list_api_keys(apiId=api["apiId"])["apiKeys"]
    assert key["id"].startswith("da2-") and len(key["id"]) == 30
    assert re.fullmatch(r"Browser clients \[provision:orders/apis/orders/apiKeys/web#[0-9a-f]{10}\]", key["description"])
    assert key["expires"] % 3600 == 0
    assert hour(before) + 90 * 86400 <= key["expires"] <= hour(after) + 90 * 86400
    assert key["deletes"] == key["expires"] + 60 * 86400

    outputs = world.provision("outputs", "spec.yaml", "--local", "--reveal", "--format", "env")
    assert f"ORDERS_API_KEY_WEB={key['id']}\n" in outputs
    assert f"ORDERS_HTTP_HOST={api['dns']['HTTP']}\n" in outputs
    assert f"ORDERS_REALTIME_HOST={api['dns']['REALTIME']}\n" in outputs

    world.provision("destroy", "spec.yaml", "--local", "--yes")
    assert appsync.list_apis()["apis"] == []
    assert iam.list_roles()["Roles"] == []


def test_drift_is_shown_and_fixed(world, appsync, iam):
    world.write("spec.yaml", SPEC)
    world.write("chat.js", CODE)
    world.provision("apply", "spec.yaml", "--local", "--yes")
    (api,) = appsync.list_apis()["apis"]
    api_id, arn = api["apiId"], api["apiArn"]
    appsync.update_channel_namespace(apiId=api_id, name="chat")
    appsync.tag_resource(resourceArn=arn, tags={"team": "others", "cost": "1"})
    (role,) = iam.list_roles()["Roles"]
    (policy,) = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=policy)
    foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=foreign)

    plan = world.provision("plan", "spec.yaml", "--local")
    assert "Plan: 3 to update." in plan
    assert "Tags.team  others → realtime" in plan
    assert "Tags.cost  1 → (none)" in plan
    world.provision("apply", "spec.yaml", "--local", "--yes")
    assert "No changes" in world.provision("plan", "spec.yaml", "--local")
    chat = appsync.get_channel_namespace(apiId=api_id, name="chat")["channelNamespace"]
    assert chat["codeHandlers"] == CODE
    assert without_digest(appsync.list_tags_for_resource(resourceArn=arn)["tags"]) == {**TAGS, "provision:address": "apis/orders"}
    # An undeclared policy is shown and kept.
    assert f"managed policy {foreign}" in plan
    (attached,) = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert attached["PolicyArn"] == foreign


def test_a_key_is_renewed_in_place(world, appsync):
    world.write("spec.yaml", SPEC)
    world.write("chat.js", CODE)
    # One time for all commands, so the hour does not change in between.
    now = int(time.time())
    at = ["--now", datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")]
    world.provision("apply", "spec.yaml", "--local", "--yes", *at)
    (api,) = appsync.list_apis()["apis"]
    (key,) = appsync.list_api_keys(apiId=api["apiId"])["apiKeys"]
    soon = now + 3 * 86400
    appsync.update_api_key(apiId=api["apiId"], id=key["id"], expires=soon)
    plan = world.provision("plan", "spec.yaml", "--local", *at)
    date = datetime.datetime.fromtimestamp(hour(soon), datetime.UTC).strftime("%Y-%m-%dT%H:00:00Z")
    assert f"Expires  {date} → " in plan
    world.provision("apply", "spec.yaml", "--local", "--yes", *at)
    (renewed,) = appsync.list_api_keys(apiId=api["apiId"])["apiKeys"]
    assert renewed == key


def test_the_stack_of_the_article_is_created(world, appsync):
    before = time.time()
    world.provision("apply", str(ROOT / "templates/article/spec.yaml"), "--local", "--yes")
    after = time.time()
    (api,) = appsync.list_apis()["apis"]
    config = appsync.get_api(apiId=api["apiId"])["api"]["eventConfig"]
    assert config["defaultSubscribeAuthModes"] == modes("API_KEY")
    assert config["logConfig"]["logLevel"] == "ALL"
    (key,) = appsync.list_api_keys(apiId=api["apiId"])["apiKeys"]
    # AWS's default: seven days, rounded down to the hour.
    assert hour(before) + 7 * 86400 <= key["expires"] <= hour(after) + 7 * 86400


def test_unmanaged_policies_of_a_role_are_kept_until_allow_unmanaged(world, appsync, iam):
    world.write("chat.js", CODE)
    policies = "policies: { One: &p { Statement: [{ Effect: Allow, Action: 'logs:*', Resource: '*' }] }, Two: *p }"
    with_two = SPEC.replace("logs: { description: Writes logs }", f"logs: {{ {policies} }}")
    world.write("spec.yaml", with_two)
    world.provision("apply", "spec.yaml", "--local", "--yes")
    (role,) = iam.list_roles()["Roles"]
    name = role["RoleName"]
    document = '{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    iam.put_role_policy(RoleName=name, PolicyName="Others", PolicyDocument=document)
    assert "No changes" in world.provision("plan", "spec.yaml", "--local")

    world.write("spec.yaml", with_two.replace(", Two: *p", ""))
    assert "inline policy Others" in world.provision("plan", "spec.yaml", "--local")
    world.provision("apply", "spec.yaml", "--local", "--yes")
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["One", "Others"]

    # The name of an unmanaged policy cannot be used.
    world.write("spec.yaml", with_two.replace("Two: *p", "Others: *p"))
    assert "`Others` that this stack does not manage" in world.fails("apply", "spec.yaml", "--local", "--yes", code=1)
    assert "Deny" in str(iam.get_role_policy(RoleName=name, PolicyName="Others")["PolicyDocument"])

    failed = world.fails("destroy", "spec.yaml", "--local", "--yes", code=5)
    assert "inline policy Others" in failed
    world.provision("destroy", "spec.yaml", "--local", "--yes", "--allow-unmanaged")
    assert iam.list_roles()["Roles"] == []


def test_without_the_tag_of_policies_all_policies_of_a_role_are_managed(world, appsync, iam):
    world.write("spec.yaml", SPEC)
    world.write("chat.js", CODE)
    world.provision("apply", "spec.yaml", "--local", "--yes")
    (role,) = iam.list_roles()["Roles"]
    iam.untag_role(RoleName=role["RoleName"], TagKeys=["provision:policies"])
    document = '{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="Odd", PolicyDocument=document)
    assert "Odd" in world.provision("plan", "spec.yaml", "--local")
    world.provision("apply", "spec.yaml", "--local", "--yes")
    assert iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == ["WriteAppSyncLogs"]
    tags = {it["Key"] for it in iam.get_role(RoleName=role["RoleName"])["Role"]["Tags"]}
    assert "provision:policies" in tags


def test_a_protected_api_is_not_deleted_until_the_spec_unprotects_it(world, appsync):
    world.write("chat.js", CODE)
    protect = lambda value: world.write("spec.yaml", SPEC.replace("    ownerContact", f"    protect: {value}\n    ownerContact"))
    protect("true")
    world.provision("apply", "spec.yaml", "--local", "--yes")
    (api,) = appsync.list_apis()["apis"]
    tags = lambda: appsync.get_api(apiId=api["apiId"])["api"]["tags"]
    assert tags()["provision:protect"] == "true"
    template = world.provision("render", "spec.yaml", "--cfn")
    assert "DeletionPolicy: Retain" in template and "UpdateReplacePolicy: Retain" in template

    # Omitting `protect` does not remove the protection.
    world.write("spec.yaml", SPEC)
    assert "No changes" in world.provision("plan", "spec.yaml", "--local")
    for command in (["destroy"], ["apply"]):
        if command == ["apply"]:
            world.write("spec.yaml", "version: 1\nstack: orders\nregion: ap-northeast-1\nlogRoles: { logs: {} }\n")
        failed = world.fails(*command, "spec.yaml", "--local", "--yes", code=5)
        assert "it is protected" in failed and "`protect: false`" in failed
    # Children of a protected API can be deleted.
    world.write("spec.yaml", SPEC.replace("      plain: {}\n", ""))
    world.provision("apply", "spec.yaml", "--local", "--yes")

    protect("false")
    world.provision("apply", "spec.yaml", "--local", "--yes")
    assert "provision:protect" not in tags()
    world.provision("destroy", "spec.yaml", "--local", "--yes")
    assert appsync.list_apis()["apis"] == []
