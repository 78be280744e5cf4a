"""
From OpenFace to a table
========================

AUDA in somebody's own scikit-learn workflow: OpenFace CSVs in, a named table out.
"""

# %%
# A folder as OpenFace would leave it, here written from drawn smiles.
import tempfile
from pathlib import Path

import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import AU_NAMES, AUDA
from smilegenuine.datasets import load_openface, make_smiles

smiles = make_smiles(n_subjects=20, clips_per_subject=4, random_state=0)
folder = Path(tempfile.mkdtemp())
for clip, aus, times in zip(smiles.data, smiles.aus, smiles.times, strict=True):
    table = pd.DataFrame(aus, columns=[f" {au}_r" for au in AU_NAMES])
    table.insert(0, " success", 1)
    table.insert(0, " timestamp", times)
    table.to_csv(folder / f"{clip.name}.csv", index_label="frame")

# %%
# Who smiles in which file, and how, is in `labels.csv` beside them. Further columns, here the age,
# are metadata.
pd.DataFrame({"video": [clip.name for clip in smiles.data], "subject": smiles.groups,
              "label": [smiles.target_names[label] for label in smiles.target],
              "age": smiles.age}).to_csv(folder / "labels.csv", index=False)

found = load_openface(folder)
table = AUDA(level="au").set_output(transform="pandas").fit_transform(found.data)
print(table[["onset_AU12_range", "onset_AU12_adjslope27_max"]].groupby(found.target).mean())

# %%
# Any classifier; whole subjects held out.
model = make_pipeline(AUDA(level="au"), StandardScaler(), PCA(20), LogisticRegression())
scores = cross_val_score(model, found.data, found.target, groups=found.groups, cv=GroupKFold(5))
print(f"accuracy on subjects that were held out: {scores.mean():.2f} ± {scores.std():.2f}")

# %%
# Fitted on nineteen of the people, it is asked about the twentieth, and why it says so.
from smilegenuine.plotting import PhaseMapDisplay  # noqa: E402

held = found.groups == found.groups[-1]
model.fit([clip for clip, h in zip(found.data, held, strict=True) if not h], found.target[~held])
asked = [clip for clip, h in zip(found.data, held, strict=True) if h]
display = PhaseMapDisplay.from_estimator(model, asked[1], title=Path(asked[1].name).stem)
