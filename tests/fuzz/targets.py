"""One input in; one word for what became of it out, or an exception that nobody may raise: what is fuzzed."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from contracts.codec import decode, encode, schema_of
from contracts.errors import MediaNotAssessable, NotNow, ObjectMissing, PoisonMessage
from contracts.messages import Message
from contracts.topics import every_topic
from contracts.vocabulary import Stage
from ingest.dialects import DIALECTS
from ingest.notifications import parse
from ingest.object_events import Happening
from ingest.object_stores.folder import FolderStore
from ingest.parking import ParkedRecord, letter_of
from ingest.sniffing import SNIFFED_BYTES, sniff_bytes
from tests.fuzz import seeds
from tests.fuzz.decoding_child import SIZES
from tests.fuzz.mutation import Mutator

ROOT = Path(__file__).parents[2]


class TookTooLong(Exception):
    """One input was still being worked on after its time."""


class Died(Exception):
    """The decoding child ended over an input."""


class Target(Protocol):
    """Something that is fuzzed; ``longest_s`` is how long one input may take."""

    longest_s: float

    def take(self) -> tuple[bytes, Callable[[], str]]:
        """The input, and what tries it: that answers with the outcome, or raises what nobody may raise."""
        ...

    def keep(self, data: bytes) -> None:
        """This input led to something new: make others of it."""
        ...


class Events:
    """Notifications of every store and way, each in every dialect; what they name is looked up in a folder."""

    longest_s = 20.0

    def __init__(self, of: random.Random, folder: Path) -> None:
        self._random = of
        self._keys = [key for _, key, _ in seeds.events()]
        self._record_keys = Mutator(self._keys, of)
        self._json = Mutator([raw for dialect, _, raw in seeds.events() if dialect != "seaweedfs"], of)
        self._filer = Mutator([raw for dialect, _, raw in seeds.events() if dialect == "seaweedfs"], of)
        self._store = FolderStore.make(folder / "bucket")

    def take(self) -> tuple[bytes, Callable[[], str]]:
        dialect = self._random.choice(sorted(DIALECTS))
        raw = (self._filer if dialect == "seaweedfs" else self._json).next()
        key = (
            Mutator(self._keys, self._random).next() if self._random.random() < 0.3 else self._random.choice(self._keys)
        )
        return raw, lambda: self._outcome(raw, dialect, key)

    def keep(self, data: bytes) -> None:
        (self._json if data[:1] in (b"{", b"[") else self._filer).keep(data)

    def _outcome(self, raw: bytes, dialect: str, key: bytes) -> str:
        try:
            found = parse(raw, DIALECTS[dialect], record_key=key)
        except PoisonMessage as why:
            encode(letter_of(ParkedRecord("t", 0, 0, key, raw), why, stage=Stage.INGEST, reason="poison_message"))
            return "dead letter"
        for event in found:
            if event.happening is Happening.CREATED:
                with suppress(ObjectMissing, ValueError, NotNow):
                    self._store.stat(event.key)
        return f"{len(found)} events" if len(found) < 3 else "many events"


class Codec:
    """Messages of every topic: what is accepted must survive being written and read again."""

    longest_s = 20.0

    def __init__(self, of: random.Random, folder: Path) -> None:
        self._random = of
        self._carried: dict[str, type[Message]] = {
            one.carries.SCHEMA: one.carries for one in every_topic(("telltale",))
        }
        self._mutators = {schema: Mutator([raw], of) for schema, raw in seeds.messages().items()}
        self._last = ""

    def take(self) -> tuple[bytes, Callable[[], str]]:
        self._last = self._random.choice(sorted(self._mutators))
        raw, carries = self._mutators[self._last].next(), self._carried[self._last]
        return raw, lambda: self._outcome(raw, carries)

    def keep(self, data: bytes) -> None:
        self._mutators[self._last].keep(data)

    def _outcome(self, raw: bytes, carries: type[Message]) -> str:
        try:
            schema_of(raw)
            message = decode(raw, carries)
        except PoisonMessage as why:
            encode(letter_of(ParkedRecord("t", 0, 0, None, raw), why, stage=Stage.EXTRACT, reason="poison_message"))
            return "dead letter"
        again = decode(encode(message), carries)
        assert again == message, "a message changes on its way"
        return "message"


class Probe:
    """The first bytes of files of every kind."""

    longest_s = 20.0

    def __init__(self, of: random.Random, folder: Path) -> None:
        heads = [data[:SNIFFED_BYTES] for _, data in [*seeds.pictures(folder), *seeds.videos()]]
        heads += [
            b"ID3\x04" + bytes(60),
            b"fLaC" + bytes(60),
            b"OggS" + bytes(60),
            b"RIFF\0\0\0\0WAVEfmt ",
            b"#EXTM3U\n",
        ]
        heads += [b"\0\0\0\x20ftyp" + brand + bytes(40) for brand in (b"heic", b"avif", b"M4A ", b"qt  ")]
        self._mutator = Mutator(heads, of)

    def take(self) -> tuple[bytes, Callable[[], str]]:
        head = self._mutator.next()
        return head, lambda: self._outcome(head)

    def keep(self, data: bytes) -> None:
        self._mutator.keep(data)

    def _outcome(self, head: bytes) -> str:
        try:
            return sniff_bytes(head[:SNIFFED_BYTES]).container
        except MediaNotAssessable as refusal:
            return f"refused, {refusal.reason}" if refusal.detail.encode() else "refused without a word"


class Decoders:
    """Whole files, in a confined child that is used again until one kills it; a child has ``patience_s`` for a file."""

    def __init__(self, of: random.Random, found: list[tuple[str, bytes]], *, patience_s: float = 60.0) -> None:
        self._random = of
        self._mutators = {
            container: Mutator([data for name, data in found if name == container], of)
            for container in sorted({name for name, _ in found})
        }
        self.longest_s = 2 * patience_s
        self.patience_s = patience_s
        self.child: subprocess.Popen[bytes] | None = None
        self._last = ""

    def take(self) -> tuple[bytes, Callable[[], str]]:
        self._last = self._random.choice(sorted(self._mutators))
        data = self._mutators[self._last].next()
        container = self._container_of(data, self._last)
        return data, lambda: self.outcome(container, data)

    def keep(self, data: bytes) -> None:
        self._mutators[self._last].keep(data)

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            for pipe in (self.child.stdin, self.child.stdout):
                if pipe is not None:
                    pipe.close()
            self.child = None

    def _container_of(self, data: bytes, before: str) -> str:
        """What it would be taken for; what would be refused goes to the reader that it was made for."""
        try:
            return sniff_bytes(data[:SNIFFED_BYTES]).container
        except MediaNotAssessable:
            return before

    def outcome(self, container: str, data: bytes) -> str:
        """What the reader of this container makes of a file, in words; raises ``TookTooLong`` or ``Died``."""
        child = self.child = self.child or self._started()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(SIZES.pack(len(container), len(data)) + container.encode() + data)
            child.stdin.flush()
        except BrokenPipeError:
            pass  # it died before; its end is read below
        if not select.select([child.stdout], [], [], self.patience_s)[0]:
            self.close()
            raise TookTooLong(container)
        line = child.stdout.readline()
        if not line:
            code = child.wait()
            self.close()
            raise Died(f"{container}: {signal.Signals(-code).name if code < 0 else f'exit {code}'}")
        answer = json.loads(line)
        if "fault" in answer:
            raise Died(f"{container}: {answer['fault']}")
        return f"{container}: {answer['outcome']}"

    def _started(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-P", "-m", "tests.fuzz.decoding_child"]
        env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        quiet = subprocess.DEVNULL if not os.environ.get("FUZZ_STDERR") else None
        return subprocess.Popen(
            argv, cwd="/", env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, bufsize=1 << 20
        )


NAMES = ("events", "codec", "probe", "pictures", "videos")


@contextmanager
def opened(name: str, seed: int) -> Iterator[Target]:
    """The target of this name with its own random numbers."""
    of = random.Random(f"{name} {seed}")
    with tempfile.TemporaryDirectory(prefix="telltale-fuzz-") as folder:
        if name in ("pictures", "videos"):
            found = seeds.pictures(Path(folder)) if name == "pictures" else seeds.videos()
            decoders = Decoders(of, found)
            try:
                yield decoders
            finally:
                decoders.close()
        else:
            yield {"events": Events, "codec": Codec, "probe": Probe}[name](of, Path(folder))
