"""What the command raises where a person, and not a programmer, can mend it; one sentence each."""


class CommandFailed(Exception):
    """Shown as one sentence on stderr; ``exit_code`` is what the shell sees."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class MissingPart(CommandFailed):
    """A program, a port or a server that this machine lacks; the sentence names the ways out."""
