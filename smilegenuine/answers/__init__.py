"""From a fitted model and clips to answers: of a recording, smile by smile, or of beginnings."""

from .asking import Answer, ask
from .early_accuracy import early_accuracy
from .early_decision import EarlyDecision, early_decision
from .recordings import Decisions, RecordingAnswers, answer_recording, answer_recordings
from .smile_answers import SmileAnswer, ask_by_smile

__all__ = ["Answer", "Decisions", "EarlyDecision", "RecordingAnswers", "SmileAnswer",
           "answer_recording", "answer_recordings", "ask", "ask_by_smile", "early_accuracy",
           "early_decision"]
