"""The port of a real server in; a port in front of it out whose connections fail in the way that a test chooses."""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_PIECE_BYTES = 1 << 14
_LENGTH = re.compile(rb"(?i)(\r\nContent-Length: )(\d+)")
_LARGE_BYTES = 10_000


@dataclass(frozen=True)
class Fault:
    """What happens to connections; nothing by default.

    ``delay_s``: before each piece of an answer. ``cut_after_bytes``: of the answers, then the connection ends.
    ``says_length``: what the header of a large answer says of its length, times this. ``answer``: whole, instead of
    the server's. ``refuses``: connections are reset at once.
    """

    delay_s: float = 0.0
    cut_after_bytes: int | None = None
    says_length: float | None = None
    answer: bytes | None = None
    refuses: bool = False


HEALTHY = Fault()


def error_answer(status: int, code: str) -> bytes:
    """The answer of an S3 server that will not serve."""
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\nConnection: close"
    return head.encode() + b"\r\n\r\n" + body


class FaultProxy:
    """A proxy on loopback; ``fault`` may be set at any time and holds for every piece that comes after."""

    def __init__(self, server_port: int) -> None:
        self.fault = HEALTHY
        self.connections = 0
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        return self._listening.getsockname()[1]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set(self, fault: Fault) -> None:
        """From now on; connections that are kept open for later requests end."""
        self.fault = fault
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.set(HEALTHY)
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            if self.fault.refuses:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
                client.close()
            else:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self._open.add(client)
            try:
                if self.fault.answer is not None:
                    client.recv(_PIECE_BYTES)
                    client.sendall(self.fault.answer)
                    return
                with socket.create_connection(("127.0.0.1", self._server_port)) as server:
                    questions = threading.Thread(target=_pump, args=(client, server), daemon=True)
                    questions.start()
                    self._answers(server, client)
                    for one in (client, server):
                        with suppress(OSError):
                            one.shutdown(socket.SHUT_RDWR)
                    questions.join()
            finally:
                self._open.discard(client)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        passed = 0
        while piece := server.recv(_PIECE_BYTES):
            fault = self.fault
            time.sleep(fault.delay_s)
            if fault.says_length is not None:
                piece = _LENGTH.sub(lambda found, share=fault.says_length: _other(found, share), piece, count=1)
            if fault.cut_after_bytes is not None and passed + len(piece) > fault.cut_after_bytes:
                client.sendall(piece[: fault.cut_after_bytes - passed])
                return
            passed += len(piece)
            client.sendall(piece)


def _other(found: re.Match[bytes], share: float) -> bytes:
    length = int(found[2])
    return found[0] if length < _LARGE_BYTES else found[1] + str(int(length * share)).encode()


def _pump(come_from: socket.socket, go_to: socket.socket) -> None:
    with suppress(OSError):
        while piece := come_from.recv(_PIECE_BYTES):
            go_to.sendall(piece)
        go_to.shutdown(socket.SHUT_WR)


@contextmanager
def fault_proxy(server_port: int) -> Iterator[FaultProxy]:
    """A proxy in front of the server on this port of loopback, for as long as the block runs."""
    proxy = FaultProxy(server_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
