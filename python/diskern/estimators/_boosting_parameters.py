"""The parameters of the boosted trees in words, for the docstrings of classifier and regressor."""

from __future__ import annotations

_PARAMETERS = """
    Parameters
    ----------
    n_estimators : int
        Iterations: trees, or in multiclass classification trees per class.
    learning_rate : float
        Factor on the leaves of each tree.
    max_leaf_nodes : int or None
        Most leaves of a tree; None: no limit.
    max_depth : int or None
        Most cuts from the root to a leaf; None: no limit.
    grow_policy : {'leaf_wise', 'depth_wise'}
        Split the leaf of the largest gain next, or level by level.
    min_samples_leaf : float
        Fewest events in a leaf. An event of weight above one counts as often as its weight says.
    min_child_weight : float
        Smallest sum of hessians (sum of weights for the squared error) in a leaf.
    min_gain : float
        Smallest gain G_L^2/(H_L+l2) + G_R^2/(H_R+l2) - G^2/(H+l2) of a cut.
    l1_regularization : float
        l1 in the leaf -T(G)/(H+l2) and the gain T(G)^2/(H+l2), with T(G) = sign(G) max(|G| - l1, 0).
    l2_regularization : float
        l2 in the gain and in the leaf -G/(H+l2).
    max_leaf_value : float or None
        Largest absolute value of a leaf before the learning rate; None: no bound.
    min_effective_count : float
        Smallest (sum of w)^2 / sum of w^2 in a leaf: the number of events of equal weight with the same precision.
    monotone_constraints : array-like of shape (variables,), dict or None
        +1: the response must not fall with the variable, -1: it must not rise, 0: free. A dictionary has names of
        variables (or column numbers) as keys. Regression and two classes.
    interaction_constraints : sequence of sequences, 'pairwise', 'no_interactions' or None
        Groups of variables (names or column numbers); those on a path from the root lie within one group. Variables of
        no group form one more.
    max_bins : int
        Most bins of values for a variable, 2 to 255; missing values have one more.
    boosting : {'gradient', 'goss', 'dart'}
        'goss': an iteration uses the events of the largest gradients and a part of the others, which then count more;
        'dart': an iteration drops some of the trees, and the new one shares their place.
    subsample : float
        Fraction of the events that each iteration draws; not with 'goss'.
    column_fraction_tree, column_fraction_level, column_fraction_node : float
        Fraction of the variables drawn for each tree, of those for each level, of those for each node.
    goss_top_fraction, goss_other_fraction : float
        Fractions of all events: those of the largest gradients, and those drawn from the others.
    dropout_rate, dropout_skip : float
        Of 'dart': the probability of a tree to be dropped (one at least is), and of an iteration to drop none.
    early_stopping : 'auto' or bool
        'auto': with a validation sample given to ``fit``; True: without one ``validation_fraction`` of the events is
        set apart; False: never. The iteration of the best validation metric is kept.
    early_stopping_metric : {'auto', 'loss', 'auc', 'accuracy', 'rmse', 'mae'} or callable
        'auto': the loss, but 'mae' for the loss 'huber', whose scale changes from iteration to iteration. 'auc' and
        'accuracy' are for classification, 'rmse' and 'mae' for regression. A callable is called with (true answers,
        responses, sample_weight=weights) of the validation sample and returns a number; the responses are the
        probability of ``classes_[1]``, of all classes (events, classes), or the estimated target.
    metric_greater_is_better : bool
        Whether a callable ``early_stopping_metric`` is to be large.
    validation_fraction : float
        Fraction of the events set apart.
    n_iter_no_change : int
        Stop after so many iterations without improvement.
    tol : float
        Smallest decrease of the validation loss that counts as improvement.
    negative_weights : {'keep', 'ignore', 'pair', 'clip', 'absolute', 'error'}
        'keep': events of negative weight count as they are, and both sides of a cut need positive sums of weights and
        hessians; 'ignore': they are left out of the training; 'pair': each is merged with the nearest events of
        positive weight of its class until its weight is used up; 'clip': weight 0; 'absolute': weight |w|; 'error':
        they are refused. The validation sample keeps its negative weights, except with 'clip', 'absolute' and 'error'.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    random_state : int, RandomState or None
        Seed of everything drawn: events, variables, dropped trees, and the events set apart for validation.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    n_iter_ : int
        Iterations in the model, those of ``init_model`` included.
    training_loss_, validation_loss_ : float64 arrays
        Mean loss per unit weight after 0, 1, ... iterations; ``validation_loss_`` is empty without a validation sample.
    validation_metric_ : float64 array
        ``early_stopping_metric`` after 0, 1, ... iterations; empty where it is the loss.
    best_iteration_ : int
        Iteration of the best validation metric (``n_iter_`` without a validation sample), counted in this training.
    feature_importances_ : float64 array of shape (variables,)
        Sum of the gains of the cuts on each variable, normalised to one.
    negative_weight_fraction_ : list of float64 arrays
        For each tree of this training and each of its nodes, in the order of the arrays of ``predictor_.tree(i)``:
        which part f of the sum of absolute weights of the events there is that of negative weights. Empty where none
        is trained on. Cancellation leaves (1 - 2 f)^2 of the statistical power of the events (of weights of one size).
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.
    n_features_in_ : int
    feature_names_in_ : array of str, where the events had names

    Notes
    -----
    NaN is a missing value and goes to the side of each cut that training found better; infinities are values. Variables
    are float32. Leaves are Newton steps (Friedman, Ann. Stat. 29 (2001) 1189; Chen and Guestrin, arXiv:1603.02754) on
    histograms of integers, so that neither threads nor the order of events change a bit of the model, and an event of
    integer weight k counts exactly as k events.
"""


_CLASSIFIER_LOSS = """\
    loss : {'log_loss', 'one_vs_all'} or callable
        'log_loss': one tree per iteration for two classes, softmax over one per class for more; 'one_vs_all': each
        class against all others, the probabilities divided by their sum; a callable
        ``loss(score, target, weight)`` returns (gradient, hessian) or (gradient, hessian, loss) of every event as if
        its weight were one, with the score before the link, beginning at 0.
    loss_link : {'identity', 'logistic', 'exponential', 'softmax', 'normalised_logistic', 'tmva_gradient'} or None
        Of a callable loss, from the score to the response; None: logistic for two classes, softmax
        for more.
    class_weight : dict, 'balanced' or None
        Factors on the weights of the events of each class; 'balanced': sum of all weights / (classes * sum of weights
        of the class), which is scikit-learn's for events without weights.
"""

_REGRESSOR_LOSS = """\
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', 'gamma', 'tweedie'} or callable
        Leaves are weighted medians or quantiles of the residuals for 'absolute_error' and 'quantile', one step from the
        median for 'huber'; 'poisson', 'gamma' and 'tweedie' estimate the mean as an exponential; a callable
        ``loss(score, target, weight)`` returns (gradient, hessian) or (gradient, hessian, loss) of every event as if
        its weight were one, with the score before the link, beginning at 0.
    loss_link : {'identity', 'logistic', 'exponential', 'softmax', 'normalised_logistic', 'tmva_gradient'} or None
        Of a callable loss, from the score to the response; None: identity.
    quantile : float
        Of the loss 'quantile'.
    huber_quantile : float
        Of the loss 'huber': this quantile of the absolute residuals parts the squared from the linear loss.
    tweedie_power : float
        Of the loss 'tweedie', between 1 and 2: the variance is the mean to this power.
"""


CLASSIFIER = _PARAMETERS.replace("    n_estimators : int", _CLASSIFIER_LOSS + "    n_estimators : int", 1)
REGRESSOR = _PARAMETERS.replace("    n_estimators : int", _REGRESSOR_LOSS + "    n_estimators : int", 1)
