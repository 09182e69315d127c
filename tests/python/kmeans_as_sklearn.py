"""pytest plugin: Diskern's KMeans and MiniBatchKMeans where scikit-learn's are, before tests are collected."""

from __future__ import annotations

import sklearn.cluster

import diskern

sklearn.cluster.KMeans = diskern.KMeans
sklearn.cluster.MiniBatchKMeans = diskern.MiniBatchKMeans
