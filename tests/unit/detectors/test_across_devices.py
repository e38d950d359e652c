"""Several devices give what one gives, in the same order."""

import pytest

from detectors.across_devices import AcrossDevices
from tests.support.detectors import FakeDetector
from tests.support.faces import clips


class On(FakeDetector):
    def __init__(self, device: str, **changes: object) -> None:
        super().__init__()
        self.device = device
        self.given: list[int] = []
        self.__dict__.update(changes)

    def score(self, clips):
        self.given.append(len(clips))
        return super().score(clips)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("devices", [1, 2, 3])
def test_the_scores_are_those_of_one_device(count: int, devices: int):
    copies = [On(f"cuda:{index}") for index in range(devices)]
    some = clips(count)
    assert AcrossDevices(copies).score(some) == FakeDetector().score(some)
    given = [sum(copy.given) for copy in copies]
    assert sum(given) == count
    assert max(given) - min(given) <= 1, "every device gets its share"


def test_it_says_who_it_is_and_where():
    both = AcrossDevices([On("cuda:0"), On("cuda:2")])
    assert (both.spec.name, both.device, both.untrained) == ("fake", "cuda:0,cuda:2", False)


@pytest.mark.parametrize("copies", [[], [On("cuda:0"), On("cuda:1", weights_sha256="1" * 64)]])
def test_different_detectors_do_not_share_clips(copies: list[On]):
    with pytest.raises(ValueError, match="one set of weights"):
        AcrossDevices(copies)
