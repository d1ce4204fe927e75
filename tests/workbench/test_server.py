"""The server as a process: what it answers, to whom, and that it goes down with its workers."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from core import __version__
from tests.browser.server import WorkbenchServer
from tests.cohorts import small_cohort


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server") / "data"
    small_cohort(folder, clients=6, days=6).close()
    running = WorkbenchServer(folder).start()
    yield running
    running.stop()


def get(server, path):
    with urllib.request.urlopen(server.url + path, timeout=20) as answer:
        return answer, answer.read()


def test_health_is_told(server):
    _, body = get(server, "/api/health")
    assert json.loads(body) == {"status": "ok", "version": __version__}


@pytest.mark.parametrize("path", ["/", "/api/health", "/_stcore/health"])
def test_every_answer_carries_the_security_headers(server, path):
    answer, _ = get(server, path)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert "http:" not in policy


def test_only_this_machine_is_answered(server):
    assert server.process is not None
    listening = [
        c for c in psutil.Process(server.process.pid).net_connections() if c.status == psutil.CONN_LISTEN
    ]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert {connection.laddr.port for connection in listening} == {server.port}


def test_workers_go_when_the_server_is_killed(tmp_path):
    folder = tmp_path / "data"
    small_cohort(folder, clients=4, days=4, train=False).close()
    server = WorkbenchServer(folder).start()
    assert server.process is not None
    for _ in range(100):
        workers = psutil.Process(server.process.pid).children(recursive=True)
        if workers:
            break
        time.sleep(0.1)
    assert workers
    server.stop()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


def test_a_port_in_use_is_told_before_anything_is_made(server, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "--data", str(tmp_path / "other"), "--port", str(server.port)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert f"Port {server.port} cannot be had" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "other").exists()


def test_a_stop_leaves_everything_in_the_database_file(tmp_path):
    folder = tmp_path / "data"
    small_cohort(folder, clients=4, days=4, train=False).close()
    server = WorkbenchServer(folder).start()
    assert server.process is not None
    server.process.send_signal(signal.SIGINT)
    server.process.wait(timeout=60)
    write_ahead = folder / "spotter.sqlite3-wal"
    assert not write_ahead.exists() or write_ahead.stat().st_size == 0
    with sqlite3.connect(folder / "spotter.sqlite3") as alone:
        assert alone.execute("SELECT count(*) FROM clients").fetchone() == (4,)
    alone.close()
