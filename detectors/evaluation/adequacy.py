"""A figure's name and how many items are behind it in; why these cannot tell it out, or nothing where they can."""

from math import ceil

from detectors.evaluation.metrics import (
    ECE_BINS,
    FALSE_ALARMS,
    FALSE_ALARMS_OF_PARTIAL_AREA,
    HITS_ASKED,
    PREVALENCES,
    hit_rate_name,
    precision_name,
)

LEAST_ITEMS_OF_A_BIN = 5
OF_RAW = "_of_raw"
# One item must be able to make the rate: among ten genuine ones, the smallest false-alarm rate above 0 is 10 %.
_LEAST_GENUINE = {
    **{hit_rate_name(limit): ceil(1 / limit - 1e-9) for limit in FALSE_ALARMS},
    "partial_auc": ceil(1 / FALSE_ALARMS_OF_PARTIAL_AREA - 1e-9),
}
_LEAST_MANIPULATED = {"fpr_at_tpr_90": ceil(1 / (1 - HITS_ASKED) - 1e-9)}
_LEAST_ITEMS = {"ece": ECE_BINS * LEAST_ITEMS_OF_A_BIN}
_AT_PREVALENCE = {precision_name(share): share for share in PREVALENCES}


def shortage(name: str, *, genuine: int, manipulated: int, false_alarms: int, hits: int) -> str | None:
    """Why a figure says nothing here, as a few words.

    A rate needs so many items that one of them alone stays within it. A precision at a prevalence, where no false
    alarm was seen, is only known to lie above what three false alarms among three times as many items would make it
    (the rule of three; source: Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?").
    """
    plain = name.removesuffix(OF_RAW)
    for least, there, what in (
        (_LEAST_GENUINE.get(plain, 0), genuine, "genuine"),
        (_LEAST_MANIPULATED.get(plain, 0), manipulated, "manipulated"),
        (_LEAST_ITEMS.get(plain, 0), genuine + manipulated, "items"),
    ):
        if there < least:
            return f"too few: {there} of {least} {what}"
    if plain in _AT_PREVALENCE and hits and not false_alarms:
        share, worst = _AT_PREVALENCE[plain] * hits / manipulated, (1 - _AT_PREVALENCE[plain]) * min(1.0, 3 / genuine)
        return f"no false alarm among {genuine}: above {share / (share + worst):.2g}"
    return None
