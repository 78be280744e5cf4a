"""Descriptors of a clip: what a classifier sees."""
