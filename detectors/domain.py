"""What a detector's network makes of faces in, how far they are from the faces that it was calibrated on out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SUFFIX = ".domain.safetensors"


@dataclass(frozen=True, eq=False, kw_only=True)
class DomainReference:
    """Where the features of known faces lie, each of length one, and the distance within which 99 % of them do.

    ``mean``: F; ``basis``: k x F, orthonormal rows; ``variances``: k along these; ``rest``: the variance along every
    other direction. ``faces`` were measured on ``measured_on`` by ``command`` with the weights ``weights_sha256``.
    """

    mean: Floats
    basis: Floats
    variances: Floats
    rest: float
    limit: float
    weights_sha256: str
    faces: int
    measured_on: str
    command: str

    def unfamiliarity(self, features: Floats) -> Floats:
        """Distances of ``features`` (n x F) in units of the limit: above 1 is farther than 99 % of the known faces."""
        return self.distances(features) / self.limit

    def distances(self, features: Floats) -> Floats:
        """Mahalanobis distances of n x F features of length one; all directions off the basis share one variance.

        Source: Lee, Lee, Lee, Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples", 2018; the
        covariance of few directions and a rest is that of Tipping and Bishop, "Probabilistic PCA", 1999. Without the
        common length noise, which excites a network little, would pass for the most familiar of all.
        """
        centred = of_length_one(features) - self.mean
        along = centred @ self.basis.T
        off = np.maximum(np.square(centred).sum(axis=1) - np.square(along).sum(axis=1), 0.0)
        return np.sqrt((np.square(along) / self.variances).sum(axis=1) + off / self.rest)


def of_length_one(features: Floats) -> Floats:
    """Each row divided by its length; a row of zeros stays."""
    wide = np.asarray(features, np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


def domain_file(folder: Path, detector: str) -> Path:
    """Where a detector's reference lies: beside its weights."""
    return folder / f"{detector}{_SUFFIX}"


def write_reference(reference: DomainReference, path: Path) -> None:
    """Write a reference as safetensors, its numbers in half precision and its origin in the header."""
    from safetensors.numpy import save_file

    tensors = {
        "mean": reference.mean.astype(np.float32),
        "basis": reference.basis.astype(np.float16),
        "variances": reference.variances.astype(np.float32),
        "rest_and_limit": np.array([reference.rest, reference.limit], np.float32),
    }
    origin = ("weights_sha256", "faces", "measured_on", "command")
    save_file(tensors, path, metadata={name: str(getattr(reference, name)) for name in origin})


def read_reference(path: Path) -> DomainReference | None:
    """The reference in a file, whatever weights it belongs to; nothing where there is none.

    Raises:
        safetensors.SafetensorError, KeyError: the file is no reference.
    """
    from safetensors import safe_open

    if not path.is_file():
        return None
    with safe_open(path, framework="np") as file:
        told = file.metadata()
        parts = {name: file.get_tensor(name).astype(np.float64) for name in ("mean", "basis", "variances")}
        rest, limit = file.get_tensor("rest_and_limit").astype(np.float64).tolist()
    return DomainReference(
        **parts,
        rest=rest,
        limit=limit,
        weights_sha256=told["weights_sha256"],
        faces=int(told["faces"]),
        measured_on=told["measured_on"],
        command=told["command"],
    )


def fitting_reference(folder: Path | None, detector: str, weights_sha256: str | None) -> DomainReference | None:
    """The reference beside a detector's weights if it was made with them; one of other weights says nothing."""
    found = read_reference(domain_file(folder, detector)) if folder else None
    return found if found and found.weights_sha256 == weights_sha256 else None


def domain_note(folder: Path, detector: str, weights_sha256: str | None) -> str:
    """One sentence: whether this detector can tell faces that it does not know."""
    found = read_reference(domain_file(folder, detector))
    if found is None:
        return "domain not checked: there is no reference of the faces that it knows"
    if found.weights_sha256 != weights_sha256:
        return f"domain not checked: the reference is that of other weights ({found.weights_sha256[:8]})"
    return f"domain checked: faces unlike 99 % of {found.faces} known ones are told apart ({found.measured_on})"
