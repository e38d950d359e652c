"""Labelled files and a scanner in, rows of the score table out; what was scored before is not scored again."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from contracts.errors import ObjectMissing
from contracts.vocabulary import MediaKind
from detectors.evaluation.alterations import FindFaces
from detectors.evaluation.copies import Copy, NotCopied, write_copy
from detectors.evaluation.copy_sets import copies_named
from detectors.evaluation.manifest import Item
from detectors.evaluation.score_table import ScoreRow
from stream_processors.members import members_of
from stream_processors.policy import Policy
from telltale.evaluate_cache import CODE_OF_COPIES, ScoreCache, sha256_of_code, sha256_of_file
from telltale.evaluate_rows import judged, rows_of, unreadable_rows
from telltale.scan import Findings
from telltale.terminal import err, say

_COPIED = (MediaKind.IMAGE, MediaKind.VIDEO)


class Finder(Protocol):
    """Looks at one file, as ``telltale.scan.Scanner`` does."""

    def findings(self, file: Path) -> Findings: ...


class Scoring:
    """Scores files one after another, with a progress bar.

    Args:
        scanner: the stages of the pipeline.
        cache: what was found before; with ``fresh`` nothing is read from it.
        names: the detectors, as the scanner has them.
        policy: how findings are judged; they are judged anew each time, whatever the cache holds.
        faces: finds the faces that a copy covers.
        weights: folder of fetched weights, with the calibrations of this machine.
    """

    def __init__(
        self,
        scanner: Finder,
        cache: ScoreCache,
        names: Sequence[str],
        *,
        policy: Policy,
        fresh: bool = False,
        faces: FindFaces = lambda _pixels: (),
        weights: Path | None = None,
    ) -> None:
        self._scanner = scanner
        self._cache = cache
        self._names = tuple(names)
        self._members = members_of(names, weights)
        self._policy = policy
        self._fresh = fresh
        self._faces = faces
        self._seen: dict[Path, tuple[str, MediaKind]] = {}
        self.files = 0
        self.from_cache = 0

    def rows(self, items: Sequence[Item]) -> list[ScoreRow]:
        """The rows of all items; a file that cannot be read gives rows without scores."""
        found: list[ScoreRow] = []
        for item in _told(items, "Scoring"):
            self.files += 1
            try:
                content = sha256_of_file(item.path)
                findings = self._findings(content, lambda file=item.path: self._scanner.findings(file))
            except (OSError, ObjectMissing) as why:
                say(f"{item.path} cannot be read: {why}")
                found += unreadable_rows(item, self._names)
                continue
            self._seen[item.path] = content, findings.extracted.media.kind
            found += self._rows(item, findings)
        return found

    def rows_of_copies(self, items: Sequence[Item], names: Sequence[str], *, limit: int, seed: int) -> list[ScoreRow]:
        """The rows of the named copies of at most ``limit`` items that :meth:`rows` could tell the kind of.

        Raises:
            UnknownCopy: no copy has one of the names.
        """
        of_kind = {kind: copies_named(names, picture=kind is MediaKind.IMAGE) for kind in _COPIED}
        known = [item for item in items if self._kind(item) in of_kind]
        found: list[ScoreRow] = []
        for item in _told(drawn(known, limit=limit, seed=seed), "Encoding anew"):
            content, kind = self._seen[item.path]
            for copy in of_kind[kind]:
                found += self._rows_of_copy(item, content, copy, picture=kind is MediaKind.IMAGE)
        return found

    def _rows_of_copy(self, item: Item, content: str, copy: Copy, *, picture: bool) -> list[ScoreRow]:
        def made_and_scanned() -> Findings:
            with tempfile.TemporaryDirectory(prefix="telltale-evaluate-") as folder:
                made = write_copy(item.path, copy, Path(folder), picture=picture, faces=self._faces)
                return self._scanner.findings(made)

        self.files += 1
        try:
            # The encoders and our code decide the bytes, so unchanged ones need not run again.
            findings = self._findings(
                f"{content} {copy} {av.library_versions} {sha256_of_code(CODE_OF_COPIES)}", made_and_scanned
            )
        except NotCopied as why:
            say(str(why))
            return unreadable_rows(item, self._names, variant=copy.name)
        return self._rows(item, findings, variant=copy.name)

    def _findings(self, content: str, scan: Callable[[], Findings]) -> Findings:
        known = None if self._fresh else self._cache.get(content)
        if known is not None:
            self.from_cache += 1
            return known
        found = scan()
        self._cache.put(content, found)
        return found

    def _rows(self, item: Item, findings: Findings, *, variant: str = "") -> list[ScoreRow]:
        one = judged(item, findings, self._members, self._policy, variant=variant)
        return rows_of(one, self._members, self._policy)

    def _kind(self, item: Item) -> MediaKind | None:
        return self._seen[item.path][1] if item.path in self._seen else None


def drawn(items: Sequence[Item], *, limit: int, seed: int) -> list[Item]:
    """At most ``limit`` items, drawn from the two classes in turn while both last."""
    draws = np.random.default_rng(seed)
    classes = [[item for item in items if item.label == label] for label in (0, 1)]
    shuffled = [[one[at] for at in draws.permutation(len(one))] for one in classes]
    in_turn = (item for pair in zip_longest(*shuffled) for item in pair if item is not None)
    return list(islice(in_turn, limit))


def _told(items: Sequence[Item], what: str) -> Iterator[Item]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(what, total=len(items))
        for item in items:
            bars.update(task, description=escape(f"{what} {item.path.name}"))
            yield item
            bars.advance(task)
