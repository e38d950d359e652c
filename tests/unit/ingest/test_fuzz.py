"""A small run of the fuzzing that `make fuzz` does at length: nothing untyped, no crash, no hang; it would notice."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from contracts.errors import PoisonMessage
from tests.fuzz import seeds
from tests.fuzz.campaign import fuzz, tried
from tests.fuzz.mutation import Mutator
from tests.fuzz.targets import Decoders, Died, opened

INPUTS = {"events": 1000, "codec": 700, "probe": 2000, "pictures": 400, "videos": 150}


@pytest.mark.parametrize("name", INPUTS)
def test_mutated_inputs_end_in_words(name: str):
    tally = fuzz(name, INPUTS[name], seed=7)
    assert tally.inputs == INPUTS[name]
    assert [found.what for found in tally.found] == []
    assert len(tally.outcomes) > 1


def test_the_same_seed_gives_the_same_inputs():
    def inputs(seed: int) -> list[bytes]:
        with opened("codec", seed) as target:
            return [target.take()[0] for _ in range(50)]

    assert inputs(1) == inputs(1)
    assert inputs(1) != inputs(2)


def test_most_inputs_are_new():
    mutator = Mutator(list(seeds.messages().values()), random.Random(1))
    assert len({mutator.next() for _ in range(300)}) > 250


def test_an_exception_that_is_not_typed_is_found():
    def untyped() -> str:
        raise KeyError("x")

    def typed_but_loose() -> str:
        raise PoisonMessage("a target answers with a word instead")

    assert tried(untyped, 10.0)[0] == "UNTYPED KeyError"
    assert tried(typed_but_loose, 10.0)[0] == "UNTYPED PoisonMessage"


def test_a_parser_that_does_not_come_back_is_found():
    def endless() -> str:
        while True:
            time.sleep(0.01)

    outcome, what = tried(endless, 0.2)
    assert outcome == "HANG"
    assert what


def test_a_decoder_that_dies_is_found_and_the_next_input_gets_another(tmp_path: Path):
    decoders = Decoders(random.Random(1), seeds.pictures(tmp_path))
    try:
        _, attempt = decoders.take()
        attempt()
        assert decoders.child is not None
        decoders.child.kill()
        with pytest.raises(Died, match="SIGKILL"):
            attempt()
        assert attempt()
    finally:
        decoders.close()


def test_a_decoder_that_falls_silent_is_found(tmp_path: Path):

    decoders = Decoders(random.Random(1), seeds.pictures(tmp_path), patience_s=120.0)
    try:
        _, attempt = decoders.take()
        attempt()
        decoders.patience_s = 0.5
        assert decoders.child is not None
        os.kill(decoders.child.pid, signal.SIGSTOP)
        assert tried(attempt, 30.0)[0] == "HANG"
        assert decoders.child is None
    finally:
        decoders.close()
