"""A verdict in; whether the weights and the calibrations that it names are still the ones that lie here, out."""

from collections.abc import Iterator
from pathlib import Path

import detectors
from contracts.messages import DetectorResult, MediaVerdict
from dashboard.custody.checks import Finding, State
from detectors.cards import DetectorCard
from detectors.fetch_record import read_record
from detectors.weights import flaw_of, folder_of, identity_of
from stream_processors.code_version import code_version
from stream_processors.members import members_of


def means_findings(verdict: MediaVerdict, weights: Path) -> Iterator[Finding]:
    """One finding on the code, and up to two for each detector that took part.

    ``weights``: the folder of fetched weights.
    """
    yield _code(verdict)
    for result in verdict.detectors:
        if result.weights_hash is not None and not result.untrained:
            yield _weights(result, weights)
        if result.calibration_sha256 is not None:
            yield _calibration(result, weights)


def _code(verdict: MediaVerdict) -> Finding:
    said, here = verdict.code_version, code_version()
    if said == here:
        return Finding("code", State.HOLDS, f"The code that judged is the code that runs here, {here}.")
    told = f"It was judged by the code {said}" if said else "The verdict does not name the code that judged"
    return Finding("code", State.EXPLAINED, f"{told}; here runs {here}.")


def _weights(result: DetectorResult, weights: Path) -> Finding:
    name = f"weights of {result.name}"
    if result.name not in detectors.names():
        return Finding(name, State.UNCHECKABLE, "This detector is not installed here.")
    card = detectors.card(result.name)
    folder = folder_of(card, weights)
    if any(not (folder / file.loaded_file).is_file() for file in card.weights if not file.optional):
        return Finding(name, State.UNCHECKABLE, "They do not lie here.")
    if flaw := _flaw(card, folder):
        return Finding(name, State.BROKEN, f"{flaw}.")
    here = identity_of(card, folder)
    if here != result.weights_hash:
        return Finding(name, State.UNCHECKABLE, f"Others lie here now ({here[:16]}…, not {result.weights_hash or ''}).")
    return Finding(name, State.HOLDS, f"Their files have the SHA-256 {here} that the verdict names.")


def _flaw(card: DetectorCard, folder: Path) -> str | None:
    """What is wrong with a file that is the pinned or recorded one by name; every byte of it is read."""
    record = read_record(folder)
    flaws = (flaw_of(folder, file, record) for file in card.weights if not file.optional)
    return next((flaw for flaw in flaws if flaw), None)


def _calibration(result: DetectorResult, weights: Path) -> Finding:
    name = f"calibration of {result.name}"
    if result.name not in detectors.names():
        return Finding(name, State.UNCHECKABLE, "This detector is not installed here.")
    (member,) = members_of([result.name], weights)
    if member.calibration_sha256 is None:
        return Finding(name, State.UNCHECKABLE, "None is in force here.")
    if member.calibration_sha256 != result.calibration_sha256:
        fit = member.calibration.id if member.calibration else ""
        return Finding(name, State.UNCHECKABLE, f"Another one is in force now ({fit}).")
    return Finding(name, State.HOLDS, f"Its numbers have the SHA-256 {member.calibration_sha256[:16]}… of the verdict.")
