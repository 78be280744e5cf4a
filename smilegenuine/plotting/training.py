"""How networks were trained, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ..classifiers.opening import fitted_parts
from .axes import several_axes
from .lettering import below, draw_legend, short_names

_TRAIN, _HELD_OUT = ("#0072B2", "-"), ("#D55E00", "--")  # Okabe & Ito
_KEPT = "0.25"
_FAR = 20.0  # losses that differ by more than this factor are drawn on a logarithmic axis


class TrainingDisplay:
    """Losses and accuracy by epoch, of each network of a model, and which epoch's weights it has.

    Make it with `from_estimator`.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        Network -> a row an epoch: `epoch`, `train_loss`, and where subjects were held out
        `valid_loss` and `valid_accuracy` (share of 1).
    kept : mapping of str to int
        Network -> the epoch whose weights were kept.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of shape (2, n_networks) of matplotlib Axes
        Losses above, accuracy below, after `plot`.
    """

    def __init__(self, histories: Mapping[str, pd.DataFrame], kept: Mapping[str, int]) -> None:
        self.histories = histories
        self.kept = kept

    @classmethod
    def from_estimator(cls, model: Any, *, axes: Any = None) -> TrainingDisplay:
        """Draw how a fitted model was trained.

        Parameters
        ----------
        model : fitted estimator
            A network of this package; a Pipeline or a search that ends in one; a `StackingFusion`,
            of which each branch that is a network is shown, and its top, if that is one.
        axes : array-like of 2 · n_networks matplotlib Axes, optional
            The losses of all networks, then the accuracies; else a new figure.

        Returns
        -------
        TrainingDisplay

        Raises
        ------
        ValueError
            Nothing in the model was trained by epochs, or the number of axes is another.
        NotFittedError
            The model is not fitted.
        ImportError
            No matplotlib.

        Notes
        -----
        The training loss has the penalty on the weights in it, and of networks with two tasks the
        second one's loss; it is the mean over an epoch in which the weights changed. The loss on
        subjects held out has neither. So the curves do not start from the same place, and one that
        lies above the other tells little; where the second one turns upwards does.
        """
        networks = networks_of(model)
        if not networks:
            raise ValueError(f"{_title(model)} was not trained by epochs, and holds no network "
                             "that was; there is no history to draw")
        histories = {name: network.history_ for name, network in networks.items()}
        kept = {name: _kept_epoch(network, histories[name]) for name, network in networks.items()}
        return cls(histories, kept).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> TrainingDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        axes : array-like of 2 · n_networks matplotlib Axes, optional
            The losses of all networks, then the accuracies.

        Returns
        -------
        self
        """
        n, own = len(self.histories), axes is None
        what = f"{2 * n}, for the losses and the accuracies of {', '.join(self.histories)}"
        row, self.figure_ = several_axes(
            axes, 2, n, what, figsize=(1.2 + 3.0 * n + 0.8 * (n == 1), 4.4), sharex="col",
            height_ratios=(1.5, 1))
        self.axes_ = row.reshape(2, n)
        legend: dict[str, Any] = {}
        titles = short_names(list(self.histories), 26)
        for column, title, (name, history) in zip(self.axes_.T, titles, self.histories.items(),
                                                  strict=True):
            # Of a name, the first one's look: that of a single epoch is another.
            legend = self._draw_losses(column[0], history, self.kept[name], title) | legend
            self._draw_accuracy(column[1], history, self.kept[name])
        self.axes_[0, 0].set_ylabel("loss")
        self.axes_[1, 0].set_ylabel("accuracy (%)")
        where = {"loc": "outside lower center", "ncols": 2 if n == 1 else 3} if own else \
            {"ncols": 1, **below(self.axes_[1, 0])}
        draw_legend(self.figure_ if own else self.axes_[1, 0], list(legend.values()), list(legend),
                    fontsize="small", **{"frameon": False, **where})
        return self

    def _draw_losses(self, ax: Any, history: pd.DataFrame, kept: int, title: str
                     ) -> dict[str, Any]:
        legend = {}
        for label, column, (colour, style) in (("training, with penalty", "train_loss", _TRAIN),
                                               ("subjects held out", "valid_loss", _HELD_OUT)):
            if column in history:
                # One epoch is a point, which a line does not show.
                legend[label], = ax.plot(history["epoch"], history[column], color=colour,
                                         linestyle=style, linewidth=1.6,
                                         marker="." if len(history) < 3 else "")
        judged = "valid_loss" if "valid_loss" in history else "train_loss"
        at = history.loc[history["epoch"] == kept, judged]
        ax.axvline(kept, color=_KEPT, linestyle=":", linewidth=1.0, zorder=0)
        mark, = ax.plot([kept] * len(at), at, "o", color="white", markeredgecolor=_KEPT,
                        markeredgewidth=1.5, markersize=7, zorder=3)
        losses = history[[c for c in ("train_loss", "valid_loss") if c in history]].to_numpy(float)
        if np.nanmin(losses) > 0.0 and np.nanmax(losses) > _FAR * np.nanmin(losses):
            ax.set_yscale("log")  # else one of the curves is flat at the bottom
        ax.set_title(f"{title}\nepoch {kept} of {len(history)} is kept", fontsize="medium",
                     parse_math=False)
        return {**legend, "weights that are kept": mark}

    def _draw_accuracy(self, ax: Any, history: pd.DataFrame, kept: int) -> None:
        from matplotlib.ticker import MaxNLocator

        ax.axvline(kept, color=_KEPT, linestyle=":", linewidth=1.0, zorder=0)
        if "valid_accuracy" in history:
            ax.plot(history["epoch"], history["valid_accuracy"], color=_HELD_OUT[0],
                    linestyle=_HELD_OUT[1], linewidth=1.6, marker="." if len(history) < 3 else "")
            ax.axhline(0.5, color="0.6", linewidth=0.6, zorder=0)
        else:
            ax.text(0.5, 0.5, "no subjects were held out", ha="center", va="center",
                    fontsize="small", transform=ax.transAxes,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})
        ax.set(xlabel="epoch", ylim=(-0.04, 1.04), yticks=(0.0, 0.5, 1.0),
               xlim=(0.5, len(history) + 0.5))
        ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))


def networks_of(model: Any, name: str | None = None) -> dict[str, Any]:
    """Find the fitted networks in a model, under any wrapper.

    Parameters
    ----------
    model : fitted estimator
    name : str, optional
        What to call it if it is one; else its class's name.

    Returns
    -------
    dict of str to estimator
        Branches of a fusion by their names, ``fusion.branch`` where one lies within another.
    """
    if isinstance(model, type) or not hasattr(model, "fit"):
        raise TypeError(f"model must be a fitted estimator, not {model!r}")
    check_is_fitted(model)
    networks: dict[str, Any] = {}
    for path, part in fitted_parts(model, deciding=True):
        if hasattr(part, "history_"):
            called = [name or _title(part)] if not path else \
                [*([] if name is None else [name]), *path]
            networks.setdefault(".".join(called), part)
    return networks


def _title(model: Any) -> str:
    return type(model).__name__.removesuffix("Classifier")


def _kept_epoch(network: Any, history: pd.DataFrame) -> int:
    """The best epoch of early stopping (of equals the first), else the last one."""
    stopped = getattr(network, "patience", None) is not None and "valid_loss" in history
    if stopped and history["valid_loss"].notna().any():
        return int(history["epoch"].iloc[int(np.nanargmin(history["valid_loss"]))])
    return int(history["epoch"].iloc[-1])
