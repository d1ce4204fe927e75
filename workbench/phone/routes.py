"""What a client's link reaches: ``/phone/TOKEN`` and, for counts, ``/api/steps``. Nothing else takes a token."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import Conflict, InputError, SpotterError, TooMany
from core.services import Store, moments, phones, step_reports
from core.services.rate import TokenBuckets
from workbench.phone import page

ICON = Path(__file__).parent.parent / "icon.svg"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MOST_FORM_BYTES = 16 * 1024
MOST_JSON_BYTES = 64 * 1024
SLOWEST = 30.0
"""Seconds that a body may take to arrive."""
AT_ONCE, ONE_MORE_EVERY = 20, 10.0
"""Requests to ``/api/steps`` of one link: twenty at once, then one more every ten seconds."""
UNKNOWN = (
    "This link opens nothing",
    "It may have been cut off when it was copied. Open it again from your trainer's message, or ask for a new one.",
)
REVOKED = (
    "This link no longer works",
    "Your trainer has taken it back, perhaps because you have a newer one. Ask your trainer for a new link.",
)
TAKEN_BACK = "The trainer has taken this token back. Ask for a new link."


class TooLarge(Exception):
    """A body beyond what is read, or cut off."""


class TooSlow(Exception):
    """A body that did not arrive in time."""


def routes(
    store: Store,
    *,
    now: Callable[[], datetime] = moments.now,
    ticks: Callable[[], float] = time.monotonic,
) -> list[Route]:
    """The routes of what clients have.

    Args:
        now: the time; ``ticks``: seconds on a clock that does not go back.
    """
    buckets = TokenBuckets(AT_ONCE, ONE_MORE_EVERY)

    async def phone(request: Request) -> Response:
        return await _told(_phone(request, store, now()))

    async def manifest(request: Request) -> Response:
        return await _told(_manifest(request, store))

    async def icon(_request: Request) -> Response:
        return FileResponse(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    async def take(request: Request) -> Response:
        return await _take(request, store, now(), buckets, ticks())

    async def nothing(_request: Request) -> Response:
        return _nothing(None)

    async def only_posted(_request: Request) -> Response:
        return _refused(405, "Counts are sent with POST.", {"Allow": "POST"})

    # The last four keep the pages' own server from answering at addresses that a proxy passes on.
    return [
        Route("/phone/icon.svg", icon),
        Route("/phone/{token}", phone, methods=["GET", "POST"]),
        Route("/phone/{token}/manifest.webmanifest", manifest),
        Route("/api/steps", take, methods=["POST"]),
        Route("/api/steps", only_posted, methods=METHODS),
        Route("/api/steps/{rest:path}", nothing, methods=METHODS),
        Route("/phone", nothing, methods=METHODS),
        Route("/phone/{rest:path}", nothing, methods=METHODS),
    ]


async def _phone(request: Request, store: Store, now: datetime) -> Response:
    token = request.path_params["token"]
    link = await run_in_threadpool(phones.find, store, token)
    if link is None or link.revoked:
        return _nothing(link)
    as_trainer = request.query_params.get("as") == "trainer"
    show = partial(page.client_page, token=token, as_trainer=as_trainer)
    error, text, status, headers = "", "", 200, dict(page.HEADERS)
    if request.method == "POST" and as_trainer:
        status, error = 403, "Messages cannot be sent from this view."
    elif request.method == "POST":
        try:
            text = _field(await _body(request, MOST_FORM_BYTES), "text")
            still = await run_in_threadpool(phones.find, store, token)
            if still is None or still.revoked:  # while the body was on its way
                return _nothing(still)
            await run_in_threadpool(phones.send_message, store, link.client_id, text, now)
            return RedirectResponse("?sent=1#message", status_code=303, headers=page.HEADERS)
        except TooLarge:
            status, error = 413, f"The message is too long: {phones.LONGEST_MESSAGE:,} characters fit."
        except TooSlow:
            status, error = 408, "The message did not arrive in time. Send it again."
        except InputError as refused:
            status, error = 422, str(refused)
        except TooMany as refused:
            status, error = 429, str(refused)
            headers["Retry-After"] = str(refused.seconds)
    screen = await run_in_threadpool(phones.screen, store, link.client_id, now)
    if not as_trainer:
        await run_in_threadpool(phones.used, store, link, now)
    sent = "sent" in request.query_params and not error
    return HTMLResponse(show(screen, sent=sent, error=error, text=text), status, headers)


async def _manifest(request: Request, store: Store) -> Response:
    token = request.path_params["token"]
    link = await run_in_threadpool(phones.find, store, token)
    if link is None or link.revoked:
        return _nothing(link)
    return JSONResponse(page.manifest(token), headers=page.HEADERS, media_type="application/manifest+json")


async def _told(answer: Any) -> Response:
    try:
        response: Response = await answer
    except SpotterError:
        # What is wrong with the store is for the trainer's eyes.
        body = page.nothing_here("Not now", "Your goal cannot be shown just now. Try again in a few minutes.")
        return HTMLResponse(body, 503, {**page.HEADERS, "Retry-After": "60"})
    return response


def _nothing(link: phones.Link | None) -> Response:
    status, words = (404, UNKNOWN) if link is None else (410, REVOKED)
    return HTMLResponse(page.nothing_here(*words), status, page.HEADERS)


async def _take(
    request: Request, store: Store, now: datetime, buckets: TokenBuckets, ticks: float
) -> Response:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        link = (
            await run_in_threadpool(phones.find, store, token.strip()) if scheme.lower() == "bearer" else None
        )
        if link is None:
            return _refused(
                401,
                "Send the client's token: Authorization: Bearer TOKEN. It is the last part of the client's link.",
                {"WWW-Authenticate": "Bearer"},
            )
        if link.revoked:
            return _refused(410, TAKEN_BACK)
        if wait := buckets.take(link.link_id, ticks):
            return _refused(
                429,
                f"Too many requests. Wait {ceil(wait)} s; up to {step_reports.MOST_REPORTS} reports fit in one.",
                {"Retry-After": str(ceil(wait))},
            )
        body = await _body(request, MOST_JSON_BYTES)
        link = await run_in_threadpool(phones.find, store, token.strip())
        if link is None or link.revoked:  # while the body was on its way
            return _refused(410, TAKEN_BACK)
        given = json.loads(body)
        taken = await run_in_threadpool(step_reports.take, store, link.client_id, given, now)
        await run_in_threadpool(phones.used, store, link, now)
    except TooLarge:
        return _refused(
            413, f"The body is larger than {MOST_JSON_BYTES // 1024} KiB. Send fewer reports at once."
        )
    except TooSlow:
        return _refused(408, f"The body did not arrive within {SLOWEST:.0f} s. Send it again.")
    except InputError as error:
        return _refused(422, str(error))
    except Conflict as error:
        return _refused(409, str(error))
    except (ValueError, RecursionError):  # InputError is a ValueError too, and was told above
        return _refused(400, "The body is not JSON. Send one report as an object, or several as a list.")
    except SpotterError:
        return _refused(
            503, "The counts cannot be kept just now. Send them again later.", {"Retry-After": "60"}
        )
    return _json(
        {
            "taken": taken.taken,
            "known": taken.known,
            "days": [{"day": day, "steps": steps} for day, steps in taken.days.items()],
        }
    )


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise TooLarge
    except TimeoutError:
        raise TooSlow from None
    except ClientDisconnect:  # nobody is left to read the answer
        raise TooLarge from None
    return bytes(body)


def _field(body: bytes, name: str) -> str:
    fields = parse_qs(body.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
    return fields.get(name, [""])[0]


def _refused(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return _json({"error": message}, status, headers)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(content, status, {"Cache-Control": "no-store", **(headers or {})})
