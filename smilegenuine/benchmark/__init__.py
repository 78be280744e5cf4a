"""The benchmark: published systems compared on any labelled set, published figures beside them."""

from .options import BenchmarkOptions, SystemOptions
from .result import BenchmarkResult
from .run import run_benchmark
from .sets import LabelledSet, load_labelled
from .studies import StudyResult

__all__ = ["BenchmarkOptions", "BenchmarkResult", "LabelledSet", "StudyResult", "SystemOptions",
           "load_labelled", "run_benchmark"]
