"""What an operator asks of the pipeline: how fast, how far behind, how many errors, since when."""
