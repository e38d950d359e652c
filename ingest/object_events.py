"""Nothing in; what every notification comes down to out: something happened to one object of one bucket."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel


class Happening(StrEnum):
    """What an event says of an object, as far as this pipeline cares."""

    CREATED = "created"
    REMOVED = "removed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One event of one object; ``key`` is the key as the uploader gave it."""

    happening: Happening
    bucket: str
    key: str


class _Named(BaseModel):
    name: str


class _Keyed(BaseModel):
    key: str


class Place(BaseModel):
    """The part of an event that says which object it is about; the key is still in its store's encoding."""

    bucket: _Named
    object: _Keyed
