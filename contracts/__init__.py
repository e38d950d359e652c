"""Agreements between packages and processes: messages, topics, settings, words, errors. Nothing here computes."""
