"""Under whose name the workbench answers, and to which pages."""

import http.client
import socket

import pytest

from tests.browser.server import WorkbenchServer
from tests.cohorts import small_cohort
from workbench.hosts import own_name


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:8501", True),
        ("localhost", True),
        ("spotter.localhost:8501", True),
        ("[::1]:8501", True),
        ("192.168.1.5:8501", True),
        ("evil.example:8501", False),
        ("steps.example.org", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_this_machine_s_own_names_are_known_from_others(host, own):
    assert own_name(host) is own


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts") / "data"
    small_cohort(folder, clients=4, days=4, train=False).close()
    running = WorkbenchServer(folder).start()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 421),
        ("/client", 421),
        ("/_stcore/metrics", 421),
        ("/_stcore/health", 421),
        ("/phone", 421),
        ("/api/health", 421),
        ("/api/stepsister", 421),
        ("/phone/x", 404),
        ("/phone/x/_stcore/health", 404),
        ("/api/steps", 405),
    ],
)
def test_under_another_name_there_is_nothing_but_what_clients_have(server, path, status):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path, headers={"Host": "steps.example.org"})
    answer = connection.getresponse()
    assert answer.status == status
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "streamlit" not in answer.read().decode().casefold()
    connection.close()


def opened(server, host, origin, path="/_stcore/stream"):
    """The first line of the answer to a request for a WebSocket."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    lines += ["Sec-WebSocket-Protocol: streamlit", *([f"Origin: {origin}"] if origin else []), "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return connection.recv(200).split(b"\r\n")[0].decode()


def test_no_page_of_another_site_or_port_talks_to_the_workbench(server):
    here = f"127.0.0.1:{server.port}"
    assert " 101 " in opened(server, here, f"http://{here}")
    assert " 101 " in opened(server, f"localhost:{server.port}", f"http://localhost:{server.port}")
    assert " 403 " in opened(server, here, "https://evil.example")
    assert " 403 " in opened(server, here, "http://localhost:3000")
    assert " 403 " in opened(server, here, "null")
    # A name that its owner points to this machine.
    evil = f"evil.example:{server.port}"
    assert " 403 " in opened(server, evil, f"http://{evil}")
    assert " 403 " in opened(server, evil, f"http://{evil}", "/phone/_stcore/stream")
