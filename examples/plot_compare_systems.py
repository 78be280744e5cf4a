"""
Systems side by side
====================

The paper's table in small: systems on the same folds by subject, with intervals and tests that know
that folds share their training clips, and three pictures of it.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import AUDA, AUDASVMEnsemble, evaluate, make_system
from smilegenuine.datasets import make_smile_signals, published_figures
from smilegenuine.plotting import ConfusionDisplay, FoldScoresDisplay, RocDisplay
from smilegenuine.systems.named_systems import set_networks

# %%
# Signals without pictures: the motion of drawn people, as an action-unit tool would report it. A
# network of the paper, support vector machines on the same features, and logistic regression.
smiles = make_smile_signals(30, 4, fps=25, random_state=0)
systems = {
    "auda-au": set_networks(make_system("auda-au", random_state=0), max_epochs=8),
    "auda-svm": AUDASVMEnsemble(levels=("au",)),
    "logistic regression": make_pipeline(AUDA(level="au"), StandardScaler(),
                                         LogisticRegression(C=0.01, max_iter=2000)),
}
found = evaluate(systems, smiles.data, smiles.target, smiles.groups, cv=5)
print(found.to_markdown(reference="auda-svm"))

# %%
# Fold by fold. Lines join the same fold: along them the t-test compares systems. Beside
# the one system that the paper has stands its published figure. That is of people and these are
# drawn: the picture shows how to lay them side by side, and no more.
FoldScoresDisplay.from_evaluation(found, published=published_figures("uva-nemo"))
plt.show()

# %%
# What other thresholds would give. Bands are the spread of the folds.
RocDisplay.from_evaluation(found, display_labels=smiles.target_names)
plt.show()

# %%
# And which kind is taken for which, over all folds.
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis, name in zip(axes, systems, strict=True):
    ConfusionDisplay.from_evaluation(found, name, display_labels=smiles.target_names, ax=axis)
plt.show()
