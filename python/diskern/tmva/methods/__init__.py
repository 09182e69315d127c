"""The methods that can be booked by name."""

from __future__ import annotations

# Type name -> "module:Class", imported when first booked. The module is absolute or relative to this package.
METHODS: dict[str, str] = {
    "AdaBoost": ".forests:AdaBoost",
    "BDT": ".bdt:BDT",
    "Boost": ".boost:Boost",
    "Category": ".category:Category",
    "CFMlpANN": ".mlp_ann:CFMlpANN",
    "Committee": ".committee:Committee",
    "Cuts": ".cuts:Cuts",
    "DBSCAN": ".clusters:DBSCAN",
    "DL": ".dl:DL",
    "DNN": ".dnn:DNN",
    "DT": ".dt:DT",
    "ExtraTrees": ".forests:ExtraTrees",
    "FDA": ".fda:FDA",
    "Fisher": ".fisher:Fisher",
    "FlatGradientBoostedTrees": ".flat_gradient_boosted_trees:FlatGradientBoostedTrees",
    "GradientBoostedTrees": ".gradient_boosted_trees:GradientBoostedTrees",
    "HMatrix": ".hmatrix:HMatrix",
    "KMeans": ".clusters:KMeans",
    "KNN": ".knn:KNN",
    "LD": ".ld:LD",
    "Likelihood": ".likelihood:Likelihood",
    "LinearRegression": ".regressions:LinearRegression",
    "LogisticRegression": ".regressions:LogisticRegression",
    "MLP": ".mlp:MLP",
    "PDEFoam": ".pdefoam:PDEFoam",
    "PDERS": ".pders:PDERS",
    "RandomForest": ".forests:RandomForest",
    "RuleFit": ".rulefit:RuleFit",
    "SVM": ".svm:SVM",
    "TMlpANN": ".mlp_ann:TMlpANN",
    "UBoost": ".uboost:UBoost",
}
