"""The record that travels, the door for recordings, and what all steps share."""
