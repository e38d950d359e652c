"""Faults on purpose: a running pipeline in, what they cost out; ``python -m tests.chaos`` runs them."""
