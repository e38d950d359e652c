"""How long a stage took to go on is counted from when it had work, and is unknown while that waits."""

from tests.chaos.watch import Flow


def a_flow() -> Flow:
    """Partition 0 worked at 12 s; partition 1 got its work at 20 s and finished it at 25 s."""
    flow = Flow()
    flow.arrive(0, 10.0, ("first",))
    flow.put_out(0, 12.0)
    flow.finish(("first",), 12.0)
    flow.arrive(1, 20.0, ("second",))
    flow.put_out(1, 25.0)
    flow.finish(("second",), 25.0)
    return flow


def test_the_first_output_counts_from_when_there_was_work():
    assert a_flow().recovery_s(11.0) == 1.0
    assert a_flow().recovery_s(13.0) == 5.0
    assert a_flow().recovery_s(22.0) == 3.0


def test_each_partition_counts_where_each_was_hit():
    assert a_flow().recovery_s(11.0, everywhere=True) == 5.0
    assert a_flow().recovery_s(13.0, everywhere=True) is None


def test_it_is_unknown_while_work_waits_or_there_is_none():
    flow = a_flow()
    assert flow.recovery_s(30.0) is None
    flow.arrive(0, 31.0, ("third",))
    assert flow.recovery_s(30.0) is None
    assert flow.recovery_s(11.0, everywhere=True) == 5.0
