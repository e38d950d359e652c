"""From an uploaded object to face crops: watched bucket, canonical event, decoding, faces; no Faust, no detector."""
