"""The kinds of object store, one file each."""
