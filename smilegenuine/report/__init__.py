"""Reports: one HTML file that needs nothing else, about clips or about an evaluation."""

from .clip_report import Reported, write_report
from .evaluation_report import write_evaluation_report

__all__ = ["Reported", "write_evaluation_report", "write_report"]
