"""Where the weights of a detector lie, whether they are the pinned ones, and how they get into a network."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import DetectorUnavailable
from detectors.cards import DetectorCard, WeightsFile
from detectors.fetch_record import Record, read_record

if TYPE_CHECKING:
    from torch import Tensor, nn

SHIPPED = Path(__file__).parent / "weights_shipped"
_READ_BYTES = 1 << 20
_WEIGHTS_MARK = "+"
_NAMED_FILES = 3


class WrongWeights(DetectorUnavailable):
    """A weights file is not the pinned one, or its tensors do not fit the network; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Availability:
    """Whether a detector can run here; ``detail`` is one sentence with the command that mends it if it cannot."""

    available: bool
    detail: str
    weights_sha256: str | None


def folder_of(card: DetectorCard, weights: Path) -> Path:
    """The folder that holds the weights of this detector: inside its package if shipped, else below ``weights``."""
    return card.shipped_in or SHIPPED if card.shipped else weights / card.spec.name


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex; an unchanged file is read once per process."""
    facts = path.stat()
    return _sha256_of(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, size_bytes: int, modified_ns: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def identity_of(card: DetectorCard, folder: Path) -> str:
    """One SHA-256 for all weights of a detector: of the file itself, or of the list of hashes if there are several."""
    record = read_record(folder)
    needed = [file for file in card.weights if not file.optional]
    hashes = [expected_sha256(file, record) or sha256_of(folder / file.loaded_file) for file in needed]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def version_of(card: DetectorCard, folder: Path | None) -> str:
    """The version of a detector with these weights: weights that the card does not pin are part of it."""
    if folder is None or all(file.pinned for file in card.weights if not file.optional):
        return card.spec.version
    return f"{card.spec.version}{_WEIGHTS_MARK}{identity_of(card, folder)[:8]}"


def base_version(version: str) -> str:
    """The version that the card states, without what ``version_of`` adds for weights that the card does not pin."""
    return version.partition(_WEIGHTS_MARK)[0]


def expected_sha256(file: WeightsFile, record: Record) -> str | None:
    """The hash that a loaded file must have: the pinned one, else that of its first fetch; ``None`` before that."""
    if file.loaded_sha256:
        return file.loaded_sha256
    fetched = record.get(file.loaded_file)
    if fetched is None or file.sha256 not in (None, fetched.original_sha256):
        return None
    return fetched.sha256


def availability_of(card: DetectorCard, weights: Path) -> Availability:
    """Whether every needed weights file of the card is there and is the pinned or recorded one; loads nothing."""
    folder = folder_of(card, weights)
    problem = "; ".join(_flaws_of(card, folder)) if card.weights else "its card names no weights"
    if problem:
        return Availability(available=False, detail=f"{problem}. {_mend(card)}", weights_sha256=None)
    return Availability(available=True, detail="weights are in place", weights_sha256=identity_of(card, folder))


def _flaws_of(card: DetectorCard, folder: Path) -> Iterator[str]:
    record = read_record(folder)
    needed = [file for file in card.weights if not file.optional]
    missing = [file for file in needed if not (folder / file.loaded_file).is_file()]
    if len(missing) > 1:
        yield f"{_enumerated([file.loaded_file for file in missing])} are missing"
    told_together = missing if len(missing) > 1 else []
    for file in needed:
        if file not in told_together and (flaw := flaw_of(folder, file, record)):
            yield flaw


def _enumerated(names: Sequence[str]) -> str:
    """Up to three names in full; of more the first two and how many others there are."""
    if len(names) <= _NAMED_FILES:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[: _NAMED_FILES - 1])} and {len(names) - _NAMED_FILES + 1} more files"


def flaw_of(folder: Path, file: WeightsFile, record: Record) -> str | None:
    """What is wrong with one file of a detector's folder, in a few words; nothing where it is the right one."""
    path = folder / file.loaded_file
    if not path.is_file():
        return f"{file.loaded_file} is missing"
    expected = expected_sha256(file, record)
    if expected is None:
        return f"{file.loaded_file} lies there, but no record says where it came from"
    if sha256_of(path) != expected:
        whose = "the card names" if file.loaded_sha256 else "was fetched"
        return f"{file.loaded_file} is not the file that {whose} (other SHA-256)"
    return None


def _mend(card: DetectorCard) -> str:
    name = card.spec.name
    if card.shipped_in:
        return "These weights are part of the package of this detector: install it again."
    if card.shipped:
        return "These weights are part of the project: run `git status` and restore them, or install the project again."
    return f"Run: telltale detectors fetch {name} (a file or folder that holds them may follow)"


def load_strictly(network: "nn.Module", path: Path) -> None:
    """Put the tensors of a safetensors file into ``network``.

    Raises:
        WrongWeights: tensors are missing, left over, or of another shape; the message lists their keys.
    """
    from safetensors.torch import load_file

    tensors = load_file(path)
    require_same_shapes(shapes_of(network.state_dict()), shapes_of(tensors), path.name)
    network.load_state_dict(tensors, strict=True)


def shapes_of(tensors: "Mapping[str, Tensor]") -> dict[str, tuple[int, ...]]:
    """Key and shape of every tensor."""
    return {key: tuple(tensor.shape) for key, tensor in tensors.items()}


def require_same_shapes(wanted: dict[str, tuple[int, ...]], got: dict[str, tuple[int, ...]], what: str) -> None:
    """Raise ``WrongWeights`` with the keys that are missing, left over, or of another shape; else do nothing."""
    require_same_keys(wanted.keys(), got.keys(), what)
    reshaped = [f"{key} {got[key]} instead of {wanted[key]}" for key in sorted(wanted) if wanted[key] != got[key]]
    if reshaped:
        raise WrongWeights(f"the tensors of {what} do not fit the network: of another shape: {', '.join(reshaped)}")


def require_same_keys(wanted: Set[str], got: Set[str], what: str) -> None:
    """Raise ``WrongWeights`` with the keys that are missing or left over; else do nothing."""
    flaws = (("missing", sorted(wanted - got)), ("left over", sorted(got - wanted)))
    told = "; ".join(f"{word}: {', '.join(keys)}" for word, keys in flaws if keys)
    if told:
        raise WrongWeights(f"the tensors of {what} do not fit the network: {told}")
