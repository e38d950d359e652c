"""An address in, a file out, in steps: a broken download goes on where it stopped."""

from collections.abc import Callable
from pathlib import Path

import httpx

from contracts.errors import DetectorUnavailable, NotNow
from detectors.weights import WrongWeights

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


def download(
    address: str,
    to: Path,
    *,
    expected_bytes: int,
    on_progress: Callable[[int], None],
    client: httpx.Client | None = None,
) -> None:
    """Load ``address`` into the file ``to``, after the bytes that are already there.

    No more than ``expected_bytes`` are written: the caller knows the size, and a longer answer is the wrong file.
    ``on_progress`` hears the bytes that are there.

    Raises:
        NotNow: the server is away, slow, breaks off, or says that it has trouble (5xx, 429); ``to`` keeps what came.
        WrongWeights: the server has a file of another size there; nothing of it is kept.
        DetectorUnavailable: the server answers that this file is not to be had.
    """
    own = client or httpx.Client(follow_redirects=True, timeout=_TIMEOUT)
    try:
        _load(own, address, to, expected_bytes, on_progress)
    except httpx.HTTPError as why:
        raise NotNow(f"{httpx.URL(address).host} did not deliver ({type(why).__name__}); try again") from why
    finally:
        if client is None:
            own.close()


def _load(
    client: httpx.Client, address: str, to: Path, expected_bytes: int, on_progress: Callable[[int], None]
) -> None:
    have = to.stat().st_size if to.exists() else 0
    if have >= expected_bytes:
        to.unlink()
        have = 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", address, headers=headers) as answer:
        _require_content(answer)
        done = _first_byte(answer)
        if done not in (0, have) or _whole_bytes(answer) not in (None, expected_bytes):
            to.unlink(missing_ok=True)
            raise WrongWeights(f"{answer.url.host} offers {_whole_bytes(answer)} bytes instead of {expected_bytes}")
        with to.open("ab" if done else "wb") as file:
            for block in answer.iter_bytes():
                done += file.write(block[: expected_bytes - done])
                on_progress(done)
    if done < expected_bytes:
        raise NotNow(f"{answer.url.host} broke off after {done} of {expected_bytes} bytes; try again")


def _require_content(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return
    if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
        raise NotNow(f"{answer.url.host} answered {status}; try again later")
    raise DetectorUnavailable(f"{answer.url.host} answered {status}: the file is not there; name another source")


def _first_byte(answer: httpx.Response) -> int:
    """Where this answer begins in the file: from ``Content-Range: bytes 100-199/200``, else at its start."""
    first = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else 0


def _whole_bytes(answer: httpx.Response) -> int | None:
    """The size of the whole file as far as the server tells it."""
    told = answer.headers.get("Content-Range", "").partition("/")[2] or answer.headers.get("Content-Length", "")
    return int(told) if told.isdigit() else None
