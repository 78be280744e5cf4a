"""Estimators that decide: posed or spontaneous."""
