"""How the crop squares of dessa are compared with their golden cases."""

from collections.abc import Iterator

from detectors.systems.dessa.crops import square_around
from tests.parity.line import Line, equal


def _crops(fixture: dict) -> Iterator[Line]:
    for number, case in enumerate(fixture["boxes"]):
        square = square_around(tuple(case["face_ltrb"]), *case["frame_wh"], compat="original")
        got = [square.left, square.top, square.side]
        yield equal(f"dessa square {number} around {case['face_ltrb']}", got, case["x_y_size"])


CASES = {"dessa_crop": _crops}
