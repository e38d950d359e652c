"""Golden fixtures of the founding systems in, one line per comparison out."""
