"""The face finders that the founding systems brought along."""
