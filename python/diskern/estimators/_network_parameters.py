"""The choices of the network estimators and their description."""

from __future__ import annotations

from .. import _core

#: scikit-learn's words where it has some, else the names of the core
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"} | {
    name: name for name in _core.Activation.__members__ if name not in ("linear", "sigmoid", "tmva_tanh")
}
OPTIMIZERS = {"sgd": "gradient_descent"} | {
    name: name for name in _core.OptimizerKind.__members__ if name != "gradient_descent"
}
SOLVERS = dict.fromkeys(OPTIMIZERS, "mini_batch") | {"bp": "sequential", "bfgs": "bfgs", "lbfgs": "lbfgs"}
REGRESSION_LOSSES = {
    "squared_error": "squared",
    "absolute_error": "absolute",
    "huber": "huber",
    "quantile": "quantile",
    "poisson": "poisson",
}

PARAMETERS = """
    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Neurons of each hidden layer; empty: none.
    activation : str
        Of the hidden neurons: relu, tanh, logistic, identity, leaky_relu, elu, selu, gelu, silu, softsign, softplus,
        radial exp(-x^2 / 2), gauss exp(-x^2), gauss_complement, hard_sigmoid, symmetric_relu, exponential.
    layers : list of Layer, or Graph, optional
        Instead of dense hidden layers: a list of layers (:mod:`diskern.networks`) up to the last one, which is added;
        its first element may be an ``Input`` that says the shape of an event, X then is (events, *shape). Or a complete
        graph, which gives one number for two classes, one per class for more, one for a regression; with several inputs
        X is a tuple of arrays or a mapping by their names. The solver bp is not available. Variables in one row are
        standardised, images, series and what goes into a Graph are taken as they are.
    solver : str
        Rule of the steps on mini-batches: adam (arXiv:1412.6980), adamw, nadam, sgd, momentum, nesterov, adagrad,
        adadelta, rmsprop. Or, on all events at once, lbfgs (Liu and Nocedal, 1989); or TMVA's back propagation event by
        event (bp), or TMVA's BFGS on all events (bfgs; with ``layers`` BFGS as in textbooks).
    learning_rate_init : float
        Step size of mini-batches (adadelta: usually 1), learning rate of bp.
    batch_size : int
        Events of a mini-batch; 0: all.
    max_iter : int
        Most epochs.
    alpha : float
        L2 penalty of mini-batches, divided by the batch size (scikit-learn's convention); not applied to biases.
    beta_1, beta_2, epsilon : float
        Of adam, adamw, nadam; epsilon also of adagrad, adadelta and rmsprop.
    momentum : float
        Of momentum and nesterov.
    rho : float
        Decay of the mean of squares of rmsprop and adadelta.
    l1 : float
        L1 penalty of mini-batches, per unit weight of events; not applied to biases.
    weight_decay : float
        Decoupled weight decay of adamw; not applied to biases.
    clip_norm : float
        Longer gradients of mini-batches are scaled down to this length; 0: never.
    schedule : {'constant', 'step', 'cosine', 'one_cycle', 'plateau', 'exponential'}
        Of the step size of mini-batches: step multiplies it by ``schedule_factor`` after every ``schedule_period``
        epochs, exponential after every epoch, plateau when the loss has not improved for ``schedule_period`` epochs;
        cosine falls to 0 over ``max_iter`` epochs, one_cycle rises for three tenths of them before.
    schedule_factor : float
    schedule_period : int
    dropout : float
        Probability with which a hidden neuron is left out in a step of mini-batches; the others are divided by 1 minus
        it (Srivastava et al., JMLR 15 (2014) 1929). With ``layers`` use :class:`diskern.networks.Dropout`.
    averaging : {'none', 'exponential', 'tail'}
        The model has weights averaged over the steps of mini-batches: an exponential mean over about a thousand of
        them, or the plain mean over the last quarter of ``max_iter`` epochs.
    initialisation : str
        First weights: automatic (small_uniform for ReLU and its kin, lecun_normal for selu, else glorot_uniform),
        small_uniform in +- 1 / sqrt(inputs), glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform,
        lecun_normal, uniform in [-1, 1], normal, zero, tmva.
    early_stopping : 'auto' or bool
        'auto': with a validation sample given to ``fit``; True: without one ``validation_fraction`` of the events is
        set apart; False: never. The weights of the smallest validation loss are kept. Without it, training ends when
        the training loss no longer improves.
    validation_fraction : float
        Fraction of the events set apart.
    n_iter_no_change : int
        Stop after so many epochs without improvement.
    tol : float
        Smallest decrease of the loss that counts as improvement.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': negative weights multiply the loss of their events (which may leave it without a minimum); 'ignore': the
        events are left out; 'error': they are refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    random_state : int, RandomState or None
        Seed of the first weights, the order of events and the events set apart.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    n_iter_ : int
        Epochs done.
    best_iteration_ : int
        Epoch of the weights in the model.
    converged_ : bool
        Whether training ended before ``max_iter``.
    loss_curve_, validation_loss_ : float64 arrays
        Mean loss per unit weight after each epoch (Adam: over the epoch); ``validation_loss_`` is empty without a
        validation sample.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the best weights so far are kept.
    n_features_in_ : int
    feature_names_in_ : array of str, where the events had names

    Notes
    -----
    Variables are standardised inside the model (so are the targets of a regression), event weights are scaled to a
    mean absolute value of 1. Training by mini-batches and the evaluation of such models are in float32 (losses are
    summed in float64), bp, bfgs and lbfgs in float64. Weights that stop being finite are an error,
    or, once a whole epoch was done, a warning and the best weights before.
"""


LOSS_PARAMETERS = """    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson'}
        What is minimised: the answers then are means, medians, means that far events pull less, quantiles, or expected
        counts (targets of 0 or more, the model answers the exponential of its last sum).
    quantile : float
        Which quantile, between 0 and 1.
    huber_distance : float
        Distance from the target, in its unit, from which on the huber loss is a straight line.
"""

CLASS_LOSS_PARAMETERS = """    loss : {'log_loss', 'hinge', 'multi_label', 'kullback_leibler'}
        What is minimised. log_loss: the cross entropy of a sigmoid (two classes) or a softmax. hinge:
        max(0, 1 - (2 t - 1) z) of the response z, for more than two classes of each against the rest; it gives no
        probabilities. multi_label: events belong to any number of classes at once, y is (events, classes) of 0 and 1.
        kullback_leibler: y is (events, classes) of probabilities, to which the softmax comes as near as it can.
"""
