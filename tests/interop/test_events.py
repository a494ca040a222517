"""Publishing and receiving events with curl as in the article, botocore's signatures, and a plain WebSocket client."""

import base64
import json
import pathlib
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid

import pytest
import websockets.exceptions
import websockets.sync.client
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conftest import HANG_S, REGION, ROOT

ARTICLE = (ROOT / "templates/article/spec.yaml").read_text()


class Api:
    """The article's API, applied, with its addresses for each client."""

    def __init__(self, world):
        world.write("spec.yaml", ARTICLE)
        world.provision("apply", "spec.yaml", "--local", "--yes")
        [api] = json.loads(world.provision("outputs", "spec.yaml", "--local", "--reveal", "--format", "json"))["apis"]
        self.world = world
        self.id = api["id"]
        self.host = api["http"]["host"]
        self.key = api["apiKeys"][0]["value"]
        self.url = api["http"]["url"]
        self.realtime = api["realtime"]["url"]
        self.port = world.url.rsplit(":", 1)[1]
        self.trust = world.provision("local", "trust", "--format", "path").strip()

    def curl(self, script, host, *more):
        """Runs a command of the article with its shell variables, and with the emulator's certificate authority."""
        prelude = f'API_KEY={self.key}\nHTTP_HOST={host}\ncurl() {{ command curl -sS --cacert "{self.trust}" {" ".join(more)} "$@"; }}\n'
        configured = {
            "AWS_CONFIG_FILE": str(self.world.folder / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.world.folder / "aws-credentials"),
        }
        (self.world.folder / "aws-credentials").write_text(
            "[default]\naws_access_key_id = local\naws_secret_access_key = local\n"
        )
        (self.world.folder / "aws-config").write_text("")
        scripts = pathlib.Path(subprocess.sys.executable).parent
        path = f"{scripts}:{self.world.environment['PATH']}"
        environment = {"HOME": str(self.world.folder), "PATH": path, **configured}
        done = subprocess.run(["bash", "-c", prelude + script], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def auth(self):
        return {"host": self.host, "x-api-key": self.key}

    def connect(self, header=None, protocols=None, url=None, **more):
        header = self.auth() if header is None else header
        encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
        protocols = ["aws-appsync-event-ws", f"header-{encoded}"] if protocols is None else protocols
        return websockets.sync.client.connect(url or self.realtime, subprotocols=protocols, max_size=None, **more)


@pytest.fixture
def api(world):
    return Api(world)


def receive(socket):
    """Returns the next frame that is not a keep-alive."""
    while True:
        frame = json.loads(socket.recv(timeout=HANG_S))
        if frame["type"] != "ka":
            return frame


def ask(socket, frame):
    socket.send(json.dumps(frame))
    return receive(socket)


def article(begin, end="\n\n"):
    """Returns a command of the article."""
    text = (ROOT / "tests/data/article/commands.sh").read_text()
    start = text.index(begin)
    return text[start : text.index(end, start)]


def check_published(answer):
    assert answer["failed"] == []
    [event] = answer["successful"]
    assert event["index"] == 0 and uuid.UUID(event["identifier"])


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("by", ["its own name", "a name below localhost"])
def test_the_curl_commands_of_the_article_publish(api, by):
    if by == "its own name":
        host, more = api.host, ["--connect-to", f"::localhost:{api.port}"]
    else:
        host, more = f"{api.id}.localhost:{api.port}", []
    with api.connect() as socket:
        assert ask(socket, {"type": "connection_init"}) == {"type": "connection_ack", "connectionTimeoutMs": 300000}
        subscription = {"type": "subscribe", "id": "1", "channel": "/sample/channel/*", "authorization": api.auth()}
        assert ask(socket, subscription) == {"type": "subscribe_success", "id": "1"}
        check_published(api.curl(article('curl -H "x-api-key'), host, *more))
        event = {"type": "data", "id": "1", "event": '{"message":"Delivering the latest data (API_KEY)!!"}'}
        assert receive(socket) == event
        check_published(api.curl(article("curl --aws-sigv4"), host, *more))
        assert receive(socket)["event"] == '{"message":"Delivering the latest data (IAM)!!"}'


def signed(api, body, url=None, region=REGION, secret="local", host=None):
    """A request with botocore's signature for AppSync."""
    request = AWSRequest("POST", url or api.url, data=body, headers={"content-type": "application/json", **({"host": host} if host else {})})
    SigV4Auth(Credentials("local", secret), "appsync", region).add_auth(request)
    prepared = request.prepare()
    return urllib.request.Request(prepared.url, body.encode(), dict(prepared.headers), method="POST")


def send(request):
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


BODY = json.dumps({"channel": "/sample/a", "events": ['{"x":"<é>"}']})


def test_a_signed_request_is_accepted_and_a_modified_one_is_denied(api):
    status, answer = send(signed(api, BODY))
    assert status == 200
    check_published(answer)
    for wrong in [{"secret": "other"}, {"region": "us-east-1"}]:
        status, answer = send(signed(api, BODY, **wrong))
        assert status in (400, 401, 403) and answer["errors"][0]["errorType"], wrong
    request = signed(api, BODY)
    request.data = BODY.replace("x", "y").encode()
    status, answer = send(request)
    assert status in (400, 401, 403)


def test_a_signed_websocket_publishes_but_cannot_subscribe(api):
    """In the article, signatures may connect and publish, and only keys may subscribe."""

    def auth(text):
        headers = {
            "accept": "application/json, text/javascript", "content-encoding": "amz-1.0",
            "content-type": "application/json; charset=UTF-8", "host": api.host,
        }
        request = AWSRequest("POST", f"https://{api.host}/event", data=text, headers=headers)
        SigV4Auth(Credentials("local", "local"), "appsync", REGION).add_auth(request)
        return dict(request.headers.items())

    channel = "/sample/a"
    with api.connect(auth("{}")) as socket:
        subscription = {"type": "subscribe", "id": "s", "channel": channel}
        text = json.dumps({"channel": channel}, separators=(",", ":"))
        refused = ask(socket, subscription | {"authorization": auth(text)})
        assert refused["type"] == "subscribe_error" and refused["errors"][0]["errorType"] == "UnauthorizedException"
        assert ask(socket, subscription | {"authorization": api.auth()}) == {"type": "subscribe_success", "id": "s"}
        events = ['{"msg":"hi"}', "42"]
        text = json.dumps({"channel": channel, "events": events}, separators=(",", ":"))
        socket.send(json.dumps({"type": "publish", "id": "p", "channel": channel, "events": events, "authorization": auth(text)}))
        frames = [receive(socket) for _ in range(3)]
        [done] = [it for it in frames if it["type"] == "publish_success"]
        assert [it["index"] for it in done["successful"]] == [0, 1] and done["failed"] == []
        assert sorted(it["event"] for it in frames if it["type"] == "data") == sorted(events)


def test_a_wrong_key_is_denied_after_the_upgrade_and_the_socket_is_closed(api):
    with api.connect({"host": api.host, "x-api-key": "da2-wrong"}) as socket:
        socket.send('{"type":"connection_init"}')
        assert receive(socket) == {"type": "connection_error", "errors": [{"errorType": "UnauthorizedException"}]}
        with pytest.raises(websockets.exceptions.ConnectionClosedOK):
            socket.recv(timeout=HANG_S)


def test_a_key_can_be_sent_as_a_header_of_the_upgrade(api):
    with api.connect(protocols=["aws-appsync-event-ws"], additional_headers={"x-api-key": api.key}) as socket:
        assert socket.subprotocol == "aws-appsync-event-ws"
        assert ask(socket, {"type": "connection_init"})["type"] == "connection_ack"


def test_the_realtime_host_is_served_with_tls(api):
    context = ssl.create_default_context(cafile=api.trust)
    url = f"wss://{api.host.replace('appsync-api', 'appsync-realtime-api')}/event/realtime"
    import socket as sockets

    raw = sockets.create_connection(("127.0.0.1", int(api.port)))
    with api.connect(url=url, sock=raw, ssl=context) as socket:
        assert ask(socket, {"type": "connection_init"})["type"] == "connection_ack"
