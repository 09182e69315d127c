"""SHAP values: the score of each event split exactly among the variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._core import InvalidArgument
from .._validation import check_weights
from ..evaluation._arguments import positive_sum
from .importance import Importance
from .subject import Events, Floats, subject


@dataclass(frozen=True)
class ShapValues:
    """The Shapley values of the variables for the scores of events.

    Attributes
    ----------
    values : float64 array of shape (events, outputs, variables)
    base_value : float64 array of shape (outputs,)
        The expected score. ``base_value + values.sum(axis=2)`` is the score of the events before the link (logit of the
        probability, TMVA's boosted sum before it is squeezed into (-1, 1), ...).
    events : float32 array of shape (events, variables)
        The variables as the trees see them: after the transformations of the method.
    weight : float64 array of shape (events,)
    variables : names
    outputs : names
    interventional : whether a background sample stood in for the absent variables
    interactions : float64 array of shape (events, outputs, variables, variables), or None where they were not asked for
        Symmetric; off the diagonal each half of the interaction of a pair, and every row adds up to the value of its
        variable.
    """

    values: Floats
    base_value: Floats
    events: Events
    weight: Floats
    variables: tuple[str, ...]
    outputs: tuple[str, ...]
    interventional: bool
    interactions: Floats | None = None

    @property
    def scores(self) -> Floats:
        """The score of each event before the link, float64 of shape (events, outputs)."""
        total: Floats = self.values.sum(axis=2) + self.base_value
        return total

    def of(self, output: str | int = 0) -> Floats:
        """The values for one output, float64 of shape (events, variables)."""
        place = self.outputs.index(output) if isinstance(output, str) and output in self.outputs else output
        if isinstance(place, bool) or not isinstance(place, int | np.integer) or not 0 <= place < len(self.outputs):
            raise InvalidArgument(f"output must be one of {', '.join(self.outputs)} or its number, got {output!r}")
        chosen: Floats = self.values[:, place, :]
        return chosen

    def importance(self, output: str | int = 0) -> Importance:
        """The weighted mean of the absolute values, with the standard error of that mean over the events.

        Negative weights count with their sign.
        """
        size = np.abs(self.of(output))
        total = positive_sum(self.weight, "explained")
        mean = self.weight @ size / total
        error = np.sqrt((self.weight**2) @ (size - mean) ** 2) / total
        return Importance(
            "Mean absolute SHAP value", self.variables, mean, error, float("nan"), np.empty((len(mean), 0))
        )


def shap_values(
    model: Any,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    background: Any = None,
    background_weight: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    interactions: bool = False,
    threads: int = 0,
) -> ShapValues:
    """Exact Shapley values of forests (TreeSHAP).

    Parameters
    ----------
    model : estimator over trees, Model, method of a Factory or forest
    X : array-like of shape (events, variables), or a data frame
        Events to explain, in the variables of the method before any transformation. NaN is missing, as in the forest.
    sample_weight : array-like of shape (events,), optional
        Kept with the result, for its importance and plots. The values of an event do not depend on it.
    background : array-like of shape (background events, variables), optional
        Without it the values are path-dependent: a variable that is left out follows the weights of the training events
        in the nodes. With it they are interventional: it takes the values of the background events, as if it were
        independent of the others.
    background_weight : array-like of shape (background events,), optional
        Weights of the background events; their sum must be positive. Negative ones count with their sign.
    labels : sequence of str, optional
        Names of the variables, where the method knows none.
    interactions : bool
        Also split the values among pairs of variables (path-dependent only). The result has the square of the number
        of variables per event and output.
    threads : int
        0 takes all that the process may use. The values do not depend on it.

    Returns
    -------
    ShapValues

    Raises
    ------
    InvalidArgument
        No forest; a forest that is no sum or mean of trees (AdaBoostR2) or cuts on linear combinations (Fisher cuts);
        without background one that does not know the weights of its nodes, or has negative ones; shapes.

    Notes
    -----
    The game is that of Lundberg et al., Nature Machine Intelligence 2 (2020) 56, Algorithm 2 (path-dependent) and 3
    (interventional). The computation is Diskern's own: Shapley values of a leaf as an integral over one parameter, by a
    Gauss-Legendre rule that is exact for it, tabulated over the outcomes of a few cuts at a time. TMVA's preselection
    cuts (``DoPreselection``) are no trees and not part of the values.
    """
    seen = subject(model, labels)
    forest = seen.trees()
    events = seen.transformed(seen.read(X))
    weight = check_weights(sample_weight, len(events)) if len(events) else np.empty(0)
    if background is None:
        if background_weight is not None:
            raise InvalidArgument("background_weight was given without background")
        explainer = _core.TreeExplainer(forest)
    else:
        sample = seen.transformed(seen.read(background))
        explainer = _core.TreeExplainer(
            forest, sample, check_weights(background_weight, len(sample), name="background_weight"), threads=threads
        )
    values: NDArray[np.float64] = explainer.explain(events, threads=threads)
    outputs = seen.outputs if len(seen.outputs) == values.shape[1] else tuple(map(str, range(values.shape[1])))
    transformed = seen.chain is not None and not seen.chain.empty
    names = tuple(f"{label} (transformed)" for label in seen.labels) if transformed else seen.labels
    pairs = explainer.explain_interactions(events, threads=threads) if interactions else None
    return ShapValues(values, explainer.base_value, events, weight, names, outputs, background is not None, pairs)
