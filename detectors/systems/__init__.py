"""The founding systems: their networks under the published tensor names, and their rules as pure functions."""
