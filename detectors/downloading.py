"""An address in, a file out, in steps: a broken download goes on where it stopped."""

from collections.abc import Callable
from pathlib import Path

import httpx

from contracts.errors import DetectorUnavailable, NotNow
from detectors.weights import WrongWeights

MOST_BYTES = 16 * 2**30
OnBytes = Callable[[int, int | None], None]
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


def download(
    address: str,
    to: Path,
    *,
    expected_bytes: int | None,
    on_progress: OnBytes,
    client: httpx.Client | None = None,
) -> None:
    """Load ``address`` into the file ``to``, after the bytes that are already there.

    No more than ``expected_bytes`` are written where the caller knows the size: a longer answer is the wrong file.
    Where nobody knows it, a download goes on only while the server says that its file is still the same one; which one
    that was stands beside ``to`` meanwhile. ``on_progress`` hears the bytes that are there, and how many there will be.

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


def tag_file(to: Path) -> Path:
    """Where it stands which version of a file ``to`` is the beginning of."""
    return to.with_name(f"{to.name}.tag")


def begun_bytes(to: Path, *, expected_bytes: int | None) -> int:
    """How many bytes of an earlier try can be kept; what cannot is removed."""
    have = to.stat().st_size if to.exists() else 0
    if have and (have >= expected_bytes if expected_bytes else not tag_file(to).exists()):
        to.unlink()
        have = 0
    if not have:
        tag_file(to).unlink(missing_ok=True)
    return have


def _load(client: httpx.Client, address: str, to: Path, expected_bytes: int | None, on_progress: OnBytes) -> None:
    have = begun_bytes(to, expected_bytes=expected_bytes)
    with client.stream("GET", address, headers=_wishes(to, have)) as answer:
        _require_content(answer, to)
        done = _first_byte(answer)
        whole = _whole_bytes(answer)
        if done not in (0, have) or (whole and whole > MOST_BYTES) or (whole and expected_bytes not in (None, whole)):
            _forget(to)
            raise WrongWeights(
                f"{answer.url.host} offers {whole} bytes instead of {expected_bytes or 'a weights file'}"
            )
        _note_tag(answer, to)
        limit = expected_bytes or whole
        with to.open("ab" if done else "wb") as file:
            for block in answer.iter_bytes():
                done += file.write(block[: (limit or MOST_BYTES) - done])
                on_progress(done, limit)
                if done == (limit or MOST_BYTES):
                    break
    if limit and done < limit:
        raise NotNow(f"{answer.url.host} broke off after {done} of {limit} bytes; try again")
    tag_file(to).unlink(missing_ok=True)


def _wishes(to: Path, have: int) -> dict[str, str]:
    wishes = {"Accept-Encoding": "identity"}
    if have:
        wishes["Range"] = f"bytes={have}-"
        if tag_file(to).exists():
            wishes["If-Range"] = tag_file(to).read_text(encoding="ascii")
    return wishes


def _note_tag(answer: httpx.Response, to: Path) -> None:
    """Only tags that promise equal bytes are of use."""
    tag = answer.headers.get("ETag", "")
    tag = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
    if tag and tag.isascii():
        tag_file(to).write_text(tag, encoding="ascii")
    else:
        tag_file(to).unlink(missing_ok=True)


def _forget(to: Path) -> None:
    to.unlink(missing_ok=True)
    tag_file(to).unlink(missing_ok=True)


def _require_content(answer: httpx.Response, to: Path) -> None:
    status = answer.status_code
    if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return
    if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        _forget(to)
        raise NotNow(f"{answer.url.host} has no more bytes than came before; try again")
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
