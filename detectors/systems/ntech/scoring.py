"""Samples of face tracks in, the probabilities that the three networks give them out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from contracts.clips import Pixels
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, batch_of
from detectors.systems.member_networks import Networks
from detectors.systems.ntech.crops import close_view, mirrored, wide_view
from detectors.systems.ntech.sampling import SEQUENCE_FRAMES, face_samples, sequence_samples

SEQUENCE = "sequence"
VIEWS: Mapping[str, Callable[[Pixels], Pixels]] = {
    SEQUENCE: close_view,
    "frame_wide": wide_view,
    "frame_close": close_view,
}
Cut = Callable[[int, int], Pixels | None]


@dataclass(frozen=True, eq=False)
class Sample:
    """What the network ``member`` sees at once: seven pictures of 224 x 192 for the sequence network, else one.

    ``owner`` says whose probabilities these become.
    """

    owner: int
    member: str
    pictures: tuple[Pixels, ...]


def samples_of(track_length: int, cut: Cut, *, owner: int = 0) -> Iterator[Sample]:
    """The samples of one track in the order of their first frames.

    ``cut(position, boxed)`` gives the crop of frame ``position`` of the track by the box of frame ``boxed``, or nothing
    where nothing is left of it; such samples are left out.
    """
    plans = [(s.first, SEQUENCE, s.mirrored, SEQUENCE_FRAMES, s.boxed) for s in sequence_samples(track_length)]
    plans += [(s.position, s.member, s.mirrored, 1, s.position) for s in face_samples(track_length)]
    for first, member, turned, frames, boxed in sorted(plans):
        crops = [cut(position, boxed) for position in range(first, first + frames)]
        whole = [crop for crop in crops if crop is not None]
        if len(whole) == frames:
            view = VIEWS[member]
            yield Sample(owner, member, tuple(view(mirrored(crop) if turned else crop) for crop in whole))


def probabilities_of(
    samples: Iterable[Sample], networks: Networks, *, owners: int, pass_pictures: int
) -> list[list[float]]:
    """For each owner the probabilities of *manipulated*: one per single face, seven per sequence.

    ``networks`` give one logit per picture of 3 x 224 x 192, the one named ``sequence`` for seven at a time side by
    side. About ``pass_pictures`` pictures wait in memory for each of them.
    """
    found: list[list[float]] = [[] for _ in range(owners)]
    waiting: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        several = waiting[sample.member]
        several.append(sample)
        if sum(len(one.pictures) for one in several) >= pass_pictures:
            _pass(several, networks[sample.member], found)
            several.clear()
    for member, several in waiting.items():
        if several:
            _pass(several, networks[member], found)
    return found


def _pass(samples: Sequence[Sample], network: Callable[[Tensor], Tensor], found: list[list[float]]) -> None:
    pictures = [picture for sample in samples for picture in sample.pictures]
    batch = torch.from_numpy(batch_of(pictures, mean=IMAGENET_MEAN, std=IMAGENET_STD))
    probabilities = torch.sigmoid(network(batch).double().flatten()).tolist()
    owners = (sample.owner for sample in samples for _ in sample.pictures)
    for owner, probability in zip(owners, probabilities, strict=True):
        found[owner].append(probability)
