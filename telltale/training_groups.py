"""A command line with or without the name of a subcommand in; the same line with it out."""

from typing import Any

from typer.core import TyperGroup

HELP = ("-h", "--help")


class FallsBack(TyperGroup):
    """A group in which words that name no subcommand go to the one called ``fallback``.

    ``needs_words`` shows the help where no words are given; otherwise the fallback runs then too.
    """

    fallback: str
    needs_words: bool

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [word for word in args if not word.startswith("-")]
        asks_for_help = not words and any(word in HELP for word in args)
        if not asks_for_help and (args or not self.needs_words) and not (args and args[0] in self.commands):
            args = [self.fallback, *args]
        return super().parse_args(ctx, args)


class TrainGroup(FallsBack):
    """``telltale train CONFIG`` is ``telltale train run CONFIG``."""

    fallback, needs_words = "run", True


class RunsGroup(FallsBack):
    """``telltale runs`` is ``telltale runs list``."""

    fallback, needs_words = "list", False
