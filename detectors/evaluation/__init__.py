"""Score tables in, what they are worth out: metrics, their intervals, slices, figures and the report."""
