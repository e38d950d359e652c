"""A way to misbehave in; an HTTP server on a free port that behaves so to every request out."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Misbehaviour = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def sick_server(misbehave: Misbehaviour) -> Iterator[str]:
    """The address of the server, for as long as it runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answers, misbehave))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refuses_with(status: int, code: str) -> Misbehaviour:
    """Answers like an S3 server that is in this trouble."""

    def misbehave(request: BaseHTTPRequestHandler) -> None:
        _answer(request, status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    return misbehave


def breaks_off(request: BaseHTTPRequestHandler) -> None:
    """Promises more bytes than it sends."""
    _answer(request, 200, b"only this", length=1000)


def silent_until(let_go: threading.Event) -> Misbehaviour:
    """Takes the request and says nothing."""

    def misbehave(request: BaseHTTPRequestHandler) -> None:
        let_go.wait(30)
        request.close_connection = True

    return misbehave


def _answer(request: BaseHTTPRequestHandler, status: int, body: bytes, *, length: int | None = None) -> None:
    request.send_response(status)
    request.send_header("Content-Type", "application/xml")
    request.send_header("Content-Length", str(len(body) if length is None else length))
    request.send_header("ETag", '"v1"')
    request.send_header("Last-Modified", "Sat, 21 Nov 2026 08:30:00 GMT")
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)
    request.close_connection = True


class _Answers(BaseHTTPRequestHandler):
    def __init__(self, misbehave: Misbehaviour, *args: Any) -> None:
        self._misbehave = misbehave
        super().__init__(*args)

    def do_GET(self) -> None:
        self._misbehave(self)

    do_HEAD = do_GET  # noqa: N815 - the base class wants these names

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._misbehave(self)

    do_DELETE = do_GET  # noqa: N815 - the base class wants these names

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
