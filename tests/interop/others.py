"""Other AWS emulators: moto and MiniStack, each in its own process on a free port.

`UNSUPPORTED` lists the operations that a server does not support, and its error messages.
`test_other_servers.py` fails if a newer version supports one: then remove the row and test more.
"""

import pathlib
import subprocess
import sys
import threading

from conftest import HANG_S, World

NO_PAGE = "404 Not Found"
BROKEN_PAGE = "500 Internal Server Error"
NO_PATH = "Unknown path: /v1/domainnames"
# MiniStack looks for an Event API among the GraphQL APIs.
GRAPHQL_ONLY = "GraphQL API"

UNSUPPORTED = {
    "moto": {
        "UpdateApi": BROKEN_PAGE,
        "GetChannelNamespace": BROKEN_PAGE,
        "UpdateChannelNamespace": BROKEN_PAGE,
        "ListDataSources": NO_PAGE,
        "ListDomainNames": NO_PAGE,
        "GetApiAssociation": NO_PAGE,
    },
    "ministack": {
        "UpdateApiKey": "Unsupported route: POST",
        "TagResource": GRAPHQL_ONLY,
        "UntagResource": GRAPHQL_ONLY,
        "ListTagsForResource": GRAPHQL_ONLY,
        "ListDataSources": GRAPHQL_ONLY,
        "ListDomainNames": NO_PATH,
        "GetApiAssociation": NO_PATH,
    },
}

COMMANDS = {
    "moto": ["moto_server", "--host", "127.0.0.1", "--port", "0"],
    "ministack": ["ministack"],
}
SETTINGS = {
    "moto": {},
    "ministack": {"GATEWAY_PORT": "0", "BIND_HOST": "127.0.0.1", "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"},
}


class Other(World):
    """A folder, another server, and the program."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.environment = {
            "HOME": str(folder), "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1",
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true",
        }
        command, *arguments = COMMANDS[name]
        self.server = subprocess.Popen(
            [pathlib.Path(sys.executable).with_name(command), *arguments], cwd=folder,
            env={**self.environment, **SETTINGS[name]}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        printed = []
        for line in self.server.stdout:
            printed.append(line)
            if "Running on http://" in line:
                self.url = "http://" + line.split("Running on http://")[1].split()[0]
                break
        else:
            raise AssertionError("".join(printed))
        # The server would block on output that is not read.
        threading.Thread(target=self.server.stdout.read, daemon=True).start()

    def run(self, *arguments):
        """Runs the program against this server."""
        return super().run(*arguments, "--endpoint-url", self.url)

    def stop(self):
        self.server.terminate()
        self.server.wait(HANG_S)
