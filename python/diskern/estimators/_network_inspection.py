"""Looking inside a trained graph of layers: what layers give, what they learned, what an output depends on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._near_misses import near_misses

InvalidArgument = _core.InvalidArgument

_BLOCK = 256  # events whose gradients are computed at once


class NetworkInspection:
    """Methods of estimators whose model is a graph of layers."""

    predictor_: Any

    def _inspected(self) -> _core.GraphPredictor:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        predictor = self.predictor_
        if not isinstance(predictor, _core.GraphPredictor):
            raise InvalidArgument(
                f"{type(self).__name__} was trained without layers=; only graphs of layers show theirs"
            )
        return predictor

    def _inspected_events(self, X: Any) -> NDArray[np.float32]:
        raise NotImplementedError

    def _inspected_layer(self, layer: str) -> int:
        names = [one["name"] for one in self._inspected().graph.describe()["layers"]]
        if layer not in names:
            raise InvalidArgument(f"no layer {layer!r}{near_misses(str(layer), names)} (layers: {', '.join(names)})")
        return names.index(layer)

    def layer_names(self) -> list[str]:
        """Names of the layers of the model, in the order in which they are first used."""
        return [one["name"] for one in self._inspected().graph.describe()["layers"]]

    def layer_weights(self, layer: str) -> dict[str, NDArray[np.float32]]:
        """What a layer learned.

        Parameters
        ----------
        layer : str
            See :meth:`layer_names`.

        Returns
        -------
        dict of float32 arrays by their names; 'weights' of a 2-D convolution: (rows, columns, channels, maps)
        """
        self._inspected_layer(layer)
        predictor = self._inspected()
        values = np.asarray(predictor.parameters)
        return {
            one["name"]: values[one["offset"] : one["offset"] + int(np.prod(one["shape"]))].reshape(one["shape"])
            for one in predictor.graph.parameters
            if one["layer"] == layer
        }

    def feature_maps(self, X: Any, layer: str, use: int = 0) -> NDArray[np.float32]:
        """What a layer gives for events, everything random switched off.

        Parameters
        ----------
        X : as in ``fit``
        layer : str
            See :meth:`layer_names`.
        use : int
            Of a layer that the graph uses several times: which one.

        Returns
        -------
        float32 array of shape (events, *shape of what the layer gives)
        """
        place = self._inspected_layer(layer)
        graph = self._inspected().graph
        description = graph.describe()
        nodes = [i for i, node in enumerate(description["nodes"]) if node["layer"] == place]
        if isinstance(use, bool) or not isinstance(use, int | np.integer) or not 0 <= use < len(nodes):
            raise InvalidArgument(f"use must be a number from 0 to {len(nodes) - 1}, got {use!r}")
        value = len(description["inputs"]) + nodes[use]
        events = self._inspected_events(X)
        maps: NDArray[np.float32] = self._inspected().values(events, value)
        return maps.reshape(len(events), *graph.shapes[value])

    def input_gradients(self, X: Any, output: int = 0) -> Any:
        """Derivatives of one number that the network gives with respect to what an event brings along: its saliency.

        The number is the one before sigmoid or softmax, whose derivatives would vanish where the network is sure.

        Parameters
        ----------
        X : as in ``fit``
        output : int
            Counted over all numbers of all outputs; of a classifier of three or more classes: the class.

        Returns
        -------
        float32 array of shape (events, *shape of the input); a list of them for several inputs
        """
        predictor = self._inspected()
        graph = predictor.graph
        if isinstance(output, bool) or not isinstance(output, int | np.integer) or not 0 <= output < graph.output_count:
            raise InvalidArgument(f"output must be a number from 0 to {graph.output_count - 1}, got {output!r}")
        events = self._inspected_events(X)
        parameters = predictor.parameters.astype(np.float64)
        parts = []
        for first in range(0, len(events), _BLOCK):
            block = events[first : first + _BLOCK].astype(np.float64)
            slopes = np.zeros((len(block), graph.output_count))
            slopes[:, output] = 1.0
            parts.append(_core.graph_gradients(graph, parameters, block, slopes)[2].astype(np.float32))
        gradients = np.concatenate(parts)
        results = []
        column = 0
        for i in range(len(graph.describe()["inputs"])):
            shape = graph.shapes[i]
            size = int(np.prod(shape))
            results.append(gradients[:, column : column + size].reshape(len(events), *shape))
            column += size
        return results[0] if len(results) == 1 else results
