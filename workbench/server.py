"""The web server: first-run preparation, then Streamlit as an ASGI app on this machine only."""

import gc
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import __version__
from core.errors import SpotterError
from core.services import Store, goals, models, preparing
from core.services.workers import Supervisor
from workbench import phone
from workbench.context import DATA_VARIABLE
from workbench.hosts import OwnNames

APP = Path(__file__).parent / "app.py"
ADDRESS = "127.0.0.1"

# What a page may load and who may frame it. Streamlit needs inline styles and evaluated scripts.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


class SecurityHeaders:
    """ASGI middleware that adds those ``SECURITY_HEADERS`` to every answer that it does not set itself."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass the request on, and put the headers on what comes back."""

        async def send_with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                added = ((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
                message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in own)]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def serve(data: Path, port: int) -> None:
    """Prepare the workbench in ``data`` (database, sample cohort, first model) and serve it until interrupted."""
    started = time.monotonic()
    os.environ[DATA_VARIABLE] = str(data)
    # Small networks are quicker on one thread, and several people's answers do not fight for the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with _bound(port) as listening:
        store = Store(data)
        preparing.prepare(store, _say)
        store.check()

        def ready() -> None:
            seconds = time.monotonic() - started
            _say(f"Spotter is on http://{ADDRESS}:{port}  (ready in {seconds:.1f} s; Ctrl-C stops it)")

        config = uvicorn.Config(application(store, ready), log_level="warning", access_log=False)
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:  # also after Ctrl-C, which comes out of run as KeyboardInterrupt
            store.settle()


def _bound(port: int) -> socket.socket:
    """A socket on the port, taken before anything else is done: a port in use is told at once."""
    listening = socket.socket()
    if (
        os.name == "posix"
    ):  # a port that was just let go of may be taken again; Windows would share one in use
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise SpotterError(
            f"Port {port} cannot be had ({error.strerror}), perhaps because Spotter runs already: "
            f"open http://{ADDRESS}:{port}, or choose another port with --port {port % 65535 + 1}."
        ) from error
    return listening


def application(store: Store, ready: Callable[[], None] = lambda: None) -> Any:
    """The ASGI application: pages, ``/api/health``, clients' phones, security headers, and the workers' supervisor.

    ``ready`` is called when it is about to answer.
    """
    import streamlit as st

    supervisor = Supervisor(store.folder)

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any] | None]:
        threading.Thread(target=_warm, name="warm-up", daemon=True).start()
        supervisor.start()
        ready()
        try:
            yield None
        finally:
            supervisor.stop()

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    return st.App(
        str(APP),
        lifespan=lifespan,
        routes=[Route("/api/health", health), *phone.routes(store)],
        middleware=[Middleware(SecurityHeaders), Middleware(OwnNames)],
    )


def _warm() -> None:
    """Import what the pages need, while nobody waits, and take it out of the garbage collector's sight.

    Streamlit collects all generations after every run of a script. With these libraries in sight that takes
    0.2 s of processor time, in which the next answer of a trainer has to wait; without them, a few milliseconds.
    """
    import torch

    # What a page asks for is small: sharing it among threads takes longer than doing it.
    torch.set_num_threads(1)
    models.warm()
    from core.services.picks import warming

    warming.warm()
    goals.warm()
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    gc.collect()
    gc.freeze()


def _say(text: str) -> None:
    print(text, flush=True)
