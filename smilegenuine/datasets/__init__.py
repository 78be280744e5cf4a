"""Data: drawn people, their motion alone, and loaders of what researchers hold."""

from .calibration import calibration_table
from .measures import measure_smile
from .openface import load_openface
from .smile_signals import make_smile_signals
from .smiles import make_action_units, make_smiles
from .table import load_table

__all__ = [
    "calibration_table", "load_openface", "load_table", "make_action_units", "make_smile_signals",
    "make_smiles", "measure_smile",
]
