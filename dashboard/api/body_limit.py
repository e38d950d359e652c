"""Requests in; those whose body is too long to be held in memory cut off, with the exception of uploads, out."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY_BYTES = 12 * 2**20


class BodyLimit:
    """Refuses bodies over ``LARGEST_BODY_BYTES``; ``streamed`` are paths that write theirs to disk under a limit."""

    def __init__(self, app: ASGIApp, *, streamed: frozenset[str]) -> None:
        self._app = app
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._streamed:
            await self._app(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            length = Headers(scope=scope).get("content-length", "0")
            if taken > LARGEST_BODY_BYTES or (length.isdecimal() and int(length) > LARGEST_BODY_BYTES):
                # The one kind of error that FastAPI does not take for damaged JSON.
                raise HTTPException(413, f"A body may have {LARGEST_BODY_BYTES} bytes at most.")
            return message

        await self._app(scope, limited, send)
