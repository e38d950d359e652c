"""A pickle stream in, tensors, arrays and plain containers out; every other object comes out as a stand-in.

It is written as a pickle module (``load`` and ``Unpickler``), which is the form in which ``torch.load`` takes one.
What a stream may call is the closed list of ``_KNOWN``; nothing that a file names is imported.
"""

import pickle
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import torch
from torch._utils import _rebuild_tensor, _rebuild_tensor_v2


class Inert:
    """Stands where an object of a strange class would be: it keeps what the file says of it and does nothing.

    ``origin`` is the class that the file names, ``arguments`` what it was to be made from, ``state`` what was to
    become its attributes, ``entries`` what was to be put into it.
    """

    origin = ""
    arguments: tuple[object, ...]
    state: object
    entries: dict[object, object]

    def __new__(cls, *arguments: object, **named: object) -> "Inert":
        made = object.__new__(cls)
        made.arguments, made.state, made.entries = arguments, None, {}
        return made

    def __init__(self, *arguments: object, **named: object) -> None:
        """Everything is kept by ``__new__``."""

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        self.entries[key] = value

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def append(self, item: object) -> None:
        self.entries[len(self.entries)] = item

    def extend(self, items: list[object]) -> None:
        for item in items:
            self.append(item)

    def add(self, item: object) -> None:
        self.append(item)

    def __call__(self, *arguments: object, **named: object) -> "Inert":
        return Inert(*arguments)


class Unpickler(pickle.Unpickler):
    """An unpickler whose classes and functions are the known ones and stand-ins."""

    def find_class(self, module: str, name: str, /) -> Any:
        known = _KNOWN.get((_MOVED.get(module, module), name))
        if known is not None:
            return known
        if module == "torch" and isinstance(dtype := getattr(torch, name, None), torch.dtype):
            return dtype
        return _stand_in(f"{module}.{name}")


def load(file: BinaryIO, **options: Any) -> Any:
    """The next object of a stream; as ``pickle.load``, but inert."""
    return Unpickler(file, **options).load()


@cache
def _stand_in(origin: str) -> type[Inert]:
    return type(origin.rpartition(".")[2] or "Inert", (Inert,), {"origin": origin})


def _parameter(data: object, *rest: object) -> object:
    return data


def _from_type(function: object, kind: object, arguments: tuple[object, ...], state: object) -> object:
    """A tensor of a sub class, as a plain one."""
    return _rebuild_tensor_v2(*arguments) if function is _rebuild_tensor_v2 else Inert(kind, arguments)


def _blank(kind: object, base: object, state: object) -> Inert:
    """What a class without a reduction of its own begins as."""
    return kind() if isinstance(kind, type) and issubclass(kind, Inert) else Inert(kind, base, state)


def _bytes_of(text: str, encoding: str = "latin1") -> bytes:
    """How old protocols write bytes."""
    return text.encode(encoding if encoding in ("latin1", "utf-8", "ascii") else "latin1")


def _scalar(dtype: np.dtype, data: object = b"") -> object:
    """A NumPy scalar; one that holds an object comes out as that object."""
    return np.frombuffer(data, dtype=dtype, count=1)[0] if isinstance(data, bytes) and not dtype.hasobject else data


def _empty_array(kind: object, shape: tuple[int, ...], code: object) -> np.ndarray:
    """What an array begins as; its real shape and bytes follow."""
    return np.ndarray((0,), dtype=np.int8)


def _array_over(data: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if order == "F" else "C")


_MOVED = {"__builtin__": "builtins", "copy_reg": "copyreg", "torch.storage": "torch"} | {
    f"numpy.core.{name}": f"numpy._core.{name}" for name in ("multiarray", "numeric")
}
_KNOWN: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): _from_type,
    ("torch", "UntypedStorage"): torch.UntypedStorage,
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    ("collections", "OrderedDict"): OrderedDict,
    ("copyreg", "_reconstructor"): _blank,
    ("_codecs", "encode"): _bytes_of,
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.numeric", "_frombuffer"): _array_over,
} | {
    ("builtins", kind.__name__): kind
    for kind in (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, slice)
}
