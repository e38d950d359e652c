"""What a model owner asks: whether scores still look as they did, where detectors disagree, what is worth a label."""
