"""Model cards, and what models remember for them."""

from .card import DRAWN, LIMITS, info_of, model_card, title_of
from .remembered import SUBJECT_SCORES, certainty_bins, interval_of, scores_to_remember
from .sampled import adapted_to, expected_share, expected_text, is_sampled

__all__ = ["DRAWN", "LIMITS", "SUBJECT_SCORES", "adapted_to", "certainty_bins",
           "expected_share", "expected_text", "info_of", "interval_of", "is_sampled", "model_card",
           "scores_to_remember", "title_of"]
