"""A micro-batch is due by weight or by age, whichever comes first."""

from stream_processors.micro_batch import MicroBatch


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def a_batch(clock: Clock) -> MicroBatch[int]:
    return MicroBatch(size=10, age_s=0.5, weigh=lambda item: item, clock=clock)


def test_an_empty_batch_is_never_due():
    batch = a_batch(Clock())
    assert not batch.due
    assert batch.left_s is None
    assert batch.take() == ([], 0.0)


def test_weight_makes_a_batch_due():
    batch = a_batch(Clock())
    batch.add(4)
    assert not batch.due
    batch.add(6)
    assert batch.due


def test_the_age_of_the_first_item_makes_a_batch_due():
    clock = Clock()
    batch = a_batch(clock)
    batch.add(1)
    clock.now_s += 0.4
    batch.add(1)
    assert not batch.due
    clock.now_s += 0.2
    assert batch.due
    assert batch.left_s == 0.0


def test_a_taken_batch_keeps_its_order_and_starts_anew():
    clock = Clock()
    batch = a_batch(clock)
    batch.add(3)
    batch.add(1)
    clock.now_s += 2.0
    assert batch.take() == ([3, 1], 2.0)
    assert not batch.due
    batch.add(1)
    assert batch.left_s == 0.5
