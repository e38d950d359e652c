"""Runs in folders: their records, the right to write there, lists of them, and searches over their settings."""
