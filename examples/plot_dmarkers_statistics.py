"""
In what posed and spontaneous smiles differ
===========================================

How long, how far and how fast lips and eyelids move: effect sizes with intervals and tests by
subject, beside those published of UvA-NEMO.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from smilegenuine.datasets import make_smile_signals, measure_smile
from smilegenuine.evaluation.effects import effect_sizes
from smilegenuine.features.dmarkers import dmarkers, feature_names
from smilegenuine.people.uva_nemo_kinematics import EFFECT_SIZES
from smilegenuine.plotting import EffectSizeDisplay

# %%
# The motion of drawn people, as many as on UvA-NEMO would take longer. Some show one kind only.
smiles = make_smile_signals(120, random_state=0)
kinds = np.array(smiles.target_names)[smiles.target]

# %%
# First with the very definitions of the published figures. These are over clips, so ours are too;
# the intervals and the test are by subject in any case. Stars within the intervals say that the
# generator does what it was made for.
measured = pd.DataFrame([measure_smile(*clip) for clip in
                         zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)])
display = EffectSizeDisplay.from_table(measured[list(EFFECT_SIZES)], kinds, smiles.groups,
                                       published=EFFECT_SIZES, unit="clip", random_state=0)
plt.show()

# %%
# Then with D-Markers, which a classifier would see, from the same motion. Some measure nearly
# what a published figure does, with phases found in another way and less smoothing.
table = pd.DataFrame([dmarkers(np.stack(clip[:3], axis=1), clip[3]).ravel() for clip in
                      zip(smiles.lips, smiles.eyelids, smiles.cheeks, smiles.times, strict=True)],
                     columns=feature_names())
alike = {f"{phase}_{signal}_{marker}": EFFECT_SIZES[f"{signal}_{figure}"]
         for signal in ("lip", "eyelid") for phase, marker, figure in (
             ("onset", "duration", "onset_duration_s"), ("apex", "duration", "apex_duration_s"),
             ("offset", "duration", "offset_duration_s"),
             ("onset", "amplitude_total_increase", "onset_rise"),
             ("offset", "amplitude_total_decrease", "offset_fall"),
             ("onset", "speed_max_increase", "onset_peak_speed_per_s"),
             ("offset", "speed_max_decrease", "offset_peak_speed_per_s"),
             ("onset", "amplitude_left_right_difference", "onset_left_right_difference"))}
EffectSizeDisplay.from_table(table, kinds, smiles.groups, features=list(alike), published=alike,
                             unit="clip", random_state=0)
plt.show()

# %%
# Smiles that come on slowly are spontaneous by either measure, and the order of the effects is much
# the same for the lips. What depends on small movements, as of the eyelids and of one side against
# the other, depends on how it is measured: effect sizes of two papers can be compared only where
# their definitions are.
#
# All 225 of them, corrected for so many: how many differ, and which differ most.
found = effect_sizes(table, kinds, smiles.groups, random_state=0)
print(f"{(found['p adjusted'] < 0.05).sum()} of {len(found)} differ at a false discovery rate of "
      "5 %")
strongest = found.reindex(found["effect"].abs().sort_values(ascending=False).index)
print(strongest.head(8)[["feature", "effect", "lower", "upper", "p adjusted"]]
      .round(3).to_string(index=False))
