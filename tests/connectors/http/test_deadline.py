"""The deadline itself: what it shuts, and what it leaves alone."""

import socket
import time
from pathlib import Path

import pytest

from connectors.http.deadline import Deadline, watch

pytestmark = pytest.mark.integration


def test_a_connection_made_after_the_deadline_is_shut_at_once() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0.01) as deadline:
        time.sleep(0.1)
        assert deadline.expired
        assert deadline.left == 0
        watch(ours)
        assert theirs.recv(1) == b""


def test_a_connection_outside_a_deadline_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(30) as deadline:
            watch(ours)
        watch(ours)
        assert not deadline.expired
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"


def test_no_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for _ in range(5):
            with Deadline(30):
                watch(ours)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
