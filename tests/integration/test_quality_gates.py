"""A scan of the same genuine clip, sound and ruined: only the ruined copies are withheld, each with its reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.settings import DetectSettings, ExtractSettings
from contracts.vocabulary import Reason, Verdict
from telltale.changed_copies import RUINED, USUAL, Change, write_copy
from telltale.scan import Scanner
from tests.support.parts import MEDIA

pytestmark = [pytest.mark.media, pytest.mark.timeout(600)]

CLIP = MEDIA / "real" / "KwaiVGI__LivePortrait__d18.mp4"
CHANGES = {change.name: change for change in (*USUAL, *RUINED)}
MEASURED = {Reason.HEAVY_COMPRESSION, Reason.LOW_LIGHT_OR_BLUR}


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanner]:
    weights = tmp_path_factory.mktemp("weights")
    with Scanner(["telltale"], weights=weights, detect=DetectSettings(), extract=ExtractSettings()) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("CRF 23", None),
        ("CRF 48", Reason.HEAVY_COMPRESSION),
        ("dark, CRF 23", Reason.LOW_LIGHT_OR_BLUR),
    ],
)
def test_only_ruined_copies_are_withheld(name: str, reason: Reason | None, scanner: Scanner, tmp_path: Path):
    change: Change = CHANGES[name]
    event = scanner.judged(write_copy(CLIP, tmp_path / "copy.mp4", change))
    assert MEASURED & set(event.reasons) == ({reason} if reason else set())
    if reason:
        assert event.verdict is Verdict.INCONCLUSIVE
        assert event.probability is not None
