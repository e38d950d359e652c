"""Builders, fakes and real servers that tests share; one subject per file."""
