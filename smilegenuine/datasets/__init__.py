"""Data: drawn people, their motion alone, and loaders of what researchers hold."""

from ..features.smile_figures import measure_smile
from ..people.drawn_smiles import make_action_units, make_smiles
from ..people.sampled_kinematics import make_kinematics
from ..people.smile_signals import make_smile_signals
from ..people.uva_nemo_agreement import calibration_table
from .au_files import load_libreface, load_openface, load_pyfeat
from .auda_package import load_auda
from .bbc import load_bbc
from .landmark_files import load_landmarks
from .mmi import load_mmi
from .published import published_figures, published_rates
from .spos import load_spos
from .table import load_table
from .uva_nemo import load_uva_nemo

__all__ = [
    "calibration_table", "load_auda", "load_bbc", "load_landmarks", "load_libreface", "load_mmi",
    "load_openface", "load_pyfeat", "load_spos", "load_table", "load_uva_nemo", "make_action_units",
    "make_kinematics", "make_smile_signals", "make_smiles", "measure_smile", "published_figures",
    "published_rates",
]
