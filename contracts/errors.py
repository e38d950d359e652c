"""Failures named by what must happen next; raised by every stage, handled at the top of each."""

from contracts.vocabulary import Reason


class PoisonMessage(Exception):
    """Fails the same way on every try: park it as a dead letter and go on."""


class NotNow(Exception):
    """Would succeed later (store or broker away): keep the offset, wait, offer it again."""


class LoginRefused(NotNow):
    """The server is there and does not let us in: nothing goes on until a person mends certificates or passwords."""


class MediaNotAssessable(Exception):
    """The media item itself cannot be assessed: answer with ``not_assessed`` and this reason.

    Args:
        reason: the word that goes into the verdict.
        detail: one sentence for a person, without paths or secrets.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ObjectMissing(Exception):
    """The bucket no longer holds this object: there is nothing left to assess."""


class ObjectChanged(Exception):
    """The object was replaced since its event: drop this event, the newer one follows."""


class CorruptObject(PoisonMessage):
    """The bytes of a claim check do not have the size or SHA-256 that it promised."""


class DetectorUnavailable(Exception):
    """A detector cannot run here; the message names the command that mends it."""


class BrokenDetector(Exception):
    """A loaded detector failed its probe: end the process, so that a healthy one gets the partitions."""


class TooManyDeadLetters(Exception):
    """The fuse of the dead-letter path: stop the stage before it empties its input into the parking place."""
