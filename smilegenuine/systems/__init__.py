"""Whole systems: by name, fused, pretrained, adapted, saved."""
