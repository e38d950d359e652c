"""Mutation fuzzing of what reads foreign bytes: event parsers, message codec, sniffing, picture and video decoders."""
