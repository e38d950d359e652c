"""A small file server on this machine that can also break off, refuse ranges and answer with errors."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """``files`` by path, all of version ``tag``; ``asked`` are the ``Range`` headers that came; the rest misbehaves."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)
    break_off_after: int | None = None
    ranges: bool = True
    tag: str | None = None
    status: int | None = None


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[FileServer]:
    """A server for these files while the block runs; its ``address`` ends in ``/``."""
    state = FileServer(files=files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(state))
    state.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answering(state: FileServer) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.headers.get("Range"))
            data = state.files.get(self.path.lstrip("/").partition("?")[0])
            if state.status or data is None:
                self.send_error(state.status or 404)
                return
            same = self.headers.get("If-Range") in (None, f'"{state.tag}"')
            first = _first_of(self.headers.get("Range")) if state.ranges and same else 0
            self.send_response(206 if first else 200)
            if state.tag:
                self.send_header("ETag", f'"{state.tag}"')
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - first))
            self.end_headers()
            self.wfile.write(data[first:][: state.break_off_after])

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output clean."""

    return Answer


def _first_of(wish: str | None) -> int:
    found = re.fullmatch(r"bytes=(\d+)-", wish or "")
    return int(found.group(1)) if found else 0
