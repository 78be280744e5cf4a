"""Pixels to geometry: the face of a clip, upright and always in the same place."""
