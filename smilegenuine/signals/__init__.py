"""Per-frame signals: how much of a smile, and which action units."""
