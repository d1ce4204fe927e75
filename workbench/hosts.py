"""Which names the workbench answers to: a page of another site must not reach it through its visitor's browser.

There is no password, as only this machine is answered. But any site can give its own name this machine's address
(DNS rebinding), and a page at any other port here can open a WebSocket to this one. So a request under a name that is
not this machine's own reaches nothing but what clients have, which asks for a token; that is also what stays of a
reverse proxy that passes on more than it should. An address in figures cannot be a name given to another.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

REFUSED = "Spotter's pages open at http://127.0.0.1 on the machine that it runs on, not under this name."


class OwnNames:
    """ASGI middleware that answers for the pages under this machine's own names only."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] in ("http", "websocket") and not _allowed(scope):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})  # before it is accepted: told as a 403
            else:
                await PlainTextResponse(REFUSED, 421)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def own_name(host: str) -> bool:
    """Whether a ``Host`` header names this machine: ``localhost`` or an address in figures, with any port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        ip_address(name)
    except ValueError:
        return False
    return True


def _allowed(scope: dict[str, Any]) -> bool:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    path = scope["path"]
    if scope["type"] == "http" and (path.startswith("/phone/") or path == "/api/steps"):
        return True  # what clients have
    if not own_name(host):
        return False
    # A browser says where a page that opens a WebSocket comes from; other programs do not.
    origin = headers.get("origin")
    return scope["type"] == "http" or origin is None or urlsplit(origin).netloc == host
