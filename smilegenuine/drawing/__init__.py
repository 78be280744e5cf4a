"""Drawn people: identities, and the picture of one moment. Knows nothing of clips."""
