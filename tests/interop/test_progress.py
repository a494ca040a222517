"""The progress display of an apply, in a pseudo terminal."""

import errno
import fcntl
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import threading
import urllib.request

import pytest

from conftest import HANG_S, PROVISION

SPEC = """\
version: 1
stack: live
apis:
  chat:
    auth: { providers: [API_KEY] }
    apiKeys: { web: {} }
    namespaces: { one: {}, two: {}, three: {} }
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ROWS, COLUMNS = 40, 100


class Terminal:
    """The program in a pseudo terminal, and everything that it wrote."""

    def __init__(self, world, *arguments, url=None, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**world.environment, "TERM": "xterm-256color", "AWS_REGION": "ap-northeast-1", **environment}
        self.process = subprocess.Popen(
            [PROVISION, *arguments, "--endpoint-url", url or world.url], cwd=world.folder, env=environment,
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.written = b""

    def read(self):
        """Reads more output. Returns whether there may be more."""
        assert select.select([self.master], [], [], HANG_S)[0], self.text()
        try:
            part = os.read(self.master, 65536)
        except OSError as error:
            assert error.errno == errno.EIO
            return False
        self.written += part
        return bool(part)

    def until(self, pattern):
        while not re.search(pattern, self.text()):
            assert self.read(), self.text()

    def end(self):
        while self.read():
            pass
        os.close(self.master)
        return self.process.wait(HANG_S)

    def text(self):
        return ESCAPE.sub("", self.written.decode(errors="replace"))

    def screen(self):
        """The final lines of the screen, after every movement of the cursor."""
        lines, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]", self.written.decode()):
            if part == "\r":
                column = 0
            elif part == "\n":
                row += 1
            elif not part.startswith("\x1b"):
                # The cursor leaves a full line only with the next character.
                if column == COLUMNS:
                    row, column = row + 1, 0
                lines.extend([""] * (row + 1 - len(lines)))
                lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + 1:]
                column += 1
                continue
            elif part[-1] in "AB":
                row += int(part[2:-1] or 1) * (1 if part[-1] == "B" else -1)
            elif part[-1] == "K":
                lines[row] = "" if part[2:-1] == "2" else lines[row][:column]
            else:
                assert part[-1] in "mhl", part
            lines.extend([""] * (row + 1 - len(lines)))
        return "\n".join(it.rstrip() for it in lines)


class Gate:
    """A proxy of the world's emulator, in which calls to create an API wait until it is opened."""

    def __init__(self, world):
        self.there = ("127.0.0.1", int(world.url.rsplit(":", 1)[1]))
        self.opened = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def open(self):
        self.opened.set()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            there = socket.create_connection(self.there)
            threading.Thread(target=self.forward, args=(here, there, self.wait), daemon=True).start()
            threading.Thread(target=self.forward, args=(there, here, lambda part: None), daemon=True).start()

    def wait(self, part):
        if part.startswith(b"POST /v2/apis HTTP"):
            self.opened.wait(HANG_S)

    def forward(self, one, other, wait):
        try:
            while part := one.recv(65536):
                wait(part)
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def gate(world):
    gate = Gate(world)
    yield gate
    gate.open()
    gate.listener.close()


@pytest.fixture
def slow(world):
    def put(**members):
        body = json.dumps({name.replace("_", "-"): it for name, it in members.items()}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{world.url}/_provision/faults", data=body, method="PUT"))
    world.write("spec.yaml", SPEC)
    return put


def test_running_steps_are_shown_and_disappear_when_they_are_done(world, slow, gate):
    slow()
    terminal = Terminal(world, "apply", "spec.yaml", "--yes", url=gate.url)
    terminal.until(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] apis/chat being created  \d+\.\d s")
    terminal.until(r"0 of 5 done · 1 running · \d+\.\d s")
    gate.open()
    assert terminal.end() == 0
    screen = terminal.screen()
    assert re.search(r"  ✓ apis/chat created  \d+\.\d s\n", screen), screen
    assert re.search(r"  ✓ apis/chat/namespaces/two created  \d+\.\d s\n", screen), screen
    assert "\n5 done.\n" in screen
    for leftover in ["being created", "running", "reading the live", "⠋"]:
        assert leftover not in screen, screen


def test_a_waiting_step_shows_the_reason(world, slow):
    slow(rules=[{"on": "CreateApiKey", "fault": {"error": {"code": "ConcurrentModificationException", "status": 409}}}])
    terminal = Terminal(world, "apply", "spec.yaml", "--yes")
    terminal.until(r"… apis/chat/apiKeys/web being created  \d+\.\d s  waiting: API busy, attempt \d+")
    terminal.until(r"1 waiting")
    slow()
    assert terminal.end() == 0
    assert "waiting:" not in terminal.screen() and "retrying" not in terminal.screen()


def test_ctrl_c_at_the_confirmation_declines(world, slow):
    slow()
    terminal = Terminal(world, "apply", "spec.yaml")
    terminal.until(r"\[y/N\]")
    os.write(terminal.master, b"\x03")
    assert terminal.end() == 130
    assert "nothing was changed\n" in terminal.screen()


def test_ctrl_c_finishes_running_steps_and_lists_the_rest(world, slow, gate):
    slow()
    terminal = Terminal(world, "apply", "spec.yaml", "--yes", url=gate.url)
    terminal.until(r"apis/chat being created")
    os.write(terminal.master, b"\x03")
    terminal.until("press Ctrl-C again to stop immediately")
    gate.open()
    assert terminal.end() == 130
    screen = terminal.screen()
    assert "  … finishing changes in progress (" in screen and "); press Ctrl-C again to stop immediately\n" in screen, screen
    assert re.search(r"  ✓ apis/chat created  \d+\.\d s\n", screen), screen
    assert "Remaining steps:\n  - apis/chat/apiKeys/web not created: interrupted\n" in screen, screen
    assert "error: interrupted; 4 steps were not tried" in screen
    assert "being created" not in screen


def test_a_second_ctrl_c_removes_the_progress_display(world, slow):
    slow(rules=[{"on": "CreateApi", "fault": "hang"}])
    terminal = Terminal(world, "apply", "spec.yaml", "--yes")
    terminal.until(r"apis/chat being created")
    os.write(terminal.master, b"\x03")
    terminal.until("press Ctrl-C again to stop immediately")
    os.write(terminal.master, b"\x03")
    assert terminal.end() == 130
    assert "stopped with changes in progress" in terminal.screen()
    assert "being created" not in terminal.screen()


@pytest.mark.parametrize("arguments, environment", [
    ([], {"TERM": "dumb"}), (["--quiet"], {}), (["-v"], {}), (["--format", "json"], {}),
])
def test_the_progress_display_is_off_for_dumb_terminals_quiet_verbose_and_json(world, slow, arguments, environment):
    slow(latency_ms=30)
    terminal = Terminal(world, "apply", "spec.yaml", "--yes", *arguments, **environment)
    assert terminal.end() == 0
    assert not re.search(r"\x1b\[[0-9]*[A-HJK]", terminal.written.decode()), terminal.text()
    assert "running" not in terminal.text() and "being created" not in terminal.text()
