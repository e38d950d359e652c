"""The name of a store's event form in; how that store writes object keys out.

Forms are not guessed from the message: ``a+b.mp4`` is a good key in both encodings and means two different objects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class Dialect:
    """How one family of stores writes its events; ``key_of`` raises ``ValueError`` for what it cannot decode.

    ``is_filer`` says that they are changes of a filer's paths, not events of S3 objects.
    """

    name: str
    key_of: Callable[[str], str]
    is_filer: bool = False


def _form_decoded(text: str) -> str:
    return unquote_plus(text, errors="strict")


def _as_written(text: str) -> str:
    return text


DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("aws", _form_decoded),
        Dialect("minio", _form_decoded),
        Dialect("ceph", _as_written),
        Dialect("versitygw", _as_written),
        Dialect("seaweedfs", _as_written, is_filer=True),
    )
}
