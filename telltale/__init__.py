"""The command ``telltale``: arguments in; scans, a supervised pipeline, and plain sentences out."""
