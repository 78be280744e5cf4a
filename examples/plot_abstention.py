"""
Sure, or cannot tell
====================

Probabilities of strangers' smiles before and after calibration, and a classifier that says "cannot
tell" unless the chance of an error is as small as one likes it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import AUDA
from smilegenuine.certainty.abstention import abstention_scores
from smilegenuine.certainty.calibration import CalibratedSystem
from smilegenuine.certainty.conformal import SubjectConformalClassifier
from smilegenuine.datasets import make_smile_signals
from smilegenuine.plotting import AbstentionDisplay, ReliabilityDisplay

# %%
# Signals of 120 drawn people, four smiles each, and what AUDA measures of them.
smiles = make_smile_signals(120, 4, fps=12.5, random_state=0)
table = AUDA().fit_transform(smiles.data)
y, subjects = np.array(smiles.target_names)[smiles.target], smiles.groups
known = np.isin(subjects, np.unique(subjects)[:60])

# %%
# A model with more features than clips is too sure: of the strangers' smiles that it all but rules
# out as spontaneous, a fifth are. Calibrated on subjects held out inside its training data it is
# rather too modest, as the model that decides has learnt from more people than those of the folds.
model = make_pipeline(StandardScaler(), LogisticRegression())
calibrated = CalibratedSystem(model).fit(table[known], y[known], groups=subjects[known])
display = None
for name, system in (("as trained", model.fit(table[known], y[known])), ("calibrated", calibrated)):
    display = ReliabilityDisplay.from_estimator(system, table[~known], y[~known], name=name,
                                                groups=subjects[~known],
                                                ax=None if display is None else display.axes_)

# %%
# Of each fold's training subjects, 40 % are kept from the model. How far it errs with them sets how
# sure it has to be. Each person is asked about once.
p_values = np.empty((len(y), 2))
line = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
for train, test in GroupKFold(4).split(table, y, subjects):
    careful = SubjectConformalClassifier(line, error_rate=0.1, holdout=0.4, random_state=0)
    careful.fit(table[train], y[train], groups=subjects[train])
    p_values[test] = careful.p_values(table[test])
    decided = careful.decide(table[test])
print(f"In the last fold, {careful.n_calibration_subjects_[0]} people were held out.")
print(abstention_scores(y[test], decided, groups=subjects[test]).round(2))

# %%
# All folds together: what is promised is the share decided wrongly of each class. The share of
# errors among those decided is larger.
AbstentionDisplay.from_p_values(y, p_values, groups=subjects, smallest=careful.smallest_error_rate_)
plt.show()
