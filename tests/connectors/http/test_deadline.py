"""The deadline itself: what it shuts, and what it leaves alone."""

import contextlib
import os
import socket
import threading
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


def test_the_earlier_of_two_deadlines_comes_first_whichever_was_set_first() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(30) as late, Deadline(0.05) as soon:
        watch(ours)
        theirs.settimeout(5)
        assert theirs.recv(1) == b""
        assert soon.expired
        assert not late.expired


def test_many_deadlines_cost_one_thread() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(Deadline(30))
        before = threading.active_count()
        for _ in range(20):
            stack.enter_context(Deadline(30))
        assert threading.active_count() == before


def test_a_forked_child_has_deadlines_of_its_own() -> None:
    """Airflow forks its workers: the thread that watches stays behind, and the parent's connections are not theirs."""
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(60):  # far behind whatever the child takes
        watch(ours)
        if (child := os.fork()) == 0:
            mine, other = socket.socketpair()
            other.settimeout(5)
            with Deadline(0.01):
                watch(mine)
                os._exit(0 if other.recv(1) == b"" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
