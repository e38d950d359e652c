"""A Faust app's Kafka consumer that, where nothing was ever committed, goes back to a partition's beginning.

Faust 0.15.3 throws records away that it was given around a rebalance, and then seeks to the committed offsets to be
given them again. A partition without a committed offset is not sought: its first records would be gone, and the next
acknowledgement would commit past them.
"""

from collections.abc import Mapping

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP


class RewindingConsumer(aiokafka.Consumer):
    """Seeks every partition of an input, committed or not; changelogs are left where their recovery left them."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        found = await super().seek_to_committed()
        changelogs = self.app.tables.changelog_topics
        fresh = [place for place, offset in found.items() if not offset and place.topic not in changelogs]
        if fresh:
            await self.seek_wait(await self.earliest_offsets(*fresh))
        return found


class RewindingTransport(aiokafka.Transport):
    """Makes such consumers."""

    Consumer = RewindingConsumer


class StageApp(faust.App):
    """A Faust app that reads with them."""

    def _new_transport(self) -> RewindingTransport:
        return RewindingTransport(self.conf.broker_consumer, self)
