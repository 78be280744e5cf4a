"""A model asked about a smile while it is being smiled, frame by frame."""

from .live_decision import LiveDecision, LiveMoment, LiveSmile

__all__ = ["LiveDecision", "LiveMoment", "LiveSmile"]
