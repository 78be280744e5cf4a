"""Data: drawn people (`make_smiles`, `make_action_units`) and loaders of what researchers hold."""

from .smiles import make_action_units, make_smiles

__all__ = ["make_action_units", "make_smiles"]
