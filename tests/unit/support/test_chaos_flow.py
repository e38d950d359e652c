"""How long a stage took to go on is counted from when a partition had work, and is unknown while one waits."""

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


def test_the_slowest_partition_counts_from_when_it_had_work():
    assert a_flow().recovery_s(11.0) == 5.0
    assert a_flow().recovery_s(22.0) == 3.0


def test_a_partition_without_work_does_not_count_unless_each_has_to_go_on():
    assert a_flow().recovery_s(13.0) == 5.0
    assert a_flow().recovery_s(13.0, everywhere=True) is None


def test_it_is_unknown_while_a_partition_waits_or_nobody_had_work():
    flow = a_flow()
    flow.arrive(2, 26.0, ("third",))
    assert flow.recovery_s(11.0) is None
    assert a_flow().recovery_s(30.0) is None
