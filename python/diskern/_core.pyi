# Written by tools/make_stubs.py from the built extension. Do not edit.
# fmt: off
# ruff: noqa
"""
Kernels of diskern. Private: use the classes of the package.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
import typing_extensions
__all__: list[str] = ['Activation', 'AdaBoostLoss', 'AdaBoostParams', 'AdaBoostResult', 'AdversarialFit', 'AdversarialParams', 'Aggregation', 'AnnealingParams', 'Averaging', 'BoostTransform', 'Boosted', 'BoostingMode', 'Cancellation', 'Categories', 'ClusterFractions', 'Committee', 'CommitteeScale', 'CovarianceKind', 'Criterion', 'CutSide', 'Cuts', 'CutsEfficiency', 'CutsFitter', 'CutsParams', 'CutsVariable', 'Density', 'DensitySettings', 'DescentParams', 'DeviceBuffer', 'DeviceError', 'DiscriminantResult', 'DlpackTensor', 'Error', 'Expression', 'FisherMethod', 'FisherParams', 'FlatnessParams', 'Foam', 'FoamKernel', 'FoamKind', 'FoamParams', 'FoamSplit', 'FoamTarget', 'FoldRule', 'FoldsPredictor', 'Forest', 'FormatError', 'Formula', 'FormulaFitter', 'FormulaLoss', 'FormulaParams', 'FormulaResult', 'GeneticParams', 'GradientBoostingParams', 'GradientBoostingResult', 'Graph', 'GraphFit', 'GraphParams', 'GraphPredictor', 'HMatrixParams', 'InputFunction', 'Interpolation', 'InvalidArgument', 'KMeansBoundsUse', 'KMeansPoints', 'KMeansPredictor', 'KMeansSeeding', 'KMeansStop', 'KernelBorder', 'KernelTemperature', 'KernelWidth', 'LikelihoodDensity', 'LikelihoodParams', 'LikelihoodResult', 'Linear', 'LinearDiscriminantParams', 'LinearFitParams', 'LinearFitResult', 'LinearLoss', 'LinearSolver', 'Link', 'LossKind', 'Metric', 'MiniBatchStop', 'Mixture', 'MixturePredictor', 'Model', 'MonteCarloParams', 'NegativeWeights', 'NeighbourWeight', 'Neighbours', 'NeighboursPredictor', 'Network', 'NetworkArithmetic', 'NetworkFit', 'NetworkInitialisation', 'NetworkLoss', 'NetworkOutput', 'NetworkParams', 'NetworkSolver', 'OptimizerKind', 'Predictor', 'Projection', 'RandomForestParams', 'RandomForestResult', 'RangeKernel', 'RangeSearchParams', 'ResponseDensities', 'ResponseDensityParams', 'RuleFitParams', 'RuleFitResult', 'RuleForest', 'RuleModel', 'Rules', 'ScheduleKind', 'SearchOrder', 'Singular', 'SvmKernel', 'SvmParams', 'SvmResult', 'TmvaAdaBoostR2Loss', 'TmvaAnalysis', 'TmvaBoostType', 'TmvaForestParams', 'TmvaForestResult', 'TmvaNegWeights', 'TmvaNeighboursParams', 'TmvaPruneMethod', 'TmvaRegressionLoss', 'TmvaSeparation', 'TransformationChain', 'TreeExplainer', 'UBoostParams', 'UBoostResult', 'ValidationMetric', 'VolumeMode', 'Votes', 'available_threads', 'cuda_devices', 'cuda_status', 'device_of', 'evaluate_mixture', 'evaluate_on_device', 'factors_of_precisions', 'find_bin_edges', 'fit_ada_boost', 'fit_adversarial', 'fit_clue', 'fit_cuts', 'fit_dbscan', 'fit_dbscan_events', 'fit_dbscan_on_device', 'fit_fisher', 'fit_flat_gradient_boosting', 'fit_foam', 'fit_formula', 'fit_gradient_boosting', 'fit_graph', 'fit_graph_stream', 'fit_hmatrix', 'fit_kmeans_on_device', 'fit_likelihood', 'fit_linear', 'fit_linear_discriminant', 'fit_logistic', 'fit_mini_batches', 'fit_mixture', 'fit_network', 'fit_random_forest', 'fit_response_densities', 'fit_rules', 'fit_svm', 'fit_svm_regression', 'fit_tmva_forest', 'fit_tmva_neighbours', 'fit_uboost', 'flatness', 'graph_gradients', 'graph_seconds', 'instruction_set', 'link_responses', 'load_model', 'make_range_search', 'mean_variance_on_device', 'mini_batch_step', 'mixture_of', 'model_from_bytes', 'moments', 'neighbor_flatness', 'partial_dependence', 'predict_kmeans', 'predict_kmeans_on_device', 'protected_bins', 'random_order', 'raw_scores', 'seed_kmeans_on_device', 'select_on_device', 'silhouettes', 'singular_values', 'split_label', 'start_parameters', 'supported_instruction_sets', 'symmetric_eigen', 'synchronize_device', 'tmva_poisson', 'transform_kmeans', 'tree_answers']
class Error(Exception):
    pass
class InvalidArgument(Error, ValueError):
    pass
class FormatError(Error, ValueError):
    pass
class DeviceError(Error, RuntimeError):
    pass
class Predictor:
    """
    A trained method, immutable.
    """
    def evaluate(self, events: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
        """
        Responses, float64 of shape (events, outputs), of float32 or float64 events of shape (events, variables).
        """
    @property
    def input_count(self) -> int:
        ...
    @property
    def kind(self) -> str:
        ...
    @property
    def output_count(self) -> int:
        ...
class Cancellation:
    """
    Ends work on other threads as Ctrl-C does that of the main thread.
    """
    @staticmethod
    def unwatch() -> None:
        """
        Work of the calling thread looks at none.
        """
    def __init__(self) -> None:
        ...
    def cancel(self) -> None:
        ...
    def watch(self) -> None:
        """
        Work of the calling thread looks at this one from now on.
        """
    @property
    def cancelled(self) -> bool:
        ...
class Expression:
    """
    A parsed expression of columns.
    """
    def __getstate__(self) -> str:
        ...
    def __init__(self, text: str) -> None:
        ...
    def __setstate__(self, arg0: str) -> None:
        ...
    def evaluate(self, columns: dict[str, typing.Any], events: typing.SupportsInt | typing.SupportsIndex | None = None) -> numpy.typing.NDArray[numpy.float64]:
        """
        float64 values, one per event.
        """
    def evaluate_cut(self, columns: dict[str, typing.Any], events: typing.SupportsInt | typing.SupportsIndex | None = None) -> numpy.typing.NDArray[numpy.bool]:
        """
        Which events have a value >= 0.5; NaN has not.
        """
    def evaluate_event(self, columns: dict[str, typing.Any], event: typing.SupportsInt | typing.SupportsIndex) -> float:
        """
        One event by the single-event evaluator.
        """
    def evaluate_exact(self, columns: dict[str, typing.Any], events: typing.SupportsInt | typing.SupportsIndex | None = None) -> numpy.typing.NDArray[typing.Any]:
        """
        bool, int64 or float64 values, as the expression is typed.
        """
    def evaluate_values(self, values: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> float:
        """
        One event from float64 values of inputs, as a C++ caller has them.
        """
    @property
    def inputs(self) -> list[str]:
        ...
    @property
    def text(self) -> str:
        ...
    @property
    def variables(self) -> list[str]:
        """
        Names of the columns that are read, in order.
        """
class Linear(Predictor):
    """
    A linear model: constant plus a sum of coefficient times variable, per output.
    """
    def __init__(self, coefficients: numpy.typing.NDArray[typing.Any]) -> None:
        """
        From float64 coefficients of shape (outputs, 1 + inputs), the constant first.
        """
    @property
    def coefficients(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        float64, shape (outputs, 1 + inputs), the constant first.
        """
class FisherMethod:
    """
    Which matrix Fisher inverts.

    Members:

      fisher

      mahalanobis
    """
    __members__: typing.ClassVar[dict[str, FisherMethod]]
    fisher: typing.ClassVar[FisherMethod]
    mahalanobis: typing.ClassVar[FisherMethod]
    @typing.overload
    def __eq__(self, other: FisherMethod) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FisherMethod) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Singular:
    """
    What to do with constant or collinear variables.

    Members:

      error

      floor
    """
    __members__: typing.ClassVar[dict[str, Singular]]
    error: typing.ClassVar[Singular]
    floor: typing.ClassVar[Singular]
    @typing.overload
    def __eq__(self, other: Singular) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Singular) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FisherParams:
    method: FisherMethod
    singular: Singular
    def __init__(self) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class LinearDiscriminantParams:
    classification: bool
    singular: Singular
    def __init__(self) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class DiscriminantResult:
    @property
    def background_mean(self) -> float:
        ...
    @property
    def background_variance(self) -> float:
        ...
    @property
    def background_weight(self) -> float:
        ...
    @property
    def predictor(self) -> Linear:
        ...
    @property
    def ranking(self) -> list[float]:
        ...
    @property
    def signal_mean(self) -> float:
        ...
    @property
    def signal_variance(self) -> float:
        ...
    @property
    def signal_weight(self) -> float:
        ...
    @property
    def singular(self) -> list[str]:
        ...
class TransformationChain:
    """
    Fitted input transformations of a method.
    """
    @staticmethod
    def fit(definition: str, columns: numpy.typing.NDArray[typing.Any], n_targets: typing.SupportsInt | typing.SupportsIndex, weight: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], class_names: collections.abc.Sequence[str], labels: collections.abc.Sequence[str]) -> TransformationChain:
        """
        Fits TMVA's VarTransform string on float32 columns (events, variables + targets).
        """
    @staticmethod
    def from_statistics(n_variables: typing.SupportsInt | typing.SupportsIndex, n_targets: typing.SupportsInt | typing.SupportsIndex, steps: collections.abc.Sequence[dict[str, typing.Any]]) -> TransformationChain:
        """
        Builds a chain from steps as `steps` returns them (matrices as flat lists).
        """
    def apply(self, events: numpy.typing.NDArray[typing.Any], class_index: typing.SupportsInt | typing.SupportsIndex = -1) -> numpy.typing.NDArray[numpy.float32]:
        """
        Transformed float32 variables, shape (events, variables).
        """
    def apply_columns(self, columns: numpy.typing.NDArray[typing.Any], class_index: typing.SupportsInt | typing.SupportsIndex = -1) -> numpy.typing.NDArray[numpy.float32]:
        """
        Transformed float32 variables and targets.
        """
    def describe(self) -> str:
        ...
    def invert_targets(self, targets: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.float64]:
        """
        float64 targets (events, targets) in their own units.
        """
    @property
    def empty(self) -> bool:
        ...
    @property
    def steps(self) -> list[typing.Any]:
        ...
    @property
    def target_count(self) -> int:
        ...
    @property
    def variable_count(self) -> int:
        ...
class Aggregation:
    """
    How the trees of a forest make one response.

    Members:

      sum

      weighted_mean

      weighted_median

      median_leaf
    """
    __members__: typing.ClassVar[dict[str, Aggregation]]
    median_leaf: typing.ClassVar[Aggregation]
    sum: typing.ClassVar[Aggregation]
    weighted_mean: typing.ClassVar[Aggregation]
    weighted_median: typing.ClassVar[Aggregation]
    @typing.overload
    def __eq__(self, other: Aggregation) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Aggregation) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Link:
    """
    What is applied to the aggregated response.

    Members:

      identity

      tmva_gradient

      logistic

      softmax

      exponential

      normalised_logistic
    """
    __members__: typing.ClassVar[dict[str, Link]]
    exponential: typing.ClassVar[Link]
    identity: typing.ClassVar[Link]
    logistic: typing.ClassVar[Link]
    normalised_logistic: typing.ClassVar[Link]
    softmax: typing.ClassVar[Link]
    tmva_gradient: typing.ClassVar[Link]
    @typing.overload
    def __eq__(self, other: Link) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Link) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Forest(Predictor):
    """
    A trained forest, immutable.
    """
    def __init__(self, n_features: typing.SupportsInt | typing.SupportsIndex, trees: collections.abc.Sequence[dict[str, typing.Any]], tree_weight: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] | None = None, n_outputs: typing.SupportsInt | typing.SupportsIndex = 1, base_score: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] | None = None, aggregation: Aggregation = Aggregation.sum, link: Link = Link.identity) -> None:
        """
        A forest of trees given as dictionaries of arrays, as tree(i) returns them.
        """
    def leaf_index(self, events: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.int32]:
        """
        Index of the leaf that each event reaches, int32 of shape (events, trees).
        """
    def tree(self, index: typing.SupportsInt | typing.SupportsIndex) -> dict[str, typing.Any]:
        """
        The arrays of one tree as a dictionary; unknown ones are empty.
        """
    @property
    def aggregation(self) -> Aggregation:
        ...
    @property
    def base_score(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def link(self) -> Link:
        ...
    @property
    def preselection(self) -> list[typing.Any]:
        """
        TMVA's DoPreselection: tuples (variable, value, matches below, is signal).
        """
    @property
    def tree_count(self) -> int:
        ...
    @property
    def tree_weight(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
class TmvaAnalysis:
    """
    Members:

      Classification

      Regression

      Multiclass
    """
    Classification: typing.ClassVar[TmvaAnalysis]
    Multiclass: typing.ClassVar[TmvaAnalysis]
    Regression: typing.ClassVar[TmvaAnalysis]
    __members__: typing.ClassVar[dict[str, TmvaAnalysis]]
    @typing.overload
    def __eq__(self, other: TmvaAnalysis) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaAnalysis) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaBoostType:
    """
    Members:

      AdaBoost

      RealAdaBoost

      AdaCost

      Bagging

      AdaBoostR2

      Grad

      SingleTree
    """
    AdaBoost: typing.ClassVar[TmvaBoostType]
    AdaBoostR2: typing.ClassVar[TmvaBoostType]
    AdaCost: typing.ClassVar[TmvaBoostType]
    Bagging: typing.ClassVar[TmvaBoostType]
    Grad: typing.ClassVar[TmvaBoostType]
    RealAdaBoost: typing.ClassVar[TmvaBoostType]
    SingleTree: typing.ClassVar[TmvaBoostType]
    __members__: typing.ClassVar[dict[str, TmvaBoostType]]
    @typing.overload
    def __eq__(self, other: TmvaBoostType) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaBoostType) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaSeparation:
    """
    Members:

      CrossEntropy

      GiniIndex

      GiniIndexWithLaplace

      MisClassificationError

      SDivSqrtSPlusB

      RegressionVariance
    """
    CrossEntropy: typing.ClassVar[TmvaSeparation]
    GiniIndex: typing.ClassVar[TmvaSeparation]
    GiniIndexWithLaplace: typing.ClassVar[TmvaSeparation]
    MisClassificationError: typing.ClassVar[TmvaSeparation]
    RegressionVariance: typing.ClassVar[TmvaSeparation]
    SDivSqrtSPlusB: typing.ClassVar[TmvaSeparation]
    __members__: typing.ClassVar[dict[str, TmvaSeparation]]
    @typing.overload
    def __eq__(self, other: TmvaSeparation) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaSeparation) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaAdaBoostR2Loss:
    """
    Members:

      Linear

      Quadratic

      Exponential
    """
    Exponential: typing.ClassVar[TmvaAdaBoostR2Loss]
    Linear: typing.ClassVar[TmvaAdaBoostR2Loss]
    Quadratic: typing.ClassVar[TmvaAdaBoostR2Loss]
    __members__: typing.ClassVar[dict[str, TmvaAdaBoostR2Loss]]
    @typing.overload
    def __eq__(self, other: TmvaAdaBoostR2Loss) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaAdaBoostR2Loss) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaRegressionLoss:
    """
    Members:

      Huber

      AbsoluteDeviation

      LeastSquares
    """
    AbsoluteDeviation: typing.ClassVar[TmvaRegressionLoss]
    Huber: typing.ClassVar[TmvaRegressionLoss]
    LeastSquares: typing.ClassVar[TmvaRegressionLoss]
    __members__: typing.ClassVar[dict[str, TmvaRegressionLoss]]
    @typing.overload
    def __eq__(self, other: TmvaRegressionLoss) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaRegressionLoss) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaNegWeights:
    """
    Members:

      InverseBoostNegWeights

      IgnoreNegWeightsInTraining

      NoNegWeightsInTraining

      PairNegWeightsGlobal

      Pray
    """
    IgnoreNegWeightsInTraining: typing.ClassVar[TmvaNegWeights]
    InverseBoostNegWeights: typing.ClassVar[TmvaNegWeights]
    NoNegWeightsInTraining: typing.ClassVar[TmvaNegWeights]
    PairNegWeightsGlobal: typing.ClassVar[TmvaNegWeights]
    Pray: typing.ClassVar[TmvaNegWeights]
    __members__: typing.ClassVar[dict[str, TmvaNegWeights]]
    @typing.overload
    def __eq__(self, other: TmvaNegWeights) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaNegWeights) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaPruneMethod:
    """
    Members:

      NoPruning

      ExpectedError

      CostComplexity
    """
    CostComplexity: typing.ClassVar[TmvaPruneMethod]
    ExpectedError: typing.ClassVar[TmvaPruneMethod]
    NoPruning: typing.ClassVar[TmvaPruneMethod]
    __members__: typing.ClassVar[dict[str, TmvaPruneMethod]]
    @typing.overload
    def __eq__(self, other: TmvaPruneMethod) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: TmvaPruneMethod) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class TmvaForestParams:
    """
    Booking options of TMVA's BDT, by TMVA's names.
    """
    AdaBoostR2Loss: TmvaAdaBoostR2Loss
    BoostType: TmvaBoostType
    DoPreselection: bool
    MinNodeSizeByWeight: bool
    NegWeightTreatment: TmvaNegWeights
    PruneMethod: TmvaPruneMethod
    RegressionLossFunctionBDTG: TmvaRegressionLoss
    SeparationType: TmvaSeparation
    SkipNormalization: bool
    UseBaggedBoost: bool
    UseExclusiveVars: bool
    UseFisherCuts: bool
    UsePoissonNvars: bool
    UseRandomisedTrees: bool
    UseYesNoLeaf: bool
    def __init__(self, analysis: TmvaAnalysis = TmvaAnalysis.Classification) -> None:
        """
        The defaults of an analysis type.
        """
    @property
    def AdaBoostBeta(self) -> float:
        ...
    @AdaBoostBeta.setter
    def AdaBoostBeta(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def BaggedSampleFraction(self) -> float:
        ...
    @BaggedSampleFraction.setter
    def BaggedSampleFraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Cbb(self) -> float:
        ...
    @Cbb.setter
    def Cbb(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Css(self) -> float:
        ...
    @Css.setter
    def Css(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Ctb_ss(self) -> float:
        ...
    @Ctb_ss.setter
    def Ctb_ss(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Cts_sb(self) -> float:
        ...
    @Cts_sb.setter
    def Cts_sb(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def HuberQuantile(self) -> float:
        ...
    @HuberQuantile.setter
    def HuberQuantile(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def MaxDepth(self) -> int:
        ...
    @MaxDepth.setter
    def MaxDepth(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def MinLinCorrForFisher(self) -> float:
        ...
    @MinLinCorrForFisher.setter
    def MinLinCorrForFisher(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def MinNodeSize(self) -> float:
        ...
    @MinNodeSize.setter
    def MinNodeSize(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def NTrees(self) -> int:
        ...
    @NTrees.setter
    def NTrees(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def NodePurityLimit(self) -> float:
        ...
    @NodePurityLimit.setter
    def NodePurityLimit(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def PruneStrength(self) -> float:
        ...
    @PruneStrength.setter
    def PruneStrength(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def PruningValFraction(self) -> float:
        ...
    @PruningValFraction.setter
    def PruningValFraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Shrinkage(self) -> float:
        ...
    @Shrinkage.setter
    def Shrinkage(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def SigToBkgFraction(self) -> float:
        ...
    @SigToBkgFraction.setter
    def SigToBkgFraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def UseNvars(self) -> int:
        ...
    @UseNvars.setter
    def UseNvars(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def nCuts(self) -> int:
        ...
    @nCuts.setter
    def nCuts(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class TmvaForestResult:
    """
    What fit_tmva_forest returns.
    """
    @property
    def boost_weight(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def error_fraction(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def importance(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def nodes_after_pruning(self) -> numpy.typing.NDArray[numpy.int32]:
        ...
    @property
    def nodes_before_pruning(self) -> numpy.typing.NDArray[numpy.int32]:
        ...
    @property
    def notes(self) -> list[str]:
        ...
    @property
    def predictor(self) -> Forest:
        ...
    @property
    def stopped(self) -> bool:
        ...
    @property
    def training_loss(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
class NegativeWeights:
    """
    What becomes of events of negative weight.

    Members:

      keep

      ignore

      error

      clip

      absolute

      pair
    """
    __members__: typing.ClassVar[dict[str, NegativeWeights]]
    absolute: typing.ClassVar[NegativeWeights]
    clip: typing.ClassVar[NegativeWeights]
    error: typing.ClassVar[NegativeWeights]
    ignore: typing.ClassVar[NegativeWeights]
    keep: typing.ClassVar[NegativeWeights]
    pair: typing.ClassVar[NegativeWeights]
    @typing.overload
    def __eq__(self, other: NegativeWeights) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NegativeWeights) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class LossKind:
    """
    What gradient boosting minimises.

    Members:

      automatic

      log_loss

      one_vs_all

      squared_error

      absolute_error

      huber

      quantile

      poisson

      gamma

      tweedie
    """
    __members__: typing.ClassVar[dict[str, LossKind]]
    absolute_error: typing.ClassVar[LossKind]
    automatic: typing.ClassVar[LossKind]
    gamma: typing.ClassVar[LossKind]
    huber: typing.ClassVar[LossKind]
    log_loss: typing.ClassVar[LossKind]
    one_vs_all: typing.ClassVar[LossKind]
    poisson: typing.ClassVar[LossKind]
    quantile: typing.ClassVar[LossKind]
    squared_error: typing.ClassVar[LossKind]
    tweedie: typing.ClassVar[LossKind]
    @typing.overload
    def __eq__(self, other: LossKind) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: LossKind) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class BoostingMode:
    """
    What an iteration of gradient boosting draws or drops.

    Members:

      gradient

      goss

      dart
    """
    __members__: typing.ClassVar[dict[str, BoostingMode]]
    dart: typing.ClassVar[BoostingMode]
    goss: typing.ClassVar[BoostingMode]
    gradient: typing.ClassVar[BoostingMode]
    @typing.overload
    def __eq__(self, other: BoostingMode) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: BoostingMode) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class ValidationMetric:
    """
    What early stopping looks at.

    Members:

      automatic

      loss

      auc

      accuracy

      rmse

      mae
    """
    __members__: typing.ClassVar[dict[str, ValidationMetric]]
    accuracy: typing.ClassVar[ValidationMetric]
    auc: typing.ClassVar[ValidationMetric]
    automatic: typing.ClassVar[ValidationMetric]
    loss: typing.ClassVar[ValidationMetric]
    mae: typing.ClassVar[ValidationMetric]
    rmse: typing.ClassVar[ValidationMetric]
    @typing.overload
    def __eq__(self, other: ValidationMetric) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: ValidationMetric) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class GradientBoostingParams:
    """
    Parameters with their defaults.
    """
    boosting: BoostingMode
    early_stopping_metric: ValidationMetric
    leaf_wise: bool
    loss: LossKind
    negative_weights: NegativeWeights
    def __init__(self) -> None:
        ...
    @property
    def column_fraction_level(self) -> float:
        ...
    @column_fraction_level.setter
    def column_fraction_level(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def column_fraction_node(self) -> float:
        ...
    @column_fraction_node.setter
    def column_fraction_node(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def column_fraction_tree(self) -> float:
        ...
    @column_fraction_tree.setter
    def column_fraction_tree(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def dropout_rate(self) -> float:
        ...
    @dropout_rate.setter
    def dropout_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def dropout_skip(self) -> float:
        ...
    @dropout_skip.setter
    def dropout_skip(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def goss_other_fraction(self) -> float:
        ...
    @goss_other_fraction.setter
    def goss_other_fraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def goss_top_fraction(self) -> float:
        ...
    @goss_top_fraction.setter
    def goss_top_fraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def huber_quantile(self) -> float:
        ...
    @huber_quantile.setter
    def huber_quantile(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def interaction_constraints(self) -> list[list[int]]:
        ...
    @interaction_constraints.setter
    def interaction_constraints(self, arg0: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> None:
        ...
    @property
    def l1_regularization(self) -> float:
        ...
    @l1_regularization.setter
    def l1_regularization(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l2_regularization(self) -> float:
        ...
    @l2_regularization.setter
    def l2_regularization(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_bins(self) -> int:
        ...
    @max_bins.setter
    def max_bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_depth(self) -> int:
        ...
    @max_depth.setter
    def max_depth(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_leaf_nodes(self) -> int:
        ...
    @max_leaf_nodes.setter
    def max_leaf_nodes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_leaf_value(self) -> float:
        ...
    @max_leaf_value.setter
    def max_leaf_value(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_child_weight(self) -> float:
        ...
    @min_child_weight.setter
    def min_child_weight(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_effective_count(self) -> float:
        ...
    @min_effective_count.setter
    def min_effective_count(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_gain(self) -> float:
        ...
    @min_gain.setter
    def min_gain(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_samples_leaf(self) -> float:
        ...
    @min_samples_leaf.setter
    def min_samples_leaf(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def monotone_constraints(self) -> list[int]:
        ...
    @monotone_constraints.setter
    def monotone_constraints(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def n_estimators(self) -> int:
        ...
    @n_estimators.setter
    def n_estimators(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def n_iter_no_change(self) -> int:
        ...
    @n_iter_no_change.setter
    def n_iter_no_change(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def quantile(self) -> float:
        ...
    @quantile.setter
    def quantile(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def subsample(self) -> float:
        ...
    @subsample.setter
    def subsample(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def tolerance(self) -> float:
        ...
    @tolerance.setter
    def tolerance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def tweedie_power(self) -> float:
        ...
    @tweedie_power.setter
    def tweedie_power(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class GradientBoostingResult:
    """
    A trained forest and how it came about.
    """
    @property
    def best_iteration(self) -> int:
        ...
    @property
    def feature_gain(self) -> list[float]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def negative_fraction(self) -> list[typing.Any]:
        ...
    @property
    def predictor(self) -> Predictor:
        ...
    @property
    def training_loss(self) -> list[float]:
        ...
    @property
    def validation_loss(self) -> list[float]:
        ...
    @property
    def validation_metric(self) -> list[float]:
        ...
class Criterion:
    """
    What a cut improves.

    Members:

      gini

      entropy

      misclassification

      squared_error
    """
    __members__: typing.ClassVar[dict[str, Criterion]]
    entropy: typing.ClassVar[Criterion]
    gini: typing.ClassVar[Criterion]
    misclassification: typing.ClassVar[Criterion]
    squared_error: typing.ClassVar[Criterion]
    @typing.overload
    def __eq__(self, other: Criterion) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Criterion) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class RandomForestParams:
    """
    Parameters with their defaults.
    """
    bootstrap: bool
    criterion: Criterion
    negative_weights: NegativeWeights
    out_of_bag: bool
    random_cuts: bool
    def __init__(self) -> None:
        ...
    @property
    def max_bins(self) -> int:
        ...
    @max_bins.setter
    def max_bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_depth(self) -> int:
        ...
    @max_depth.setter
    def max_depth(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_features(self) -> int:
        ...
    @max_features.setter
    def max_features(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_leaf_nodes(self) -> int:
        ...
    @max_leaf_nodes.setter
    def max_leaf_nodes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_samples(self) -> float:
        ...
    @max_samples.setter
    def max_samples(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_impurity_decrease(self) -> float:
        ...
    @min_impurity_decrease.setter
    def min_impurity_decrease(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_samples_leaf(self) -> float:
        ...
    @min_samples_leaf.setter
    def min_samples_leaf(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_samples_split(self) -> float:
        ...
    @min_samples_split.setter
    def min_samples_split(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_weight_fraction_leaf(self) -> float:
        ...
    @min_weight_fraction_leaf.setter
    def min_weight_fraction_leaf(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def n_estimators(self) -> int:
        ...
    @n_estimators.setter
    def n_estimators(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class RandomForestResult:
    """
    A trained forest and how it came about.
    """
    @property
    def feature_importances(self) -> list[float]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def out_of_bag(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Per used event and output, flat; empty unless asked for.
        """
    @property
    def predictor(self) -> Predictor:
        ...
class AdaBoostLoss:
    """
    How deviations make the mean loss of a tree (AdaBoost.R2).

    Members:

      linear

      square

      exponential
    """
    __members__: typing.ClassVar[dict[str, AdaBoostLoss]]
    exponential: typing.ClassVar[AdaBoostLoss]
    linear: typing.ClassVar[AdaBoostLoss]
    square: typing.ClassVar[AdaBoostLoss]
    @typing.overload
    def __eq__(self, other: AdaBoostLoss) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: AdaBoostLoss) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class AdaBoostParams:
    """
    Parameters with their defaults.
    """
    criterion: Criterion
    loss: AdaBoostLoss
    negative_weights: NegativeWeights
    real: bool
    def __init__(self) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_bins(self) -> int:
        ...
    @max_bins.setter
    def max_bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_depth(self) -> int:
        ...
    @max_depth.setter
    def max_depth(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_weight_fraction_leaf(self) -> float:
        ...
    @min_weight_fraction_leaf.setter
    def min_weight_fraction_leaf(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def n_estimators(self) -> int:
        ...
    @n_estimators.setter
    def n_estimators(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class AdaBoostResult:
    """
    A boosted forest and how it came about.
    """
    @property
    def error_fraction(self) -> list[float]:
        ...
    @property
    def feature_gain(self) -> list[float]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def predictor(self) -> Predictor:
        ...
    @property
    def tree_weight(self) -> list[float]:
        ...
class TreeExplainer:
    """
    A forest prepared for the Shapley values of its variables.
    """
    class Algorithm:
        """
        How the values are found; they are the same bits.

        Members:

          automatic

          tables

          direct
        """
        __members__: typing.ClassVar[dict[str, TreeExplainer.Algorithm]]
        automatic: typing.ClassVar[TreeExplainer.Algorithm]
        direct: typing.ClassVar[TreeExplainer.Algorithm]
        tables: typing.ClassVar[TreeExplainer.Algorithm]
        @typing.overload
        def __eq__(self, other: TreeExplainer.Algorithm) -> bool:
            ...
        @typing.overload
        def __eq__(self, other: typing.Any) -> bool:
            ...
        def __getstate__(self) -> int:
            ...
        def __hash__(self) -> int:
            ...
        def __index__(self) -> int:
            ...
        def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
            ...
        def __int__(self) -> int:
            ...
        @typing.overload
        def __ne__(self, other: TreeExplainer.Algorithm) -> bool:
            ...
        @typing.overload
        def __ne__(self, other: typing.Any) -> bool:
            ...
        def __repr__(self) -> str:
            ...
        def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
            ...
        def __str__(self) -> str:
            ...
        @property
        def name(self) -> str:
            ...
        @property
        def value(self) -> int:
            ...
    def __init__(self, forest: Forest, background: typing.Any = None, weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        Path-dependent values without a background sample, interventional ones with it and its weights.
        """
    def explain(self, events: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1, algorithm: TreeExplainer.Algorithm = Algorithm.automatic) -> numpy.typing.NDArray[numpy.float64]:
        """
        Shapley values, float64 of shape (events, outputs, variables).
        """
    def explain_interactions(self, events: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1, algorithm: TreeExplainer.Algorithm = Algorithm.automatic) -> numpy.typing.NDArray[numpy.float64]:
        """
        Shapley interaction values, float64 of shape (events, outputs, variables, variables).
        """
    @property
    def base_value(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        The expected score, one per output.
        """
class Activation:
    """
    What a neuron does with the sum of its inputs.

    Members:

      linear

      sigmoid

      tanh

      radial

      relu

      tmva_tanh

      leaky_relu

      elu

      selu

      gelu

      silu

      softsign

      softplus

      gauss

      gauss_complement

      hard_sigmoid

      symmetric_relu

      exponential
    """
    __members__: typing.ClassVar[dict[str, Activation]]
    elu: typing.ClassVar[Activation]
    exponential: typing.ClassVar[Activation]
    gauss: typing.ClassVar[Activation]
    gauss_complement: typing.ClassVar[Activation]
    gelu: typing.ClassVar[Activation]
    hard_sigmoid: typing.ClassVar[Activation]
    leaky_relu: typing.ClassVar[Activation]
    linear: typing.ClassVar[Activation]
    radial: typing.ClassVar[Activation]
    relu: typing.ClassVar[Activation]
    selu: typing.ClassVar[Activation]
    sigmoid: typing.ClassVar[Activation]
    silu: typing.ClassVar[Activation]
    softplus: typing.ClassVar[Activation]
    softsign: typing.ClassVar[Activation]
    symmetric_relu: typing.ClassVar[Activation]
    tanh: typing.ClassVar[Activation]
    tmva_tanh: typing.ClassVar[Activation]
    @typing.overload
    def __eq__(self, other: Activation) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Activation) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class InputFunction:
    """
    How a neuron combines its weighted inputs.

    Members:

      sum

      sum_of_squares

      sum_of_absolutes
    """
    __members__: typing.ClassVar[dict[str, InputFunction]]
    sum: typing.ClassVar[InputFunction]
    sum_of_absolutes: typing.ClassVar[InputFunction]
    sum_of_squares: typing.ClassVar[InputFunction]
    @typing.overload
    def __eq__(self, other: InputFunction) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: InputFunction) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NetworkOutput:
    """
    What is applied to the outputs of a network.

    Members:

      identity

      softmax
    """
    __members__: typing.ClassVar[dict[str, NetworkOutput]]
    identity: typing.ClassVar[NetworkOutput]
    softmax: typing.ClassVar[NetworkOutput]
    @typing.overload
    def __eq__(self, other: NetworkOutput) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NetworkOutput) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NetworkSolver:
    """
    How a network is trained.

    Members:

      sequential

      batch

      bfgs

      mini_batch

      lbfgs

      genetic
    """
    __members__: typing.ClassVar[dict[str, NetworkSolver]]
    batch: typing.ClassVar[NetworkSolver]
    bfgs: typing.ClassVar[NetworkSolver]
    genetic: typing.ClassVar[NetworkSolver]
    lbfgs: typing.ClassVar[NetworkSolver]
    mini_batch: typing.ClassVar[NetworkSolver]
    sequential: typing.ClassVar[NetworkSolver]
    @typing.overload
    def __eq__(self, other: NetworkSolver) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NetworkSolver) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NetworkLoss:
    """
    What training minimises.

    Members:

      squared

      cross_entropy

      softmax_cross_entropy

      multi_label

      absolute

      huber

      quantile

      hinge

      poisson

      kullback_leibler
    """
    __members__: typing.ClassVar[dict[str, NetworkLoss]]
    absolute: typing.ClassVar[NetworkLoss]
    cross_entropy: typing.ClassVar[NetworkLoss]
    hinge: typing.ClassVar[NetworkLoss]
    huber: typing.ClassVar[NetworkLoss]
    kullback_leibler: typing.ClassVar[NetworkLoss]
    multi_label: typing.ClassVar[NetworkLoss]
    poisson: typing.ClassVar[NetworkLoss]
    quantile: typing.ClassVar[NetworkLoss]
    softmax_cross_entropy: typing.ClassVar[NetworkLoss]
    squared: typing.ClassVar[NetworkLoss]
    @typing.overload
    def __eq__(self, other: NetworkLoss) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NetworkLoss) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NetworkInitialisation:
    """
    The weights that training starts from.

    Members:

      tmva

      automatic

      glorot_uniform

      glorot_normal

      he_uniform

      he_normal

      lecun_uniform

      lecun_normal

      uniform

      normal

      zero

      small_uniform
    """
    __members__: typing.ClassVar[dict[str, NetworkInitialisation]]
    automatic: typing.ClassVar[NetworkInitialisation]
    glorot_normal: typing.ClassVar[NetworkInitialisation]
    glorot_uniform: typing.ClassVar[NetworkInitialisation]
    he_normal: typing.ClassVar[NetworkInitialisation]
    he_uniform: typing.ClassVar[NetworkInitialisation]
    lecun_normal: typing.ClassVar[NetworkInitialisation]
    lecun_uniform: typing.ClassVar[NetworkInitialisation]
    normal: typing.ClassVar[NetworkInitialisation]
    small_uniform: typing.ClassVar[NetworkInitialisation]
    tmva: typing.ClassVar[NetworkInitialisation]
    uniform: typing.ClassVar[NetworkInitialisation]
    zero: typing.ClassVar[NetworkInitialisation]
    @typing.overload
    def __eq__(self, other: NetworkInitialisation) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NetworkInitialisation) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class OptimizerKind:
    """
    The rule by which gradients move weights.

    Members:

      gradient_descent

      momentum

      nesterov

      adagrad

      adadelta

      rmsprop

      adam

      adamw

      nadam
    """
    __members__: typing.ClassVar[dict[str, OptimizerKind]]
    adadelta: typing.ClassVar[OptimizerKind]
    adagrad: typing.ClassVar[OptimizerKind]
    adam: typing.ClassVar[OptimizerKind]
    adamw: typing.ClassVar[OptimizerKind]
    gradient_descent: typing.ClassVar[OptimizerKind]
    momentum: typing.ClassVar[OptimizerKind]
    nadam: typing.ClassVar[OptimizerKind]
    nesterov: typing.ClassVar[OptimizerKind]
    rmsprop: typing.ClassVar[OptimizerKind]
    @typing.overload
    def __eq__(self, other: OptimizerKind) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: OptimizerKind) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class ScheduleKind:
    """
    How the learning rate changes.

    Members:

      constant

      step

      cosine

      one_cycle

      plateau

      exponential
    """
    __members__: typing.ClassVar[dict[str, ScheduleKind]]
    constant: typing.ClassVar[ScheduleKind]
    cosine: typing.ClassVar[ScheduleKind]
    exponential: typing.ClassVar[ScheduleKind]
    one_cycle: typing.ClassVar[ScheduleKind]
    plateau: typing.ClassVar[ScheduleKind]
    step: typing.ClassVar[ScheduleKind]
    @typing.overload
    def __eq__(self, other: ScheduleKind) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: ScheduleKind) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Averaging:
    """
    Whether the model has weights averaged over steps.

    Members:

      none

      exponential

      tail
    """
    __members__: typing.ClassVar[dict[str, Averaging]]
    exponential: typing.ClassVar[Averaging]
    none: typing.ClassVar[Averaging]
    tail: typing.ClassVar[Averaging]
    @typing.overload
    def __eq__(self, other: Averaging) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Averaging) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NetworkArithmetic:
    """
    In which a network evaluates.

    Members:

      float64

      float32
    """
    __members__: typing.ClassVar[dict[str, NetworkArithmetic]]
    float32: typing.ClassVar[NetworkArithmetic]
    float64: typing.ClassVar[NetworkArithmetic]
    @typing.overload
    def __eq__(self, other: NetworkArithmetic) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NetworkArithmetic) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NetworkParams:
    """
    Parameters of network training with their defaults.
    """
    activation: Activation
    averaging: Averaging
    double_precision: bool
    initialisation: NetworkInitialisation
    input_function: InputFunction
    keep_best: bool
    loss: NetworkLoss
    normalise_weights: bool
    optimizer: OptimizerKind
    output: NetworkOutput
    regulator: bool
    sampling_testing: bool
    sampling_training: bool
    schedule: ScheduleKind
    solver: NetworkSolver
    standardise_inputs: bool
    standardise_targets: bool
    tmva_estimator: bool
    @staticmethod
    def tmva(n_variables: typing.SupportsInt | typing.SupportsIndex) -> NetworkParams:
        """
        TMVA's defaults.
        """
    def __init__(self) -> None:
        ...
    @property
    def averaging_decay(self) -> float:
        ...
    @averaging_decay.setter
    def averaging_decay(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def averaging_start(self) -> float:
        ...
    @averaging_start.setter
    def averaging_start(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def batch_size(self) -> int:
        ...
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_1(self) -> float:
        ...
    @beta_1.setter
    def beta_1(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_2(self) -> float:
        ...
    @beta_2.setter
    def beta_2(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_norm(self) -> float:
        ...
    @clip_norm.setter
    def clip_norm(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_value(self) -> float:
        ...
    @clip_value.setter
    def clip_value(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def convergence_improve(self) -> float:
        ...
    @convergence_improve.setter
    def convergence_improve(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def convergence_tests(self) -> int:
        ...
    @convergence_tests.setter
    def convergence_tests(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def decay_rate(self) -> float:
        ...
    @decay_rate.setter
    def decay_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def dropout(self) -> float:
        ...
    @dropout.setter
    def dropout(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def epsilon(self) -> float:
        ...
    @epsilon.setter
    def epsilon(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def genetic_cycles(self) -> int:
        ...
    @genetic_cycles.setter
    def genetic_cycles(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def genetic_population(self) -> int:
        ...
    @genetic_population.setter
    def genetic_population(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def genetic_range(self) -> float:
        ...
    @genetic_range.setter
    def genetic_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def genetic_steps(self) -> int:
        ...
    @genetic_steps.setter
    def genetic_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def hidden_layers(self) -> list[int]:
        ...
    @hidden_layers.setter
    def hidden_layers(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def huber_distance(self) -> float:
        ...
    @huber_distance.setter
    def huber_distance(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l1(self) -> float:
        ...
    @l1.setter
    def l1(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l2(self) -> float:
        ...
    @l2.setter
    def l2(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l2_per_event(self) -> float:
        ...
    @l2_per_event.setter
    def l2_per_event(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def momentum(self) -> float:
        ...
    @momentum.setter
    def momentum(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def quantile(self) -> float:
        ...
    @quantile.setter
    def quantile(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def random_seed(self) -> int:
        ...
    @random_seed.setter
    def random_seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def reset_step(self) -> int:
        ...
    @reset_step.setter
    def reset_step(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def rho(self) -> float:
        ...
    @rho.setter
    def rho(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sampling(self) -> float:
        ...
    @sampling.setter
    def sampling(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sampling_epoch(self) -> float:
        ...
    @sampling_epoch.setter
    def sampling_epoch(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule_factor(self) -> float:
        ...
    @schedule_factor.setter
    def schedule_factor(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule_final_fraction(self) -> float:
        ...
    @schedule_final_fraction.setter
    def schedule_final_fraction(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule_period(self) -> int:
        ...
    @schedule_period.setter
    def schedule_period(self, arg1: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule_warmup_fraction(self) -> float:
        ...
    @schedule_warmup_fraction.setter
    def schedule_warmup_fraction(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def tau(self) -> float:
        ...
    @tau.setter
    def tau(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def test_rate(self) -> int:
        ...
    @test_rate.setter
    def test_rate(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def update_limit(self) -> int:
        ...
    @update_limit.setter
    def update_limit(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def weight_decay(self) -> float:
        ...
    @weight_decay.setter
    def weight_decay(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def weight_range(self) -> float:
        ...
    @weight_range.setter
    def weight_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class Network(Predictor):
    """
    A trained network, immutable.
    """
    def __init__(self, layers: collections.abc.Sequence[dict[str, typing.Any]], output: NetworkOutput = NetworkOutput.identity, arithmetic: NetworkArithmetic = NetworkArithmetic.float64, input_shift: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], input_scale: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = []) -> None:
        """
        A network of layers given as dictionaries, as the attribute layers returns them.
        """
    @property
    def arithmetic(self) -> NetworkArithmetic:
        ...
    @property
    def input_scale(self) -> numpy.typing.NDArray[typing.Any]:
        ...
    @property
    def input_shift(self) -> numpy.typing.NDArray[typing.Any]:
        """
        The first layer sees (x - input_shift) * input_scale; empty: x itself.
        """
    @property
    def layers(self) -> list[typing.Any]:
        """
        One dictionary per layer: weights (outputs, inputs), biases, activation, input_function.
        """
    @property
    def output(self) -> NetworkOutput:
        ...
class NetworkFit:
    @property
    def best_epoch(self) -> int:
        ...
    @property
    def converged(self) -> bool:
        ...
    @property
    def curve_epoch(self) -> list[float]:
        ...
    @property
    def diverged(self) -> bool:
        ...
    @property
    def epochs(self) -> int:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def message(self) -> str:
        ...
    @property
    def predictor(self) -> Network:
        ...
    @property
    def training_loss(self) -> list[float]:
        ...
    @property
    def validation_loss(self) -> list[float]:
        ...
class Graph:
    """
    A network as a graph of layers, immutable.
    """
    def __init__(self, description: dict[str, typing.Any]) -> None:
        ...
    def describe(self) -> dict[str, typing.Any]:
        """
        What the constructor takes, with what shapes made definite.
        """
    @property
    def input_count(self) -> int:
        ...
    @property
    def output_count(self) -> int:
        ...
    @property
    def parameter_count(self) -> int:
        ...
    @property
    def parameters(self) -> list[typing.Any]:
        """
        One dictionary per array: layer, name, shape, offset, trained.
        """
    @property
    def shapes(self) -> list[typing.Any]:
        """
        Of the inputs, then of what every node gives.
        """
class GraphPredictor(Predictor):
    """
    A trained graph, immutable.
    """
    def __init__(self, graph: Graph, parameters: numpy.typing.NDArray[typing.Any]) -> None:
        ...
    def values(self, events: numpy.typing.NDArray[typing.Any], value: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float32]:
        """
        What an input or node gives for every event, float32 of shape (events, numbers).
        """
    @property
    def graph(self) -> Graph:
        ...
    @property
    def parameters(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
class GraphParams:
    """
    Parameters of the training of graphs with their defaults.
    """
    averaging: str
    initialisation: str
    keep_best: bool
    normalise_weights: bool
    optimizer: str
    schedule: str
    solver: str
    def __init__(self) -> None:
        ...
    def add_loss(self, loss: str, factor: typing.SupportsFloat | typing.SupportsIndex = 1.0, huber_distance: typing.SupportsFloat | typing.SupportsIndex = 1.0, quantile: typing.SupportsFloat | typing.SupportsIndex = 0.5) -> None:
        """
        The loss of the next output; 'value': it is a loss.
        """
    @property
    def averaging_decay(self) -> float:
        ...
    @averaging_decay.setter
    def averaging_decay(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def averaging_start(self) -> float:
        ...
    @averaging_start.setter
    def averaging_start(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def batch_size(self) -> int:
        ...
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_1(self) -> float:
        ...
    @beta_1.setter
    def beta_1(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_2(self) -> float:
        ...
    @beta_2.setter
    def beta_2(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_norm(self) -> float:
        ...
    @clip_norm.setter
    def clip_norm(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_value(self) -> float:
        ...
    @clip_value.setter
    def clip_value(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def convergence_improve(self) -> float:
        ...
    @convergence_improve.setter
    def convergence_improve(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def convergence_tests(self) -> int:
        ...
    @convergence_tests.setter
    def convergence_tests(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def epsilon(self) -> float:
        ...
    @epsilon.setter
    def epsilon(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def factor(self) -> float:
        ...
    @factor.setter
    def factor(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def final_fraction(self) -> float:
        ...
    @final_fraction.setter
    def final_fraction(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def improvement(self) -> float:
        ...
    @improvement.setter
    def improvement(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def initial_fraction(self) -> float:
        ...
    @initial_fraction.setter
    def initial_fraction(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l1(self) -> float:
        ...
    @l1.setter
    def l1(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l2(self) -> float:
        ...
    @l2.setter
    def l2(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def momentum(self) -> float:
        ...
    @momentum.setter
    def momentum(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def period(self) -> int:
        ...
    @period.setter
    def period(self, arg1: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def rho(self) -> float:
        ...
    @rho.setter
    def rho(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def smallest_fraction(self) -> float:
        ...
    @smallest_fraction.setter
    def smallest_fraction(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def test_rate(self) -> int:
        ...
    @test_rate.setter
    def test_rate(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def warmup_fraction(self) -> float:
        ...
    @warmup_fraction.setter
    def warmup_fraction(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def weight_decay(self) -> float:
        ...
    @weight_decay.setter
    def weight_decay(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class GraphFit:
    @property
    def best_epoch(self) -> int:
        ...
    @property
    def converged(self) -> bool:
        ...
    @property
    def curve_epoch(self) -> list[float]:
        ...
    @property
    def diverged(self) -> bool:
        ...
    @property
    def epochs(self) -> int:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def message(self) -> str:
        ...
    @property
    def predictor(self) -> GraphPredictor:
        ...
    @property
    def training_loss(self) -> list[float]:
        ...
    @property
    def validation_loss(self) -> list[float]:
        ...
class AdversarialParams:
    """
    Parameters of adversarial training with their defaults.
    """
    initialisation: str
    loss: str
    def __init__(self) -> None:
        ...
    @property
    def averaging(self) -> float:
        ...
    @averaging.setter
    def averaging(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def batch_size(self) -> int:
        ...
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_1(self) -> float:
        ...
    @beta_1.setter
    def beta_1(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_2(self) -> float:
        ...
    @beta_2.setter
    def beta_2(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_norm(self) -> float:
        ...
    @clip_norm.setter
    def clip_norm(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def discriminator_learning_rate(self) -> float:
        ...
    @discriminator_learning_rate.setter
    def discriminator_learning_rate(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def discriminator_steps(self) -> int:
        ...
    @discriminator_steps.setter
    def discriminator_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def generator_learning_rate(self) -> float:
        ...
    @generator_learning_rate.setter
    def generator_learning_rate(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def gradient_penalty(self) -> float:
        ...
    @gradient_penalty.setter
    def gradient_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l2(self) -> float:
        ...
    @l2.setter
    def l2(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def optimizer(self) -> str:
        """
        Of both networks.
        """
    @optimizer.setter
    def optimizer(self, arg1: str) -> None:
        ...
    @property
    def smoothing(self) -> float:
        ...
    @smoothing.setter
    def smoothing(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class AdversarialFit:
    @property
    def discriminator(self) -> GraphPredictor:
        ...
    @property
    def discriminator_loss(self) -> list[float]:
        ...
    @property
    def diverged(self) -> bool:
        ...
    @property
    def epochs(self) -> int:
        ...
    @property
    def generated_score(self) -> list[float]:
        ...
    @property
    def generator(self) -> GraphPredictor:
        ...
    @property
    def generator_loss(self) -> list[float]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def message(self) -> str:
        ...
    @property
    def penalty(self) -> list[float]:
        ...
    @property
    def real_score(self) -> list[float]:
        ...
class FoldRule:
    """
    Which fold an event belongs to, as a function of its key alone.
    """
    @staticmethod
    def expression(n_folds: typing.SupportsInt | typing.SupportsIndex, text: str) -> FoldRule:
        """
        By an expression of columns that gives 0 .. n_folds-1.
        """
    @staticmethod
    def hash(n_folds: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, key_columns: collections.abc.Sequence[str], fold_of_bucket: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = []) -> FoldRule:
        """
        By a hash of the key's columns to a bucket, and a table from buckets to folds.
        """
    @staticmethod
    def mean(n_folds: typing.SupportsInt | typing.SupportsIndex) -> FoldRule:
        """
        No fold is chosen: the mean of all answers.
        """
    def buckets(self, key: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.int32]:
        """
        Bucket of each event, int32 (hash only).
        """
    def folds(self, key: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.int32]:
        """
        Fold of each event, int32, of float64 keys of shape (events, key columns).
        """
    @property
    def fold_of_bucket(self) -> list[int]:
        ...
    @property
    def is_mean(self) -> bool:
        ...
    @property
    def key_columns(self) -> list[str]:
        ...
    @property
    def n_folds(self) -> int:
        ...
    @property
    def seed(self) -> int:
        ...
    @property
    def text(self) -> str:
        ...
class FoldsPredictor(Predictor):
    """
    The models of a k-fold training and the rule that chooses among them.
    """
    def __init__(self, rule: FoldRule, predictors: collections.abc.Sequence[Predictor], chains: collections.abc.Sequence[TransformationChain] = []) -> None:
        """
        Predictor f was trained without fold f; chains (None: no transformation) belong to it.
        """
    def chain(self, index: typing.SupportsInt | typing.SupportsIndex) -> TransformationChain:
        """
        The transformations of one fold; None without any.
        """
    def fold(self, index: typing.SupportsInt | typing.SupportsIndex) -> Predictor:
        """
        The predictor of one fold.
        """
    @property
    def rule(self) -> FoldRule:
        ...
class Votes(Predictor):
    """
    The mean of the responses of a forest's outputs, immutable.
    """
    @property
    def voters(self) -> Forest:
        """
        The forest.
        """
class UBoostParams:
    """
    Parameters with their defaults.
    """
    negative_weights: NegativeWeights
    def __init__(self) -> None:
        ...
    @property
    def efficiency_steps(self) -> int:
        ...
    @efficiency_steps.setter
    def efficiency_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_bins(self) -> int:
        ...
    @max_bins.setter
    def max_bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_depth(self) -> int:
        ...
    @max_depth.setter
    def max_depth(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_weight_fraction_leaf(self) -> float:
        ...
    @min_weight_fraction_leaf.setter
    def min_weight_fraction_leaf(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def n_estimators(self) -> int:
        ...
    @n_estimators.setter
    def n_estimators(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def n_neighbors(self) -> float:
        ...
    @n_neighbors.setter
    def n_neighbors(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def smoothing(self) -> float:
        ...
    @smoothing.setter
    def smoothing(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def uniform_class(self) -> int:
        ...
    @uniform_class.setter
    def uniform_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def uniforming_rate(self) -> float:
        ...
    @uniforming_rate.setter
    def uniforming_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class UBoostResult:
    """
    Trained forests and how they came about.
    """
    @property
    def deviation(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Mean distance of the local efficiencies from that of the forest, after each tree (rows).
        """
    @property
    def efficiency(self) -> list[float]:
        """
        At which each forest is flat.
        """
    @property
    def error_fraction(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Of each tree (rows) and forest (columns).
        """
    @property
    def feature_gain(self) -> list[float]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def predictor(self) -> Predictor:
        ...
class FlatnessParams:
    """
    Parameters with their defaults.
    """
    def __init__(self) -> None:
        ...
    @property
    def coefficient(self) -> float:
        ...
    @coefficient.setter
    def coefficient(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def min_events_in_bin(self) -> float:
        ...
    @min_events_in_bin.setter
    def min_events_in_bin(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def n_bins(self) -> int:
        ...
    @n_bins.setter
    def n_bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def n_neighborhoods(self) -> int:
        ...
    @n_neighborhoods.setter
    def n_neighborhoods(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def n_neighbors(self) -> float:
        """
        0: bins.
        """
    @n_neighbors.setter
    def n_neighbors(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def power(self) -> float:
        ...
    @power.setter
    def power(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def uniform_classes(self) -> list[int]:
        ...
    @uniform_classes.setter
    def uniform_classes(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
class FoamKind:
    """
    Members:

      discriminant

      separate

      multiclass

      target

      multi_target
    """
    __members__: typing.ClassVar[dict[str, FoamKind]]
    discriminant: typing.ClassVar[FoamKind]
    multi_target: typing.ClassVar[FoamKind]
    multiclass: typing.ClassVar[FoamKind]
    separate: typing.ClassVar[FoamKind]
    target: typing.ClassVar[FoamKind]
    @typing.overload
    def __eq__(self, other: FoamKind) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FoamKind) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FoamKernel:
    """
    Members:

      none

      gauss

      linear_neighbours
    """
    __members__: typing.ClassVar[dict[str, FoamKernel]]
    gauss: typing.ClassVar[FoamKernel]
    linear_neighbours: typing.ClassVar[FoamKernel]
    none: typing.ClassVar[FoamKernel]
    @typing.overload
    def __eq__(self, other: FoamKernel) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FoamKernel) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FoamTarget:
    """
    Members:

      mean

      most_probable
    """
    __members__: typing.ClassVar[dict[str, FoamTarget]]
    mean: typing.ClassVar[FoamTarget]
    most_probable: typing.ClassVar[FoamTarget]
    @typing.overload
    def __eq__(self, other: FoamTarget) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FoamTarget) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FoamSplit:
    """
    Members:

      none

      GiniIndex

      MisClassificationError

      CrossEntropy

      GiniIndexWithLaplace

      SdivSqrtSplusB
    """
    CrossEntropy: typing.ClassVar[FoamSplit]
    GiniIndex: typing.ClassVar[FoamSplit]
    GiniIndexWithLaplace: typing.ClassVar[FoamSplit]
    MisClassificationError: typing.ClassVar[FoamSplit]
    SdivSqrtSplusB: typing.ClassVar[FoamSplit]
    __members__: typing.ClassVar[dict[str, FoamSplit]]
    none: typing.ClassVar[FoamSplit]
    @typing.overload
    def __eq__(self, other: FoamSplit) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FoamSplit) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FoamParams:
    DTLogic: FoamSplit
    Kernel: FoamKernel
    SigBgSeparate: bool
    TargetSelection: FoamTarget
    UseYesNoCell: bool
    kind: FoamKind
    def __init__(self) -> None:
        ...
    @property
    def MaxDepth(self) -> int:
        ...
    @MaxDepth.setter
    def MaxDepth(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Nmin(self) -> int:
        ...
    @Nmin.setter
    def Nmin(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def TailCut(self) -> float:
        ...
    @TailCut.setter
    def TailCut(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def VolFrac(self) -> float:
        ...
    @VolFrac.setter
    def VolFrac(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def nActiveCells(self) -> int:
        ...
    @nActiveCells.setter
    def nActiveCells(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def nBin(self) -> int:
        ...
    @nBin.setter
    def nBin(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def nSampl(self) -> int:
        ...
    @nSampl.setter
    def nSampl(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class Foam(Predictor):
    """
    TMVA's PDEFoam; immutable.
    """
    @property
    def divisions(self) -> list[int]:
        """
        How often each dimension is divided.
        """
    @property
    def leaf_counts(self) -> list[int]:
        ...
class Interpolation:
    """
    How a density is drawn through a histogram.

    Members:

      Spline0

      Spline1

      Spline2

      Spline3

      Spline5

      KDE
    """
    KDE: typing.ClassVar[Interpolation]
    Spline0: typing.ClassVar[Interpolation]
    Spline1: typing.ClassVar[Interpolation]
    Spline2: typing.ClassVar[Interpolation]
    Spline3: typing.ClassVar[Interpolation]
    Spline5: typing.ClassVar[Interpolation]
    __members__: typing.ClassVar[dict[str, Interpolation]]
    @typing.overload
    def __eq__(self, other: Interpolation) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Interpolation) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class KernelWidth:
    """
    Width of the kernels of a density.

    Members:

      Nonadaptive

      Adaptive
    """
    Adaptive: typing.ClassVar[KernelWidth]
    Nonadaptive: typing.ClassVar[KernelWidth]
    __members__: typing.ClassVar[dict[str, KernelWidth]]
    @typing.overload
    def __eq__(self, other: KernelWidth) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: KernelWidth) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class KernelBorder:
    """
    What becomes of kernels that reach beyond the range.

    Members:

      Ignore

      Renorm

      Mirror
    """
    Ignore: typing.ClassVar[KernelBorder]
    Mirror: typing.ClassVar[KernelBorder]
    Renorm: typing.ClassVar[KernelBorder]
    __members__: typing.ClassVar[dict[str, KernelBorder]]
    @typing.overload
    def __eq__(self, other: KernelBorder) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: KernelBorder) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class DensitySettings:
    interpolation: Interpolation
    kernel_border: KernelBorder
    kernel_width: KernelWidth
    def __init__(self) -> None:
        ...
    @property
    def fine_factor(self) -> float:
        ...
    @fine_factor.setter
    def fine_factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def maximum_smoothing(self) -> int:
        ...
    @maximum_smoothing.setter
    def maximum_smoothing(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def minimum_smoothing(self) -> int:
        ...
    @minimum_smoothing.setter
    def minimum_smoothing(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class Density:
    """
    TMVA's PDF of one variable; immutable.
    """
    def __init__(self, settings: DensitySettings, minimum: typing.SupportsFloat | typing.SupportsIndex, maximum: typing.SupportsFloat | typing.SupportsIndex, contents: numpy.typing.NDArray[typing.Any]) -> None:
        """
        From the float32 contents of the bins of a histogram of equal bins.
        """
    def cumulative(self, x: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.float64]:
        """
        Its integral up to float64 x.
        """
    def value(self, x: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.float64]:
        """
        The density at float64 x.
        """
    @property
    def contents(self) -> list[float]:
        """
        Of the bins of its histogram.
        """
class HMatrixParams:
    def __init__(self) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class SvmKernel:
    """
    Members:

      RBF

      MultiGauss

      Polynomial

      Prod

      Sum
    """
    MultiGauss: typing.ClassVar[SvmKernel]
    Polynomial: typing.ClassVar[SvmKernel]
    Prod: typing.ClassVar[SvmKernel]
    RBF: typing.ClassVar[SvmKernel]
    Sum: typing.ClassVar[SvmKernel]
    __members__: typing.ClassVar[dict[str, SvmKernel]]
    @typing.overload
    def __eq__(self, other: SvmKernel) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: SvmKernel) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class SvmParams:
    Kernel: SvmKernel
    def __init__(self) -> None:
        ...
    @property
    def C(self) -> float:
        ...
    @C.setter
    def C(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Gamma(self) -> float:
        ...
    @Gamma.setter
    def Gamma(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GammaList(self) -> list[float]:
        ...
    @GammaList.setter
    def GammaList(self, arg1: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def KernelList(self) -> list[SvmKernel]:
        ...
    @KernelList.setter
    def KernelList(self, arg1: collections.abc.Sequence[SvmKernel]) -> None:
        ...
    @property
    def MaxIter(self) -> int:
        ...
    @MaxIter.setter
    def MaxIter(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Order(self) -> int:
        ...
    @Order.setter
    def Order(self, arg1: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Theta(self) -> float:
        ...
    @Theta.setter
    def Theta(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Tol(self) -> float:
        ...
    @Tol.setter
    def Tol(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class SvmResult:
    @property
    def iterations(self) -> int:
        ...
    @property
    def predictor(self) -> Predictor:
        ...
    @property
    def vector_count(self) -> int:
        ...
    @property
    def violation(self) -> float:
        ...
class VolumeMode:
    """
    Members:

      Unscaled

      MinMax

      RMS

      Adaptive

      kNN
    """
    Adaptive: typing.ClassVar[VolumeMode]
    MinMax: typing.ClassVar[VolumeMode]
    RMS: typing.ClassVar[VolumeMode]
    Unscaled: typing.ClassVar[VolumeMode]
    __members__: typing.ClassVar[dict[str, VolumeMode]]
    kNN: typing.ClassVar[VolumeMode]
    @typing.overload
    def __eq__(self, other: VolumeMode) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: VolumeMode) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class RangeKernel:
    """
    Members:

      Box

      Sphere

      Teepee

      Gauss

      Sinc3

      Sinc5

      Sinc7

      Sinc9

      Sinc11

      Lanczos2

      Lanczos3

      Lanczos5

      Lanczos8

      Trim
    """
    Box: typing.ClassVar[RangeKernel]
    Gauss: typing.ClassVar[RangeKernel]
    Lanczos2: typing.ClassVar[RangeKernel]
    Lanczos3: typing.ClassVar[RangeKernel]
    Lanczos5: typing.ClassVar[RangeKernel]
    Lanczos8: typing.ClassVar[RangeKernel]
    Sinc11: typing.ClassVar[RangeKernel]
    Sinc3: typing.ClassVar[RangeKernel]
    Sinc5: typing.ClassVar[RangeKernel]
    Sinc7: typing.ClassVar[RangeKernel]
    Sinc9: typing.ClassVar[RangeKernel]
    Sphere: typing.ClassVar[RangeKernel]
    Teepee: typing.ClassVar[RangeKernel]
    Trim: typing.ClassVar[RangeKernel]
    __members__: typing.ClassVar[dict[str, RangeKernel]]
    @typing.overload
    def __eq__(self, other: RangeKernel) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: RangeKernel) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class RangeSearchParams:
    KernelEstimator: RangeKernel
    VolumeRangeMode: VolumeMode
    def __init__(self) -> None:
        ...
    @property
    def DeltaFrac(self) -> float:
        ...
    @DeltaFrac.setter
    def DeltaFrac(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GaussSigma(self) -> float:
        ...
    @GaussSigma.setter
    def GaussSigma(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def InitialScale(self) -> float:
        ...
    @InitialScale.setter
    def InitialScale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def MaxVIterations(self) -> float:
        ...
    @MaxVIterations.setter
    def MaxVIterations(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def NEventsMax(self) -> float:
        ...
    @NEventsMax.setter
    def NEventsMax(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def NEventsMin(self) -> float:
        ...
    @NEventsMin.setter
    def NEventsMin(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class LikelihoodDensity:
    settings: DensitySettings
    def __init__(self) -> None:
        ...
    @property
    def bins(self) -> int:
        ...
    @bins.setter
    def bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def events_per_bin(self) -> int:
        ...
    @events_per_bin.setter
    def events_per_bin(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class LikelihoodParams:
    transform_output: bool
    variable_types: str
    def __init__(self) -> None:
        ...
    @property
    def background(self) -> list[LikelihoodDensity]:
        ...
    @background.setter
    def background(self, arg0: collections.abc.Sequence[LikelihoodDensity]) -> None:
        ...
    @property
    def signal(self) -> list[LikelihoodDensity]:
        ...
    @signal.setter
    def signal(self, arg0: collections.abc.Sequence[LikelihoodDensity]) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class LikelihoodResult:
    @property
    def empty_bins(self) -> dict[str, list[int]]:
        """
        Bins without content of the histogram of each variable, for signal and background.
        """
    @property
    def predictor(self) -> Predictor:
        ...
    @property
    def ranking(self) -> list[float]:
        ...
class ResponseDensityParams:
    settings: DensitySettings
    def __init__(self) -> None:
        ...
    @property
    def bins(self) -> int:
        ...
    @bins.setter
    def bins(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def events_per_bin(self) -> int:
        ...
    @events_per_bin.setter
    def events_per_bin(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class ResponseDensities:
    """
    Densities of the response for signal and background; immutable.
    """
    def __init__(self, signal: Density, background: Density) -> None:
        ...
    def probability(self, response: numpy.typing.NDArray[typing.Any], signal_fraction: typing.SupportsFloat | typing.SupportsIndex = 0.5) -> numpy.typing.NDArray[numpy.float64]:
        """
        Of events with these float64 responses to be signal.
        """
    def rarity(self, response: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.float64]:
        """
        The part of background with a smaller response.
        """
    @property
    def background(self) -> Density:
        ...
    @property
    def signal(self) -> Density:
        ...
class Model:
    """
    A trained method with everything that is needed to apply it; immutable.
    """
    @staticmethod
    def of_categories(info: dict[str, typing.Any], cuts: collections.abc.Sequence[str], models: collections.abc.Sequence[Model]) -> Model:
        """
        A model of categories, each with a model of its own.
        """
    def __init__(self, info: dict[str, typing.Any], chain: TransformationChain | None, predictor: Predictor) -> None:
        ...
    def at_signal_efficiency(self, signal_efficiency: typing.SupportsFloat | typing.SupportsIndex) -> Model:
        """
        Cuts: the same model with responses 1 (passes) and 0 at a signal efficiency.
        """
    def bind(self, names: collections.abc.Sequence[str]) -> list[int]:
        """
        Positions of the model's variables in names.
        """
    def evaluate(self, events: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
        """
        Responses, float64 of shape (events, outputs), of float32 or float64 events before transformation.
        """
    def evaluate_columns(self, columns: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
        """
        The same from one vector per variable, all float32 or all float64 and of one stride.
        """
    def evaluate_inputs(self, inputs: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.float64]:
        """
        Responses, float64 of shape (events, outputs), of float64 input columns of shape (events, inputs).
        """
    def evaluate_with_key(self, events: numpy.typing.NDArray[typing.Any], key: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
        """
        The same for a k-fold model; key is float64 of shape (events, key columns).
        """
    def save(self, path: str) -> None:
        ...
    def save_header(self, path: str, name: str) -> None:
        ...
    def save_onnx(self, path: str) -> None:
        ...
    def save_tmva_xml(self, path: str) -> None:
        ...
    def save_xgboost_json(self, path: str) -> None:
        ...
    def to_bytes(self) -> bytes:
        ...
    def to_header(self, name: str) -> str:
        """
        The text of a C++ header that evaluates a dense network.
        """
    def to_onnx(self) -> bytes:
        """
        The bytes of an ONNX file.
        """
    def to_tmva_xml(self) -> str:
        """
        The text of a TMVA weight file.
        """
    def to_xgboost_json(self) -> str:
        """
        The text of a model of XGBoost.
        """
    def with_response_densities(self, densities: ResponseDensities) -> Model:
        """
        The same model with densities of its response; None: without.
        """
    @property
    def chain(self) -> typing.Any:
        ...
    @property
    def info(self) -> dict[str, typing.Any]:
        ...
    @property
    def inputs(self) -> list[str]:
        ...
    @property
    def key_columns(self) -> list[str]:
        """
        Columns of the key that chooses the fold of a k-fold model; empty for others.
        """
    @property
    def memory_bytes(self) -> int:
        ...
    @property
    def output_count(self) -> int:
        ...
    @property
    def own_transformations(self) -> typing.Any:
        """
        The transformations that the predictor applies itself, by class; None without any.
        """
    @property
    def predictor(self) -> Predictor:
        ...
    @property
    def response_densities(self) -> ResponseDensities:
        """
        The densities of the response; None without any.
        """
    @property
    def variable_count(self) -> int:
        ...
class Categories(Predictor):
    """
    Models by categories of events, and the cuts that choose among them.
    """
    def categories(self, events: numpy.typing.NDArray[typing.Any], key: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.int32]:
        """
        Category of each event, int32; -1: none, -2: several.
        """
    def cut(self, index: typing.SupportsInt | typing.SupportsIndex) -> str:
        ...
    def model(self, index: typing.SupportsInt | typing.SupportsIndex) -> Model:
        ...
    @property
    def category_count(self) -> int:
        ...
    @property
    def key_columns(self) -> list[str]:
        ...
class BoostTransform:
    """
    Members:

      step

      linear

      log

      gauss
    """
    __members__: typing.ClassVar[dict[str, BoostTransform]]
    gauss: typing.ClassVar[BoostTransform]
    linear: typing.ClassVar[BoostTransform]
    log: typing.ClassVar[BoostTransform]
    step: typing.ClassVar[BoostTransform]
    @typing.overload
    def __eq__(self, other: BoostTransform) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: BoostTransform) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Boosted(Predictor):
    """
    The weighted mean of transformed responses of many predictors of one kind.
    """
    def __init__(self, transform: BoostTransform, predictors: collections.abc.Sequence[Predictor], weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], cuts: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], orientations: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    def member(self, index: typing.SupportsInt | typing.SupportsIndex) -> Predictor:
        """
        The predictor of one member.
        """
    @property
    def cuts(self) -> list[float]:
        ...
    @property
    def member_count(self) -> int:
        ...
    @property
    def orientations(self) -> list[float]:
        ...
    @property
    def transform(self) -> BoostTransform:
        ...
    @property
    def weights(self) -> list[float]:
        ...
class Metric:
    """
    How the distance of two points is measured.

    Members:

      euclidean

      manhattan

      chebyshev

      minkowski

      haversine
    """
    __members__: typing.ClassVar[dict[str, Metric]]
    chebyshev: typing.ClassVar[Metric]
    euclidean: typing.ClassVar[Metric]
    haversine: typing.ClassVar[Metric]
    manhattan: typing.ClassVar[Metric]
    minkowski: typing.ClassVar[Metric]
    @typing.overload
    def __eq__(self, other: Metric) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Metric) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class SearchOrder:
    """
    How the nearest points of many queries are searched.

    Members:

      automatic

      tree

      scan

      products
    """
    __members__: typing.ClassVar[dict[str, SearchOrder]]
    automatic: typing.ClassVar[SearchOrder]
    products: typing.ClassVar[SearchOrder]
    scan: typing.ClassVar[SearchOrder]
    tree: typing.ClassVar[SearchOrder]
    @typing.overload
    def __eq__(self, other: SearchOrder) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: SearchOrder) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Neighbours:
    """
    Points in a k-d tree: exact searches in float64, ties by index.
    """
    def __init__(self, points: numpy.typing.NDArray[typing.Any], metric: Metric, power: typing.SupportsFloat | typing.SupportsIndex = 2.0, periods: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        ...
    def nearest(self, queries: typing.Any, k: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex = 1, search: SearchOrder = SearchOrder.automatic) -> tuple[typing.Any, ...]:
        """
        Distances float64 and indices int64 (queries, k), ascending by (distance, index); queries None: the points themselves, each among its own neighbours.
        """
    def within(self, queries: numpy.typing.NDArray[typing.Any], radius: typing.SupportsFloat | typing.SupportsIndex, sort_by_distance: bool = False, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[typing.Any, ...]:
        """
        Offsets int64 (queries + 1), indices int64 and distances float64 of the points at most radius away; ascending by index, or by (distance, index).
        """
class NeighbourWeight:
    """
    What a neighbour counts beside its event weight.

    Members:

      uniform

      inverse_distance

      gaussian

      polynomial

      discriminant
    """
    __members__: typing.ClassVar[dict[str, NeighbourWeight]]
    discriminant: typing.ClassVar[NeighbourWeight]
    gaussian: typing.ClassVar[NeighbourWeight]
    inverse_distance: typing.ClassVar[NeighbourWeight]
    polynomial: typing.ClassVar[NeighbourWeight]
    uniform: typing.ClassVar[NeighbourWeight]
    @typing.overload
    def __eq__(self, other: NeighbourWeight) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: NeighbourWeight) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class NeighboursPredictor(Predictor):
    """
    Weighted mean of the targets of the nearest training events.
    """
    def __init__(self, points: numpy.typing.NDArray[typing.Any], targets: numpy.typing.NDArray[typing.Any], k: typing.SupportsInt | typing.SupportsIndex, weighting: NeighbourWeight = NeighbourWeight.uniform, metric: Metric = Metric.euclidean, power: typing.SupportsFloat | typing.SupportsIndex = 2.0, periods: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], weight: typing.Any = None, divisor: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], tmva: bool = False, sigma_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> None:
        """
        From float64 points (events, variables) and targets (events, outputs); divisor: what each variable is divided by for the distance; tmva: two more neighbours are fetched, scaled variables rounded to float32.
        """
class TmvaNeighboursParams:
    polynomial: bool
    trim: bool
    use_discriminant: bool
    use_kernel: bool
    use_weight: bool
    def __init__(self) -> None:
        ...
    @property
    def k(self) -> int:
        ...
    @k.setter
    def k(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def scale_fraction(self) -> float:
        ...
    @scale_fraction.setter
    def scale_fraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sigma_factor(self) -> float:
        ...
    @sigma_factor.setter
    def sigma_factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class ClusterFractions(Predictor):
    """
    What part of the training events of an event's cluster was signal.
    """
    def __init__(self, scale: numpy.typing.NDArray[typing.Any], points: numpy.typing.NDArray[typing.Any], cluster: numpy.typing.NDArray[typing.Any], fractions: numpy.typing.NDArray[typing.Any], prior: numpy.typing.NDArray[typing.Any], radius: typing.SupportsFloat | typing.SupportsIndex = -1.0, distance: bool = False) -> None:
        """
        All float64: what variables are multiplied by, points (points, inputs) with their cluster, responses of each cluster (clusters, outputs) and beyond the radius.
        """
class KMeansSeeding:
    """
    Where k-means starts.

    Members:

      plus_plus

      random

      parallel
    """
    __members__: typing.ClassVar[dict[str, KMeansSeeding]]
    parallel: typing.ClassVar[KMeansSeeding]
    plus_plus: typing.ClassVar[KMeansSeeding]
    random: typing.ClassVar[KMeansSeeding]
    @typing.overload
    def __eq__(self, other: KMeansSeeding) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: KMeansSeeding) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class KMeansStop:
    """
    Why the iterations of k-means ended.

    Members:

      iterations

      tolerance

      labels

      interrupted
    """
    __members__: typing.ClassVar[dict[str, KMeansStop]]
    interrupted: typing.ClassVar[KMeansStop]
    iterations: typing.ClassVar[KMeansStop]
    labels: typing.ClassVar[KMeansStop]
    tolerance: typing.ClassVar[KMeansStop]
    @typing.overload
    def __eq__(self, other: KMeansStop) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: KMeansStop) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class KMeansBoundsUse:
    """
    Whether bounds spare distances.

    Members:

      where_they_pay

      never

      always
    """
    __members__: typing.ClassVar[dict[str, KMeansBoundsUse]]
    always: typing.ClassVar[KMeansBoundsUse]
    never: typing.ClassVar[KMeansBoundsUse]
    where_they_pay: typing.ClassVar[KMeansBoundsUse]
    @typing.overload
    def __eq__(self, other: KMeansBoundsUse) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: KMeansBoundsUse) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class KMeansPoints:
    """
    Float32 or float64 points (points, dimensions) in C order and their weights, ready for k-means.
    """
    def __init__(self, points: numpy.typing.NDArray[typing.Any], weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        ...
    def fit(self, centres: numpy.typing.NDArray[typing.Any], max_iterations: typing.SupportsInt | typing.SupportsIndex, tolerance: typing.SupportsFloat | typing.SupportsIndex = 0.0, trace: bool = False, reference: bool = False, bounds: KMeansBoundsUse = KMeansBoundsUse.where_they_pay, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> dict[str, typing.Any]:
        """
        Lloyd's iterations from float64 centres: centres, labels, inertia, clusters used, iterations, stop, shift, trace, decided_in_double, looked_at.
        """
    def mean_variance(self, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> float:
        """
        Mean of the variances of the columns, unweighted.
        """
    def seed(self, clusters: typing.SupportsInt | typing.SupportsIndex, seeding: KMeansSeeding, seed: typing.SupportsInt | typing.SupportsIndex, run: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[typing.Any]:
        """
        Float64 centres (clusters, dimensions).
        """
class MiniBatchStop:
    """
    Why mini-batch k-means ended.

    Members:

      steps

      tolerance

      no_improvement

      interrupted
    """
    __members__: typing.ClassVar[dict[str, MiniBatchStop]]
    interrupted: typing.ClassVar[MiniBatchStop]
    no_improvement: typing.ClassVar[MiniBatchStop]
    steps: typing.ClassVar[MiniBatchStop]
    tolerance: typing.ClassVar[MiniBatchStop]
    @typing.overload
    def __eq__(self, other: MiniBatchStop) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: MiniBatchStop) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class KMeansPredictor(Predictor):
    """
    Cluster and distance of the nearest centre.
    """
    def __init__(self, centres: numpy.typing.NDArray[typing.Any]) -> None:
        ...
    @property
    def centres(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
class CovarianceKind:
    """
    What covariances the components of a mixture have.

    Members:

      full

      tied

      diag

      spherical
    """
    __members__: typing.ClassVar[dict[str, CovarianceKind]]
    diag: typing.ClassVar[CovarianceKind]
    full: typing.ClassVar[CovarianceKind]
    spherical: typing.ClassVar[CovarianceKind]
    tied: typing.ClassVar[CovarianceKind]
    @typing.overload
    def __eq__(self, other: CovarianceKind) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: CovarianceKind) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Mixture:
    """
    Weights, means, covariances and the factors of their inverses.
    """
    def __init__(self, kind: CovarianceKind, weights: numpy.typing.NDArray[typing.Any], means: numpy.typing.NDArray[typing.Any], factors: numpy.typing.NDArray[typing.Any], covariances: typing.Any = None) -> None:
        ...
    @property
    def covariances(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def factors(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def means(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def weights(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
class MixturePredictor(Predictor):
    """
    Parts of the components and the logarithm of the density.
    """
    def __init__(self, mixture: Mixture) -> None:
        ...
class DlpackTensor:
    """
    A tensor of another library, held by its DLPack capsule.
    """
    def __init__(self, capsule: typing_extensions.CapsuleType) -> None:
        ...
    def interface(self) -> dict[str, typing.Any]:
        """
        As __cuda_array_interface__, with the number of the device.
        """
class DeviceBuffer:
    """
    An array in device memory, for callers without an array library for devices.
    """
    def __dlpack__(self, *, stream: typing.Any = None) -> typing_extensions.CapsuleType:
        ...
    def __dlpack_device__(self) -> tuple[int, int]:
        ...
    def __init__(self, shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], dtype: numpy.dtype[typing.Any], device: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def from_host(self, host: numpy.typing.NDArray[typing.Any]) -> None:
        """
        Takes the content of a NumPy array.
        """
    def to_host(self) -> numpy.typing.NDArray[typing.Any]:
        """
        A NumPy array of the same content.
        """
    @property
    def __cuda_array_interface__(self) -> dict[str, typing.Any]:
        ...
    @property
    def device(self) -> int:
        ...
    @property
    def dtype(self) -> numpy.dtype[typing.Any]:
        ...
    @property
    def shape(self) -> tuple[typing.Any, ...]:
        ...
class Projection(Predictor):
    """
    Projections of events about a mean on vectors.
    """
    def __init__(self, mean: numpy.typing.NDArray[typing.Any], vectors: numpy.typing.NDArray[typing.Any]) -> None:
        """
        From float64 mean of shape (inputs,) and vectors of shape (outputs, inputs).
        """
    def project(self, rows: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
        """
        float64 of shape (rows, outputs), of float32 or float64 rows of shape (rows, inputs).
        """
    def project_single(self, rows: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float32]:
        """
        float32 of shape (rows, outputs), computed in float32, of float32 rows of shape (rows, inputs).
        """
    @property
    def mean(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def vectors(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
class MonteCarloParams:
    def __init__(self) -> None:
        ...
    @property
    def SampleSize(self) -> int:
        ...
    @SampleSize.setter
    def SampleSize(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Seed(self) -> int:
        ...
    @Seed.setter
    def Seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Sigma(self) -> float:
        ...
    @Sigma.setter
    def Sigma(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class GeneticParams:
    Trim: bool
    def __init__(self) -> None:
        ...
    @property
    def ConvCrit(self) -> float:
        ...
    @ConvCrit.setter
    def ConvCrit(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Cycles(self) -> int:
        ...
    @Cycles.setter
    def Cycles(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def PopSize(self) -> int:
        ...
    @PopSize.setter
    def PopSize(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def SC_factor(self) -> float:
        ...
    @SC_factor.setter
    def SC_factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def SC_rate(self) -> int:
        ...
    @SC_rate.setter
    def SC_rate(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def SC_steps(self) -> int:
        ...
    @SC_steps.setter
    def SC_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def SaveBestCycle(self) -> int:
        ...
    @SaveBestCycle.setter
    def SaveBestCycle(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def SaveBestGen(self) -> int:
        ...
    @SaveBestGen.setter
    def SaveBestGen(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Seed(self) -> int:
        ...
    @Seed.setter
    def Seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Steps(self) -> int:
        ...
    @Steps.setter
    def Steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class KernelTemperature:
    """
    How the temperature of simulated annealing goes.

    Members:

      IncAdaptive

      DecAdaptive

      Sqrt

      Log

      Sin

      Homo

      Geo
    """
    DecAdaptive: typing.ClassVar[KernelTemperature]
    Geo: typing.ClassVar[KernelTemperature]
    Homo: typing.ClassVar[KernelTemperature]
    IncAdaptive: typing.ClassVar[KernelTemperature]
    Log: typing.ClassVar[KernelTemperature]
    Sin: typing.ClassVar[KernelTemperature]
    Sqrt: typing.ClassVar[KernelTemperature]
    __members__: typing.ClassVar[dict[str, KernelTemperature]]
    @typing.overload
    def __eq__(self, other: KernelTemperature) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: KernelTemperature) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class AnnealingParams:
    KernelTemp: KernelTemperature
    UseDefaultScale: bool
    UseDefaultTemp: bool
    def __init__(self) -> None:
        ...
    @property
    def AdaptiveSpeed(self) -> float:
        ...
    @AdaptiveSpeed.setter
    def AdaptiveSpeed(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Eps(self) -> float:
        ...
    @Eps.setter
    def Eps(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def InitialTemp(self) -> float:
        ...
    @InitialTemp.setter
    def InitialTemp(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def MaxCalls(self) -> int:
        ...
    @MaxCalls.setter
    def MaxCalls(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def MinTemp(self) -> float:
        ...
    @MinTemp.setter
    def MinTemp(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def Seed(self) -> int:
        ...
    @Seed.setter
    def Seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def TempAdaptiveStep(self) -> float:
        ...
    @TempAdaptiveStep.setter
    def TempAdaptiveStep(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def TempScale(self) -> float:
        ...
    @TempScale.setter
    def TempScale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class DescentParams:
    UseImprove: bool
    def __init__(self) -> None:
        ...
    @property
    def ErrorLevel(self) -> float:
        ...
    @ErrorLevel.setter
    def ErrorLevel(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def FitStrategy(self) -> int:
        ...
    @FitStrategy.setter
    def FitStrategy(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def MaxCalls(self) -> int:
        ...
    @MaxCalls.setter
    def MaxCalls(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Seed(self) -> int:
        ...
    @Seed.setter
    def Seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Tolerance(self) -> float:
        ...
    @Tolerance.setter
    def Tolerance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class CutsFitter:
    """
    Members:

      GA

      SA

      MC

      MCEvents

      MINUIT
    """
    GA: typing.ClassVar[CutsFitter]
    MC: typing.ClassVar[CutsFitter]
    MCEvents: typing.ClassVar[CutsFitter]
    MINUIT: typing.ClassVar[CutsFitter]
    SA: typing.ClassVar[CutsFitter]
    __members__: typing.ClassVar[dict[str, CutsFitter]]
    @typing.overload
    def __eq__(self, other: CutsFitter) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: CutsFitter) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class CutsEfficiency:
    """
    Members:

      EffSel

      EffPDF
    """
    EffPDF: typing.ClassVar[CutsEfficiency]
    EffSel: typing.ClassVar[CutsEfficiency]
    __members__: typing.ClassVar[dict[str, CutsEfficiency]]
    @typing.overload
    def __eq__(self, other: CutsEfficiency) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: CutsEfficiency) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class CutSide:
    """
    Members:

      NotEnforced

      FMin

      FMax

      FSmart
    """
    FMax: typing.ClassVar[CutSide]
    FMin: typing.ClassVar[CutSide]
    FSmart: typing.ClassVar[CutSide]
    NotEnforced: typing.ClassVar[CutSide]
    __members__: typing.ClassVar[dict[str, CutSide]]
    @typing.overload
    def __eq__(self, other: CutSide) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: CutSide) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class CutsVariable:
    side: CutSide
    def __init__(self) -> None:
        ...
    @property
    def maximum(self) -> float:
        ...
    @maximum.setter
    def maximum(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def minimum(self) -> float:
        ...
    @minimum.setter
    def minimum(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class CutsParams:
    annealing: AnnealingParams
    descent: DescentParams
    efficiency: CutsEfficiency
    fitter: CutsFitter
    genetic: GeneticParams
    monte_carlo: MonteCarloParams
    def __init__(self) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def variables(self) -> list[CutsVariable]:
        ...
    @variables.setter
    def variables(self, arg0: collections.abc.Sequence[CutsVariable]) -> None:
        ...
class Cuts(Predictor):
    """
    The cuts of every signal efficiency.
    """
    def at_efficiency(self, signal_efficiency: typing.SupportsFloat | typing.SupportsIndex) -> Cuts:
        ...
    def cuts_at(self, signal_efficiency: typing.SupportsFloat | typing.SupportsIndex) -> tuple[list[float], list[float]]:
        """
        Lower and upper cuts that belong to a signal efficiency.
        """
    @property
    def table(self) -> tuple[typing.Any, ...]:
        """
        Signal efficiency (lower edge of its bin), background efficiency, lower and upper cuts.
        """
    @property
    def working_point(self) -> float:
        ...
class FormulaFitter:
    """
    Members:

      MC

      GA

      SA

      MINUIT
    """
    GA: typing.ClassVar[FormulaFitter]
    MC: typing.ClassVar[FormulaFitter]
    MINUIT: typing.ClassVar[FormulaFitter]
    SA: typing.ClassVar[FormulaFitter]
    __members__: typing.ClassVar[dict[str, FormulaFitter]]
    @typing.overload
    def __eq__(self, other: FormulaFitter) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FormulaFitter) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FormulaLoss:
    """
    Members:

      classification

      regression

      multiclass
    """
    __members__: typing.ClassVar[dict[str, FormulaLoss]]
    classification: typing.ClassVar[FormulaLoss]
    multiclass: typing.ClassVar[FormulaLoss]
    regression: typing.ClassVar[FormulaLoss]
    @typing.overload
    def __eq__(self, other: FormulaLoss) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: FormulaLoss) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class FormulaParams:
    annealing: AnnealingParams
    converge: bool
    descent: DescentParams
    fitter: FormulaFitter
    formula: str
    genetic: GeneticParams
    loss: FormulaLoss
    monte_carlo: MonteCarloParams
    def __init__(self) -> None:
        ...
    @property
    def n_classes(self) -> int:
        ...
    @n_classes.setter
    def n_classes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ranges(self) -> list[tuple[float, float]]:
        ...
    @ranges.setter
    def ranges(self, arg1: collections.abc.Sequence[tuple[typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex]]) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class Formula(Predictor):
    """
    A formula with its parameters.
    """
    @property
    def formula(self) -> str:
        ...
    @property
    def is_linear(self) -> bool:
        ...
    @property
    def parameters(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        float64, shape (outputs, parameters).
        """
class FormulaResult:
    @property
    def calls(self) -> int:
        ...
    @property
    def loss(self) -> float:
        ...
    @property
    def predictor(self) -> Formula:
        ...
class CommitteeScale:
    """
    Members:

      response

      rank

      probability
    """
    __members__: typing.ClassVar[dict[str, CommitteeScale]]
    probability: typing.ClassVar[CommitteeScale]
    rank: typing.ClassVar[CommitteeScale]
    response: typing.ClassVar[CommitteeScale]
    @typing.overload
    def __eq__(self, other: CommitteeScale) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: CommitteeScale) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class Committee(Predictor):
    """
    The weighted mean of the responses of several models; immutable.
    """
    def __init__(self, variables: collections.abc.Sequence[str], scale: CommitteeScale, models: collections.abc.Sequence[Model], weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], knots: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = [], ranks: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = []) -> None:
        ...
    def model(self, index: typing.SupportsInt | typing.SupportsIndex) -> Model:
        """
        The model of one member.
        """
    @property
    def member_count(self) -> int:
        ...
    @property
    def scale(self) -> CommitteeScale:
        ...
    @property
    def weights(self) -> list[float]:
        ...
class RuleModel:
    """
    Members:

      ModRuleLinear

      ModRule

      ModLinear
    """
    ModLinear: typing.ClassVar[RuleModel]
    ModRule: typing.ClassVar[RuleModel]
    ModRuleLinear: typing.ClassVar[RuleModel]
    __members__: typing.ClassVar[dict[str, RuleModel]]
    @typing.overload
    def __eq__(self, other: RuleModel) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: RuleModel) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class RuleForest:
    """
    Members:

      AdaBoost

      Random
    """
    AdaBoost: typing.ClassVar[RuleForest]
    Random: typing.ClassVar[RuleForest]
    __members__: typing.ClassVar[dict[str, RuleForest]]
    @typing.overload
    def __eq__(self, other: RuleForest) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: RuleForest) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class RuleFitParams:
    ForestType: RuleForest
    Model: RuleModel
    def __init__(self) -> None:
        ...
    @property
    def GDErrScale(self) -> float:
        ...
    @GDErrScale.setter
    def GDErrScale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GDNSteps(self) -> int:
        ...
    @GDNSteps.setter
    def GDNSteps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def GDPathEveFrac(self) -> float:
        ...
    @GDPathEveFrac.setter
    def GDPathEveFrac(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GDStep(self) -> float:
        ...
    @GDStep.setter
    def GDStep(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GDTau(self) -> float:
        ...
    @GDTau.setter
    def GDTau(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GDTauPrec(self) -> float:
        ...
    @GDTauPrec.setter
    def GDTauPrec(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def GDValidEveFrac(self) -> float:
        ...
    @GDValidEveFrac.setter
    def GDValidEveFrac(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def LinQuantile(self) -> float:
        ...
    @LinQuantile.setter
    def LinQuantile(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def MinImp(self) -> float:
        ...
    @MinImp.setter
    def MinImp(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def RuleMinDist(self) -> float:
        ...
    @RuleMinDist.setter
    def RuleMinDist(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def fEventsMax(self) -> float:
        ...
    @fEventsMax.setter
    def fEventsMax(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def fEventsMin(self) -> float:
        ...
    @fEventsMin.setter
    def fEventsMin(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def nTrees(self) -> int:
        ...
    @nTrees.setter
    def nTrees(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def signal_class(self) -> int:
        ...
    @signal_class.setter
    def signal_class(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class Rules(Predictor):
    """
    TMVA's RuleFit; immutable.
    """
    @property
    def linear(self) -> list[typing.Any]:
        ...
    @property
    def offset(self) -> float:
        ...
    @property
    def rules(self) -> list[typing.Any]:
        ...
    @property
    def variable_importance(self) -> list[float]:
        ...
class RuleFitResult:
    @property
    def importance(self) -> list[float]:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def path_error(self) -> list[float]:
        ...
    @property
    def path_step(self) -> list[float]:
        ...
    @property
    def predictor(self) -> Rules:
        ...
    @property
    def rules_different(self) -> int:
        ...
    @property
    def rules_made(self) -> int:
        ...
    @property
    def steps(self) -> int:
        ...
    @property
    def still_falling(self) -> bool:
        ...
    @property
    def tau(self) -> float:
        ...
class LinearLoss:
    """
    Members:

      squared

      logistic
    """
    __members__: typing.ClassVar[dict[str, LinearLoss]]
    logistic: typing.ClassVar[LinearLoss]
    squared: typing.ClassVar[LinearLoss]
    @typing.overload
    def __eq__(self, other: LinearLoss) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: LinearLoss) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class LinearSolver:
    """
    Members:

      Newton

      GradientDescent

      Stochastic

      MiniBatch
    """
    GradientDescent: typing.ClassVar[LinearSolver]
    MiniBatch: typing.ClassVar[LinearSolver]
    Newton: typing.ClassVar[LinearSolver]
    Stochastic: typing.ClassVar[LinearSolver]
    __members__: typing.ClassVar[dict[str, LinearSolver]]
    @typing.overload
    def __eq__(self, other: LinearSolver) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: LinearSolver) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class LinearFitParams:
    Solver: LinearSolver
    Standardise: bool
    loss: LinearLoss
    def __init__(self) -> None:
        ...
    @property
    def BatchSize(self) -> int:
        ...
    @BatchSize.setter
    def BatchSize(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def L1(self) -> float:
        ...
    @L1.setter
    def L1(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def L2(self) -> float:
        ...
    @L2.setter
    def L2(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def LearningRate(self) -> float:
        ...
    @LearningRate.setter
    def LearningRate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def MaxIterations(self) -> int:
        ...
    @MaxIterations.setter
    def MaxIterations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def Tolerance(self) -> float:
        ...
    @Tolerance.setter
    def Tolerance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def variable_names(self) -> list[str]:
        ...
    @variable_names.setter
    def variable_names(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class LinearFitResult:
    @property
    def converged(self) -> bool:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def loss(self) -> list[float]:
        ...
    @property
    def predictor(self) -> Linear:
        ...
    @property
    def ranking(self) -> list[float]:
        ...
def _register_cuda_backend(address: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    For tests: work with the backend at an address (the emulated one); 0: without any.
    """
def available_threads() -> int:
    """
    Threads that this process may use: DISKERN_NUM_THREADS, OMP_NUM_THREADS, or the processors of its affinity mask and control group.
    """
def cuda_devices() -> list[typing.Any]:
    """
    The CUDA devices, a dictionary for each; an empty list where there is none (cuda_status() says why).
    """
def cuda_status() -> str:
    """
    How many CUDA devices there are, or what is missing.
    """
def device_of(address: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    The device whose memory an address is in; -1: none.
    """
def evaluate_mixture(points: numpy.typing.NDArray[typing.Any], mixture: Mixture, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
    """
    Logarithms of the density of float64 points, and what part each component has.
    """
def evaluate_on_device(model: Model, events: tuple[typing.Any, ...], is_double: bool, responses: tuple[typing.Any, ...], device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Responses of events in device memory; matrices are (address, rows, columns, strides in elements).
    """
def factors_of_precisions(kind: CovarianceKind, components: typing.SupportsInt | typing.SupportsIndex, dimensions: typing.SupportsInt | typing.SupportsIndex, precisions: numpy.typing.NDArray[typing.Any]) -> list[float]:
    """
    Upper triangular U with precision = U U^T (flat); roots of variances' inverses.
    """
def find_bin_edges(events: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], max_bins: typing.SupportsInt | typing.SupportsIndex, class_index: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> list[list[float]]:
    """
    Cuts of each variable, ascending; the bin of a value is the number of edges <= value.
    """
def fit_ada_boost(params: AdaBoostParams, events: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], class_index: typing.Any = None, target: typing.Any = None, n_classes: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 1, progress: typing.Any = None) -> AdaBoostResult:
    """
    Events float32 (events, variables), weight float64, class_index int32 or target float64.
    """
def fit_adversarial(generator: Graph, discriminator: Graph, params: AdversarialParams, events: numpy.typing.NDArray[typing.Any], conditions: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> AdversarialFit:
    """
    Trains a generator and a discriminator on float32 events and conditions, of shape (events, numbers).
    """
def fit_clue(cells: numpy.typing.NDArray[typing.Any], energy: numpy.typing.NDArray[typing.Any], critical_distance: typing.SupportsFloat | typing.SupportsIndex, critical_density: typing.SupportsFloat | typing.SupportsIndex, seed_distance: typing.SupportsFloat | typing.SupportsIndex, outlier_distance_factor: typing.SupportsFloat | typing.SupportsIndex, layer: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1, reference: bool = False) -> tuple[typing.Any, ...]:
    """
    Labels, seeds, densities, nearest higher cells and distances to them of float64 cells and energies and int64 layers; reference: from the definition, in quadratic time.
    """
def fit_cuts(params: CutsParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> Cuts:
    """
    TMVA's Cuts of float32 events.
    """
def fit_dbscan(points: numpy.typing.NDArray[typing.Any], eps: typing.SupportsFloat | typing.SupportsIndex, min_samples: typing.SupportsFloat | typing.SupportsIndex, metric: Metric, weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1, reference: bool = False, power: typing.SupportsFloat | typing.SupportsIndex = 2.0, periods: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], tree: bool = False) -> tuple[typing.Any, ...]:
    """
    Labels int64 (-1: noise), core points uint8, number of clusters, of float64 points (points, dimensions); reference: from the definition, in quadratic time; tree: on a k-d tree whatever the density.
    """
def fit_dbscan_events(points: numpy.typing.NDArray[typing.Any], offsets: numpy.typing.NDArray[typing.Any], eps: typing.SupportsFloat | typing.SupportsIndex, min_samples: typing.SupportsFloat | typing.SupportsIndex, metric: Metric, weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1, power: typing.SupportsFloat | typing.SupportsIndex = 2.0, periods: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = []) -> tuple[typing.Any, ...]:
    """
    Labels int64, core points uint8 and the number of clusters of every event; event e has the float64 points offsets[e] .. offsets[e + 1] - 1.
    """
def fit_dbscan_on_device(points: tuple[typing.Any, ...], is_double: bool, eps: typing.SupportsFloat | typing.SupportsIndex, min_samples: typing.SupportsFloat | typing.SupportsIndex, metric: str, weight: typing.SupportsInt | typing.SupportsIndex, labels: typing.SupportsInt | typing.SupportsIndex, core: typing.SupportsInt | typing.SupportsIndex, device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
    """
    DBSCAN of points in device memory; addresses of float64 weights (0: none), int64 labels, uint8 marks of core points. Returns the numbers of clusters and of core points.
    """
def fit_fisher(params: FisherParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0) -> DiscriminantResult:
    """
    TMVA's Fisher discriminant of float32 events, int32 class_index and float64 weight.
    """
def fit_flat_gradient_boosting(params: GradientBoostingParams, flatness: FlatnessParams, events: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], protected_variables: numpy.typing.NDArray[typing.Any], validation: tuple[typing.Any, ...] | None = None, threads: typing.SupportsInt | typing.SupportsIndex = 1, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> GradientBoostingResult:
    """
    Logistic loss and flatness: events float32 (events, variables), weight float64, class_index int32 of two classes, protected_variables float64 (events, protected variables); validation is a tuple of the four.
    """
def fit_foam(params: FoamParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], class_count: typing.SupportsInt | typing.SupportsIndex, targets: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], fill_weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> Foam:
    """
    TMVA's PDEFoam of float32 events.
    """
def fit_formula(params: FormulaParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], targets: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> FormulaResult:
    """
    TMVA's FDA of float32 events; float64 targets of shape (events, targets), without columns but in regression.
    """
def fit_gradient_boosting(params: GradientBoostingParams, events: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], class_index: typing.Any = None, target: typing.Any = None, n_classes: typing.SupportsInt | typing.SupportsIndex = 0, validation: tuple[typing.Any, ...] | None = None, threads: typing.SupportsInt | typing.SupportsIndex = 1, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None, loss: typing.Any = None, loss_link: Link | None = None, metric: typing.Any = None, metric_greater_is_better: bool = False, initial: Forest | None = None) -> GradientBoostingResult:
    """
    Events float32 (events, variables), weight float64, class_index int32 or target float64; validation is a tuple (events, weight, class_index or target). loss(score, target, weight) -> (gradient, hessian[, loss]) in place of params.loss, with loss_link; metric(target, response, weight) -> number in place of params.early_stopping_metric; initial: a Forest to go on from.
    """
def fit_graph(graph: Graph, params: GraphParams, events: numpy.typing.NDArray[typing.Any], targets: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], validation_events: numpy.typing.NDArray[typing.Any] | None = None, validation_targets: numpy.typing.NDArray[typing.Any] | None = None, validation_weight: numpy.typing.NDArray[typing.Any] | None = None, start: numpy.typing.NDArray[typing.Any] | None = None, threads: typing.SupportsInt | typing.SupportsIndex = 0, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> GraphFit:
    """
    Trains a graph on float32 events and float32 targets of shape (events, numbers).
    """
def fit_graph_stream(graph: Graph, params: GraphParams, source: typing.Any, validation_events: numpy.typing.NDArray[typing.Any] | None = None, validation_targets: numpy.typing.NDArray[typing.Any] | None = None, validation_weight: numpy.typing.NDArray[typing.Any] | None = None, validation_source: typing.Any = None, start: numpy.typing.NDArray[typing.Any] | None = None, threads: typing.SupportsInt | typing.SupportsIndex = 0, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> GraphFit:
    """
    Trains a graph on batches of a source: batches(), largest(), first(), begin_epoch(epoch), next(); the last two of them give float32 events, float32 targets and float64 weights.
    """
def fit_hmatrix(params: HMatrixParams, chain: TransformationChain | None, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0) -> Predictor:
    """
    TMVA's HMatrix of float32 events before the transformations of chain.
    """
def fit_kmeans_on_device(points: tuple[typing.Any, ...], is_double: bool, centres: numpy.typing.NDArray[typing.Any], max_iterations: typing.SupportsInt | typing.SupportsIndex, tolerance: typing.SupportsFloat | typing.SupportsIndex, labels: typing.SupportsInt | typing.SupportsIndex, device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> dict[str, typing.Any]:
    """
    Lloyd's iterations over points in device memory; labels is the address of int32 labels.
    """
def fit_likelihood(params: LikelihoodParams, chain: TransformationChain | None, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0) -> LikelihoodResult:
    """
    TMVA's Likelihood of float32 events before the transformations of chain.
    """
def fit_linear(params: LinearFitParams, events: numpy.typing.NDArray[typing.Any], target: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], seed: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> LinearFitResult:
    """
    Linear regression of float64 targets, one column per output.
    """
def fit_linear_discriminant(params: LinearDiscriminantParams, events: numpy.typing.NDArray[typing.Any], targets: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0) -> DiscriminantResult:
    """
    TMVA's LD: weighted least squares of float64 targets of shape (events, outputs).
    """
def fit_logistic(params: LinearFitParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], n_classes: typing.SupportsInt | typing.SupportsIndex, signal_class: typing.SupportsInt | typing.SupportsIndex, weight: numpy.typing.NDArray[typing.Any], seed: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> LinearFitResult:
    """
    Logistic regression, of several classes softmax.
    """
def fit_mini_batches(rows: numpy.typing.NDArray[typing.Any], centres: numpy.typing.NDArray[typing.Any], batch_size: typing.SupportsInt | typing.SupportsIndex, steps: typing.SupportsInt | typing.SupportsIndex, tolerance: typing.SupportsFloat | typing.SupportsIndex, max_no_improvement: typing.SupportsInt | typing.SupportsIndex | None, reassignment_ratio: typing.SupportsFloat | typing.SupportsIndex, trace: bool = False, weight: typing.Any = None, seed: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> dict[str, typing.Any]:
    """
    k-means on batches drawn from float32 or float64 rows: centres, weights, steps, stop, smoothed_inertia, batch_inertia, smoothed, reassigned, since_reassignment.
    """
def fit_mixture(points: numpy.typing.NDArray[typing.Any], start: Mixture, regularisation: typing.SupportsFloat | typing.SupportsIndex, tolerance: typing.SupportsFloat | typing.SupportsIndex, most_iterations: typing.SupportsInt | typing.SupportsIndex, before: typing.SupportsFloat | typing.SupportsIndex, weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[Mixture, list[float], bool, bool]:
    """
    Expectation and maximisation from a start: mixture, lower bounds, converged, interrupted.
    """
def fit_network(params: NetworkParams, events: numpy.typing.NDArray[typing.Any], targets: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], validation_events: numpy.typing.NDArray[typing.Any] | None = None, validation_targets: numpy.typing.NDArray[typing.Any] | None = None, validation_weight: numpy.typing.NDArray[typing.Any] | None = None, threads: typing.SupportsInt | typing.SupportsIndex = 0, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> NetworkFit:
    """
    Trains a network on float32 events and float64 targets of shape (events, outputs).
    """
def fit_random_forest(params: RandomForestParams, events: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], class_index: typing.Any = None, target: typing.Any = None, n_classes: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 1, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> RandomForestResult:
    """
    Events float32 (events, variables), weight float64, class_index int32 or target float64.
    """
def fit_response_densities(signal: ResponseDensityParams, background: ResponseDensityParams, response: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], signal_class: typing.SupportsInt | typing.SupportsIndex, weight: numpy.typing.NDArray[typing.Any]) -> ResponseDensities:
    """
    From weighted histograms of float64 responses.
    """
def fit_rules(params: RuleFitParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], seed: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> RuleFitResult:
    """
    TMVA's RuleFit of float32 events.
    """
def fit_svm(params: SvmParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> SvmResult:
    """
    TMVA's SVM of float32 events.
    """
def fit_svm_regression(params: SvmParams, epsilon: typing.SupportsFloat | typing.SupportsIndex, events: numpy.typing.NDArray[typing.Any], target: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> SvmResult:
    """
    Epsilon-insensitive regression of a float64 target by float32 events.
    """
def fit_tmva_forest(params: TmvaForestParams, analysis: TmvaAnalysis, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], targets: typing.Any, weight: numpy.typing.NDArray[typing.Any], variable_types: str = '', n_classes: typing.SupportsInt | typing.SupportsIndex = 2, signal_class: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> TmvaForestResult:
    """
    Trains a forest as TMVA does: float32 events (n, d), int32 class_index, float64 targets (regression) and weight, a string of 'F' and 'I' for the variables.
    """
def fit_tmva_neighbours(params: TmvaNeighboursParams, events: numpy.typing.NDArray[typing.Any], is_signal: numpy.typing.NDArray[typing.Any], targets: typing.Any, weight: numpy.typing.NDArray[typing.Any]) -> NeighboursPredictor:
    """
    TMVA's KNN of float32 events, uint8 is_signal, float64 targets (events, targets) or None and float64 weight.
    """
def fit_uboost(params: UBoostParams, events: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], protected_variables: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1, seed: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> UBoostResult:
    """
    uBoost: events float32 (events, variables), weight float64, class_index int32 of two classes, protected_variables float64 (events, protected variables).
    """
def flatness(score: numpy.typing.NDArray[typing.Any], bin: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], weight: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], power: typing.SupportsFloat | typing.SupportsIndex = 2.0, threads: typing.SupportsInt | typing.SupportsIndex = 1, from_definition: bool = False) -> tuple[typing.Any, ...]:
    """
    Flatness of the scores of one class and its derivative by each score, per unit weight.
    """
def graph_gradients(graph: Graph, parameters: numpy.typing.NDArray[typing.Any], events: numpy.typing.NDArray[typing.Any], output_gradients: numpy.typing.NDArray[typing.Any], training: bool = False, single_precision: bool = True, threads: typing.SupportsInt | typing.SupportsIndex = 1, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[typing.Any, ...]:
    """
    Outputs before their links, and the gradients of sum(outputs x output_gradients) by parameters and by events; all float64 arrays.
    """
def graph_seconds(graph: Graph, parameters: numpy.typing.NDArray[typing.Any], events: numpy.typing.NDArray[typing.Any], repeats: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> list[float]:
    """
    Seconds of forward and backward of a batch, one per repeat.
    """
def instruction_set() -> str:
    """
    The instruction set that the kernels use: the best one, or what DISKERN_ISA names.
    """
def link_responses(forest: Forest, scores: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[numpy.float64]:
    """
    What the link of the forest makes of scores, float64 (events, outputs).
    """
def load_model(path: str) -> Model:
    ...
def make_range_search(params: RangeSearchParams, events: numpy.typing.NDArray[typing.Any], class_index: numpy.typing.NDArray[typing.Any], targets: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], signal_class: typing.SupportsInt | typing.SupportsIndex = 0) -> Predictor:
    """
    TMVA's PDERS: the predictor that holds float32 events, with float32 targets in regression.
    """
def mean_variance_on_device(points: tuple[typing.Any, ...], is_double: bool, device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> float:
    """
    The mean of the variances of the columns.
    """
def mini_batch_step(rows: numpy.typing.NDArray[typing.Any], centres: numpy.typing.NDArray[typing.Any], weights: numpy.typing.NDArray[typing.Any], weight: typing.Any = None, reassignment_ratio: typing.SupportsFloat | typing.SupportsIndex = 0.0, number: typing.SupportsInt | typing.SupportsIndex = 0, seed: typing.SupportsInt | typing.SupportsIndex = 0, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[typing.Any, ...]:
    """
    One batch: centres, weights that the clusters have seen, inertia of the batch, clusters reassigned (ratio 0: none).
    """
def mixture_of(points: numpy.typing.NDArray[typing.Any], responsibilities: numpy.typing.NDArray[typing.Any], kind: CovarianceKind, regularisation: typing.SupportsFloat | typing.SupportsIndex, weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> Mixture:
    """
    The mixture that float64 responsibilities (points, components) of float64 points give.
    """
def model_from_bytes(content: bytes) -> Model:
    ...
def moments(rows: numpy.typing.NDArray[typing.Any], weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[typing.Any, ...]:
    """
    Sum of weights, mean and covariance (normalised to the sum of weights) of float32 or float64 rows; not finite where a row is not.
    """
def neighbor_flatness(score: numpy.typing.NDArray[typing.Any], variables: numpy.typing.NDArray[typing.Any], weight: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_neighbors: typing.SupportsFloat | typing.SupportsIndex, n_neighborhoods: typing.SupportsInt | typing.SupportsIndex = 5000, threads: typing.SupportsInt | typing.SupportsIndex = 1, from_definition: bool = False) -> tuple[typing.Any, ...]:
    """
    Flatness of the scores of one class against their neighbours in the protected variables (finite float64 of shape (events, variables)), and its derivative by each score, per unit weight.
    """
def partial_dependence(forest: Forest, variables: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], grid: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
    """
    Expected scores with the variables fixed to the rows of grid (float32), by the training weights of the nodes; float64 of shape (points, outputs).
    """
def predict_kmeans(rows: numpy.typing.NDArray[typing.Any], centres: numpy.typing.NDArray[typing.Any], weight: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[typing.Any, ...]:
    """
    Labels int32 and inertia of float32 or float64 rows with float64 centres.
    """
def predict_kmeans_on_device(points: tuple[typing.Any, ...], is_double: bool, centres: numpy.typing.NDArray[typing.Any], labels: typing.SupportsInt | typing.SupportsIndex, device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> float:
    """
    Writes the nearest centre of each point, returns the inertia.
    """
def protected_bins(variables: numpy.typing.NDArray[typing.Any], weight: numpy.typing.NDArray[typing.Any], n_bins: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int32]:
    """
    Bin of each event, int32: n_bins quantiles of |weight| in the first variable, within each as many in the next.
    """
def random_order(count: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.typing.NDArray[numpy.int64]:
    """
    0 .. count-1 in random order, the same for the same seed and step on every machine.
    """
def raw_scores(predictor: Forest, events: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
    """
    Sums over the trees, float64 (events, outputs), before they become probabilities.
    """
def seed_kmeans_on_device(points: tuple[typing.Any, ...], is_double: bool, clusters: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, run: typing.SupportsInt | typing.SupportsIndex, device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Centres by k-means++ of points in device memory.
    """
def select_on_device(marked: typing.SupportsInt | typing.SupportsIndex, n: typing.SupportsInt | typing.SupportsIndex, indices: typing.SupportsInt | typing.SupportsIndex, device: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    The int64 indices of marked points, in device memory.
    """
def silhouettes(points: numpy.typing.NDArray[typing.Any], labels: numpy.typing.NDArray[typing.Any], clusters: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
    """
    Silhouette of every float64 point; int64 labels 0 .. clusters - 1.
    """
def singular_values(matrix: numpy.typing.NDArray[typing.Any]) -> tuple[typing.Any, ...]:
    """
    Singular values, largest first, and right singular vectors as rows of a float64 matrix.
    """
def split_label(text: str) -> tuple[str, str]:
    """
    Splits 'label := expression'; without a label both are the expression.
    """
def start_parameters(graph: Graph, initialisation: str = 'automatic', seed: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.typing.NDArray[numpy.float32]:
    ...
def supported_instruction_sets() -> list[str]:
    """
    The instruction sets that are in this build and run on this machine, the best one last.
    """
def symmetric_eigen(matrix: numpy.typing.NDArray[typing.Any]) -> tuple[typing.Any, ...]:
    """
    Eigenvalues, largest first, and eigenvectors as columns of a symmetric float64 matrix.
    """
def synchronize_device(stream: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
    """
    Waits until a stream has done all its work.
    """
def tmva_poisson(seed: typing.SupportsInt | typing.SupportsIndex, mean: typing.SupportsFloat | typing.SupportsIndex, n: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int32]:
    """
    Poisson numbers as TMVA draws them (TRandom3), int32.
    """
def transform_kmeans(rows: numpy.typing.NDArray[typing.Any], centres: numpy.typing.NDArray[typing.Any], threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[typing.Any]:
    """
    Distances (rows, clusters), in the dtype of the rows.
    """
def tree_answers(forest: Forest, events: numpy.typing.NDArray[typing.Any], begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
    """
    Weight times answer of the trees [begin, end), float64 of shape (events, end - begin).
    """
__version__: str
_cuda_backend_bytes: int = 112
