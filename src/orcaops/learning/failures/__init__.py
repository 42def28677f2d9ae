"""Why runs fail: masked lines, events, causes, signatures, and the knowledge of known failures."""
