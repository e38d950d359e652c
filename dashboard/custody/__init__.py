"""Facts about items in; an append-only, hash-chained record of them out, and the rules by which the rest expires."""
