"""Which runs are made, and why: cases, causes, fixes, checks, the protocol, recordings."""
