"""The child that reads published checkpoints: a file on stdin in, safetensors on stdout out; run as a module.

It knows no path and no secret, and confines itself before it reads the first byte (:mod:`detectors.confinement`). Its
last line on stderr is JSON: how the file was read, or what is wrong with it.
"""

import json
import os
import pickle
import sys
import warnings
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from detectors.confinement import confine_myself

if TYPE_CHECKING:
    from torch import Tensor

REFUSED = 3
_MEMORY_PER_BYTE = 6  # the file, its tensors, what is written, and what a reader holds in between
_SPARE_BYTES = 512 * 2**20
_CPU_S = 120
_BYTES_PER_CPU_S = 4 * 2**20


class Refused(Exception):
    """The file is not one that can be read; the message is for a person."""


def _main(argument: str) -> int:
    prefixes = tuple(json.loads(argument)["strip"])
    file = os.fdopen(0, "rb")
    try:
        import torch

        torch.set_num_threads(1)
        size_bytes = os.fstat(0).st_size
        most_bytes = size_bytes * _MEMORY_PER_BYTE + _SPARE_BYTES
        confine_myself(memory_bytes=most_bytes, output_bytes=most_bytes, cpu_s=_CPU_S + size_bytes // _BYTES_PER_CPU_S)
        tensors, how = read_tensors(file, prefixes)
        _write(tensors)
    except Refused as why:
        return _end(REFUSED, refused=str(why))
    except MemoryError:
        return _end(REFUSED, refused="reading it takes more memory than a file of its size should need")
    return _end(0, how=how)


def read_tensors(file: BinaryIO, prefixes: tuple[str, ...]) -> "tuple[dict[str, Tensor], str]":
    """The tensors of a checkpoint and how they were read: ``weights_only`` or ``inert``. Raises ``Refused``."""
    from detectors.state_dicts import NotACheckpoint, state_dict_of, without_prefix

    _require_torch_file(file)
    try:
        found, how = _loaded(file)
        return without_prefix(state_dict_of(found), prefixes), how
    except NotACheckpoint as why:
        raise Refused(str(why)) from why


def _loaded(file: BinaryIO) -> tuple[object, str]:
    import torch

    from detectors import inert_pickle

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes whose source is not here, which is as it should be
        # What a broken file makes the readers raise is no closed list; each failure ends in a sentence.
        with suppress(Exception):
            return torch.load(file, map_location="cpu", weights_only=True), "weights_only"
        file.seek(0)
        options: dict[str, Any] = {"pickle_module": inert_pickle, "weights_only": False}
        try:
            return torch.load(file, map_location="cpu", **options), "inert"
        except MemoryError:
            raise
        except Exception as why:
            first = str(why).partition("\n")[0][:200]
            raise Refused(f"torch cannot read it ({type(why).__name__}: {first})") from why


def _require_torch_file(file: BinaryIO) -> None:
    head = file.read(64)
    file.seek(0)
    if head.startswith(b"version https://git-lfs"):
        raise Refused("it is a pointer of Git LFS, not the file that it points to")
    if head.startswith(b"PK\x03\x04"):
        _require_torch_zip(file)
    elif not head.startswith(pickle.PROTO):
        raise Refused("it is not a file that torch.save wrote")


def _require_torch_zip(file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except zipfile.BadZipFile as why:
        raise Refused("it is a damaged or unfinished archive") from why
    finally:
        file.seek(0)
    if "constants.pkl" in names:
        raise Refused("it is a TorchScript program, not a checkpoint")
    if "data.pkl" not in names:
        raise Refused("it is an archive, but not one that torch.save wrote")


def _write(tensors: "dict[str, Tensor]") -> None:
    from safetensors.torch import save

    with os.fdopen(1, "wb") as out:
        out.write(save(tensors))


def _end(code: int, **said: str) -> int:
    print(json.dumps(said), file=sys.stderr)  # noqa: T201 - the line that the parent reads
    return code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
