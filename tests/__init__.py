"""The suites; never part of the wheel."""
