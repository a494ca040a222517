"""Fault injection, as boto3 sees it without its retries."""

import json
import time
import urllib.request

import botocore.config
import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from conftest import CREDENTIALS, REGION, ROOT
from test_wire import CONFIG, TRUST, check_error


def log(world):
    return json.load(urllib.request.urlopen(f"{world.url}/_provision/calls"))


def create(appsync, name="a", **config):
    return appsync.create_api(name=name, eventConfig={**CONFIG, **config})["api"]


@pytest.mark.parametrize("fault, code, status, done", [
    ("throttle", "LimitExceededException", 429, 0),
    ("fail-before", "InternalFailureException", 500, 0),
    ("fail-after", "InternalFailureException", 500, 1),
    ({"error": {"code": "UnauthorizedException", "status": 401, "message": "no"}}, "UnauthorizedException", 401, 0),
])
def test_injected_errors_are_errors_of_the_model(appsync, faults, fault, code, status, done):
    faults(rules=[{"on": "CreateApi", "fault": fault, "times": 1}])
    check_error(lambda: create(appsync), code, status)
    assert len(appsync.list_apis()["apis"]) == done
    create(appsync)


@pytest.mark.parametrize("fault, done", [("drop-before", 0), ("drop-after", 1)])
def test_a_dropped_connection_is_closed(world, appsync, faults, fault, done):
    faults(rules=[{"on": "CreateApi", "fault": fault}])
    with pytest.raises(ConnectionClosedError):
        create(appsync)
    assert len(appsync.list_apis()["apis"]) == done
    assert [(it["operation"], it["status"], it.get("fault")) for it in log(world)] == [
        ("CreateApi", None, fault), ("ListApis", 200, None)]


def test_a_hanging_call_times_out_and_does_not_delay_the_shutdown(world, faults):
    faults(rules=[{"on": "ListApis", "fault": "hang"}])
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=0.2)
    client = boto3.client("appsync", region_name=REGION, endpoint_url=world.url, config=config, **CREDENTIALS)
    with pytest.raises(ReadTimeoutError):
        client.list_apis()


def test_responses_are_delayed(appsync, faults):
    faults(latency_ms=20, rules=[{"on": "ListApis", "fault": {"delay-ms": 30}}])
    before = time.monotonic()
    appsync.list_apis()
    assert time.monotonic() - before >= 0.05


def test_iam_has_its_own_errors_and_delays(iam, appsync, faults):
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
    faults(rules=[{"on": "GetRole", "fault": "throttle", "times": 1},
                  {"on": "GetRole", "fault": "fail-after", "after": 1, "times": 1}],
           roles_settle_s=60, iam_reads_lag_s=60, quotas={"roles": 1})
    check_error(lambda: iam.get_role(RoleName="r"), "Throttling", 400, "Rate exceeded")
    check_error(lambda: iam.get_role(RoleName="r"), "ServiceFailure", 500)
    check_error(lambda: iam.get_role(RoleName="r"), "NoSuchEntity", 404)
    assert iam.list_roles()["Roles"] == []
    check_error(lambda: iam.create_role(RoleName="s", AssumeRolePolicyDocument=TRUST), "LimitExceeded", 409)
    logs = {"logLevel": "ALL", "cloudWatchLogsRoleArn": role["Arn"]}
    check_error(lambda: create(appsync, logConfig=logs), "BadRequestException", 400, role["Arn"])
    faults()
    create(appsync, logConfig=logs)


def test_lists_can_lag_and_quotas_can_be_lowered(appsync, faults):
    faults(lists_lag_calls=1, quotas={"apis": 1})
    create(appsync)
    assert [len(appsync.list_apis()["apis"]) for _ in range(2)] == [0, 1]
    check_error(lambda: create(appsync), "ServiceQuotaExceededException", 402)


def test_a_skewed_clock_rejects_signatures(appsync, iam, faults):
    faults(clock_skew_s=-3600)
    check_error(appsync.list_apis, "InvalidSignatureException", 403, "Signature not yet current: ")
    faults(clock_skew_s=3600)
    with pytest.raises(ClientError) as caught:
        iam.list_roles()
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    assert "Signature expired: " in caught.value.response["Error"]["Message"]


def test_the_documented_example_is_accepted(world, faults):
    example = json.loads((ROOT / "docs" / "faults.json").read_text())
    assert faults(**example)["rules"] == [
        {**rule, "on": [rule["on"]] if rule["on"] not in ("*",) and isinstance(rule["on"], str) else rule["on"],
         "after": rule.get("after", 0)} for rule in example["rules"]]
