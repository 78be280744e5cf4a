"""Reports: one HTML file that needs nothing else, about clips or about an evaluation."""

from .benchmark import write_evaluation_report
from .decision import Reported, write_report

__all__ = ["Reported", "write_evaluation_report", "write_report"]
