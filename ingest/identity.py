"""Where an object lies and which version it is in; the id that every message about it is keyed by out."""

import hashlib

_HEX_DIGITS = 32


def media_id_of(bucket: str, key: str, version: str) -> str:
    """The id of one version of one stored object: the same on every notification, listing and restart.

    >>> media_id_of("uploads", "a.mp4", "1") == media_id_of("uploads", "a.mp4", "1")
    True
    """
    place = "\0".join((bucket, key, version))
    return hashlib.sha256(place.encode()).hexdigest()[:_HEX_DIGITS]
