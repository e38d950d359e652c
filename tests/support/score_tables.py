"""Score tables to order: items of two classes, sources and families, scored by two detectors and the fusion."""

import numpy as np

from detectors.evaluation.score_table import FUSION, Level, ScoreRow

HELPLESS_EVERY = 9


def a_row(
    label: int, calibrated: float | None = None, *, detector: str = "alpha", level: Level = "item", **more
) -> ScoreRow:
    told = {"path": "a.mp4", "source": "a", **more}
    return ScoreRow(label=label, calibrated=calibrated, detector=detector, level=level, **told)


def a_table(*, items: int = 60, seed: int = 0) -> list[ScoreRow]:
    """``alpha`` is calibrated and covers most items, ``beta`` is not calibrated; three items come from each source."""
    draws = np.random.default_rng(seed)
    return [row for at in range(items) for row in _item(at, draws)]


def _item(at: int, draws: np.random.Generator) -> list[ScoreRow]:
    label = (at // 3) % 2
    raws = [round(float(1 / (1 + np.exp(-(1.5 * label - 0.7 + draws.normal())))), 6) for _ in range(2)]
    told = {
        "path": f"{at}.mp4",
        "source": f"source {at // 3}",
        "family": ("swap", "lips")[(at // 6) % 2] if label else "",
        "compression": ("c23", "c40")[at % 2],
        "face_height_px": float(50 + 20 * (at % 8)),
    }
    covered = at % HELPLESS_EVERY != 0
    reason = "" if covered else "no_face"
    calibrated = round(0.1 + 0.8 * raws[0], 4) if covered else None
    verdict = "not_assessed" if calibrated is None else "some_evidence" if calibrated >= 0.5 else "no_evidence_found"
    own = {"raw": raws[0] if covered else None, "reason": reason}
    rows = [
        a_row(label, calibrated, **own, **told),
        a_row(label, detector="beta", raw=raws[1], **told),
        a_row(label, calibrated, detector=FUSION, verdict=verdict, reason=reason, **told),
    ]
    deeper = [a_row(label, raw=raws[1], detector="beta", level=level, track=0, **told) for level in ("track", "clip")]
    return rows + deeper


def a_large_table(*, people: int = 60, items_each: int = 4, clips_each: int = 9, seed: int = 20) -> list[ScoreRow]:
    """One calibrated detector: items whose scores are mostly their person's, and clips that are mostly their item's.

    With the sizes given here there are 120 genuine items and 1080 genuine clips: enough for a hit rate at 1 % and,
    by clip, at 0.1 % false alarms.
    """
    draws = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        label, own = person % 2, draws.normal()
        for item in range(items_each):
            told = {"path": f"{person}-{item}.mp4", "source": f"person {person}"}
            logit = 1.6 * (2 * label - 1) + 0.9 * own + 0.6 * draws.normal()
            rows.append(_large_row(label, logit, "item", told))
            for clip in range(clips_each):
                at = {**told, "track": 0, "start_s": float(clip)}
                rows.append(_large_row(label, logit + 0.8 * draws.normal(), "clip", at))
    return rows


def _large_row(label: int, logit: float, level: Level, told: dict) -> ScoreRow:
    raw, calibrated = (round(float(1 / (1 + np.exp(-one))), 6) for one in (logit, 0.8 * logit - 0.1))
    return a_row(label, calibrated, raw=raw, level=level, **told)
