"""The emulator's data plane verifies signatures of other implementations."""

import base64
import json
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.sync.client import connect

from conftest import HANG_S, REGION

IAM = [{"authType": "AWS_IAM"}]
CONFIG = {
    "authProviders": IAM,
    "connectionAuthModes": IAM,
    "defaultPublishAuthModes": IAM,
    "defaultSubscribeAuthModes": IAM,
}
BODY = json.dumps({"channel": "/default/a", "events": ['{"a": "<b>"}']})
SIGNED = {
    "accept": "application/json, text/javascript",
    "content-encoding": "amz-1.0",
    "content-type": "application/json; charset=UTF-8",
}


@pytest.fixture
def api(appsync):
    api = appsync.create_api(name="signed", eventConfig=CONFIG)["api"]
    appsync.create_channel_namespace(apiId=api["apiId"], name="default")
    return api


def sign(url, body, headers=(), region=REGION, secret="local", token=None):
    request = AWSRequest("POST", url, headers=dict(headers), data=body)
    SigV4Auth(Credentials("local", secret, token), "appsync", region).add_auth(request)
    return dict(request.headers)


def publish(url, body, headers):
    request = urllib.request.Request(url, data=body.encode(), headers=headers, method="POST")
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, json.load(answer)


@pytest.mark.parametrize("token", [None, "TOKEN"])
def test_a_signature_of_botocore_for_the_emulators_address_is_accepted(world, api, token):
    url = f"{world.url}/apis/{api['apiId']}/event"
    status, answer = publish(url, BODY, sign(url, BODY, {"content-type": "application/json"}, token=token))
    assert (status, answer["failed"]) == (200, [])


def test_a_signature_of_botocore_for_the_host_of_the_api_is_accepted(world, api):
    host = api["dns"]["HTTP"]
    headers = sign(f"https://{host}/event", BODY, {"content-type": "application/json"})
    assert publish(f"{world.url}/event", BODY, {**headers, "host": host})[0] == 200


def test_a_signature_with_another_secret_body_or_region_is_denied(world, api):
    url = f"{world.url}/apis/{api['apiId']}/event"
    for headers, body in [
        (sign(url, BODY, secret="other"), BODY),
        (sign(url, BODY), BODY.replace("<", ">")),
    ]:
        status, answer = publish(url, body, headers)
        error = answer["errors"][0]
        assert (status, error["errorType"]) == (400, "BadRequestException")
        assert "The Canonical String for this request should have been" in error["message"]
    assert publish(url, BODY, sign(url, BODY, region="eu-west-3"))[0] == 401


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_a_signature_of_curl_is_accepted(world, api):
    url = f"{world.url}/apis/{api['apiId']}/event"
    done = subprocess.run(
        ["curl", "-s", "-w", "%{http_code}", "--aws-sigv4", f"aws:amz:{REGION}:appsync", "--user", "local:local",
         "-H", "content-type: application/json", "-d", BODY, url],
        stdout=subprocess.PIPE, text=True, check=True,
    )
    assert done.stdout.endswith("200"), done.stdout


def test_a_websocket_accepts_signatures_in_amplifys_form(world, api):
    host = api["dns"]["HTTP"]

    def authorization(text):
        signed = sign(f"https://{host}/event", text, SIGNED)
        return {**SIGNED, "host": host, "x-amz-date": signed["X-Amz-Date"], "Authorization": signed["Authorization"]}

    header = base64.urlsafe_b64encode(json.dumps(authorization("{}")).encode()).decode().rstrip("=")
    url = f"{world.url.replace('http', 'ws', 1)}/apis/{api['apiId']}/event/realtime"
    with connect(url, subprotocols=[f"header-{header}", "aws-appsync-event-ws"]) as socket:
        def ask(kind, **members):
            text = json.dumps(members, separators=(",", ":"))
            message = {"id": kind, "type": kind, **members, "authorization": authorization(text)}
            socket.send(json.dumps(message))
            while True:
                answer = json.loads(socket.recv(timeout=HANG_S))
                if answer.get("id") == kind and answer["type"] != "data":
                    return answer["type"]

        assert ask("subscribe", channel="/default/*") == "subscribe_success"
        assert ask("publish", channel="/default/a", events=['{"msg":"hi"}']) == "publish_success"
