"""Train the project's own detector: portraits and footage in, weights, calibration and measured figures out."""
