"""
How soon a smile is decided
===========================

A model is asked about smiles while they are being smiled: what does it say after a quarter of a
second, and when is it as good as it will ever be?
"""

import matplotlib.pyplot as plt
import numpy as np

from smilegenuine import AUDASVMEnsemble, early_accuracy
from smilegenuine.datasets import make_smile_signals
from smilegenuine.plotting import EarlyAccuracyDisplay, EarlyDecisionDisplay

# %%
# Smiles in motion: action units of drawn people, known and not measured. Nothing has to be smoothed
# over time, so nothing looks ahead.
smiles = make_smile_signals(36, 4, fps=25, random_state=0)
kinds = np.array(smiles.target_names)[smiles.target]
clf = AUDASVMEnsemble(levels=("au",), cv=2)

# %%
# One smile of somebody that the model does not know. Mind the beginning: before the onset there is
# nothing to be seen, and yet the model is sure. It has learnt whole smiles; a phase that it has not
# seen is zeros to it, and what it says of zeros means nothing. Whoever asks a model early has to
# know that there is a smile at all, as `smilegenuine watch` does.
known = np.isin(smiles.groups, np.unique(smiles.groups)[:-4])
clf.fit([clip for clip, k in zip(smiles.data, known, strict=True) if k], kinds[known])
stranger = int(np.flatnonzero(~known & (kinds == "spontaneous"))[0])
EarlyDecisionDisplay.from_estimator(clf, smiles.data[stranger])

# %%
# All smiles, each by a model fitted on other people: how often it is right when it has seen so many
# seconds since the smile began; and the same with a model of its own for each moment, fitted on
# beginnings of that length.
seconds = [-0.1, 0.08, 0.16, 0.24, 0.4, 0.8, 1.6, 4.0]
table = early_accuracy(clf, smiles.data, kinds, smiles.groups, seconds=seconds, cv=3)
own = early_accuracy(clf, smiles.data, kinds, smiles.groups, seconds=[0.08, 0.16, 0.24, 0.8],
                     cv=3, fit_on="beginnings")
print(table.round(2).to_string(index=False))

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
EarlyAccuracyDisplay.from_table(table, name="fitted on whole smiles", x="seconds", ax=axis)
EarlyAccuracyDisplay.from_table(own, name="fitted on beginnings", x="seconds", ax=axis)
plt.show()

# %%
# Before the onset the model guesses, as it must. A quarter of a second later, some six frames, it
# is right about as often as it will ever be: with every later moment it gains less than the width
# of its interval. A model fitted on beginnings of that length gets there two frames
# sooner: the first frames tell already, but a model that is used to whole smiles cannot read them.
#
# What this does not say: the people are drawn, and their onsets are as different as those of
# UvA-NEMO are in the aggregate. Their action units are known here, and the beginning of the onset,
# too, is read off the whole smile. A camera adds noise, and the delay of measuring; see the guide
# to watching.
