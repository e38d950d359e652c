"""What is done about poison comes after its letter is confirmed, so that a death in between loses no letter."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest

from contracts.codec import decode, encode
from contracts.errors import PoisonMessage
from contracts.messages import DeadLetter, MediaUploaded
from contracts.settings import ProcessSettings
from contracts.vocabulary import Stage
from stream_processors.intake import Intake
from tests.support.cases import an_upload
from tests.support.faust_records import an_event


class BrokerLost(Exception):
    """The process ends in the middle of a send."""


class FakeApp:
    """The part of a Faust app that an intake uses; it keeps what was confirmed."""

    should_stop = False

    def __init__(self, *, loses_the_broker: bool = False) -> None:
        self.confirmed: list[bytes] = []
        self.closed: list[str] = []
        self._loses_the_broker = loses_the_broker
        self.producer = SimpleNamespace(send=self._send)

    async def _send(self, topic: str, key: bytes, value: bytes, *_: object) -> asyncio.Future[None]:
        confirmation: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._loses_the_broker:
            confirmation.set_exception(BrokerLost())
        else:
            self.confirmed.append(value)
            confirmation.set_result(None)
        return confirmation

    async def sleep(self, n: float) -> None:
        await asyncio.sleep(0)


async def park(app: FakeApp, home: Path, value: bytes) -> list[str]:
    """One poisoned record is finished; what was closed, and when, leaves in ``app.closed``."""
    intake = Intake(cast(faust.App, app), Stage.EXTRACT, ProcessSettings(home=home))

    async def fails(_: MediaUploaded) -> str:
        raise PoisonMessage("it kills its decoder")

    async def when_parked(upload: MediaUploaded) -> None:
        app.closed.append(f"{upload.media_id} after {len(app.confirmed)} letters")

    await intake.finish(an_event(value), MediaUploaded, cast(Any, fails), when_parked=when_parked)
    return app.closed


async def test_an_item_is_closed_when_its_letter_is_confirmed(tmp_path):
    app = FakeApp()
    assert await park(app, tmp_path, encode(an_upload("item"))) == ["item after 1 letters"]
    (letter,) = app.confirmed
    assert decode(letter, DeadLetter).detail == "it kills its decoder"


async def test_nothing_is_closed_when_the_letter_is_lost(tmp_path):
    app = FakeApp(loses_the_broker=True)
    with pytest.raises(BrokerLost):
        await park(app, tmp_path, encode(an_upload("item")))
    assert app.closed == []


async def test_bytes_that_are_no_message_have_no_item_to_close(tmp_path):
    app = FakeApp()
    assert await park(app, tmp_path, b"\xff") == []
    assert len(app.confirmed) == 1
