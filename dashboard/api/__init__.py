"""Requests over HTTP in; what the read model knows out, and what people submit into the watched bucket."""
