"""Data: drawn people (`make_smiles`, `make_action_units`) and loaders of what researchers hold."""

from .openface import load_openface
from .smiles import make_action_units, make_smiles
from .table import load_table

__all__ = ["load_openface", "load_table", "make_action_units", "make_smiles"]
