"""A model file with anything in it is read, or refused with FormatError: no crash, no hang, no memory without end.

The checksums are made right again after every mutation, so that what lies behind them is reached.
"""

from __future__ import annotations

import functools
import resource
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diskern
from diskern import _core
from diskern.estimators.fisher import FisherClassifier
from diskern.estimators.folds import KFoldClassifier
from diskern.estimators.gaussian_mixture import GaussianMixture
from diskern.estimators.gradient_boosted_trees import GradientBoostedTreesClassifier
from diskern.estimators.graph_network import GraphNetwork
from diskern.estimators.kmeans import KMeans
from diskern.estimators.network import NetworkRegressor
from diskern.estimators.pca import PCA
from diskern.estimators.uboost import UBoostClassifier
from diskern.networks import (
    LSTM,
    BatchNormalisation,
    Convolution2D,
    Dense,
    GlobalAveragePooling,
    Graph,
    Input,
    MaximumPooling2D,
    Reshape,
    SelfAttention,
)
from diskern.tmva import DataLoader, Factory

pytest.importorskip("sklearn")

HEADER = struct.Struct("<8sIIQI")
Section = tuple[bytes, int, bytes]


def unpack(content: bytes) -> list[Section]:
    """Sections (name, flags, content) of a valid file."""
    sections = []
    position = HEADER.size
    while position < len(content):
        length = content[position]
        name = content[position + 1 : position + 1 + length]
        position += 1 + length
        flags, size = struct.unpack_from("<BQ", content, position)
        position += 9
        sections.append((name, flags, content[position : position + size]))
        position += size + 4  # and the checksum
    return sections


def pack(sections: list[Section]) -> bytes:
    """A file whose sizes and checksums are right, whatever the sections hold."""
    body = b""
    for name, flags, content in sections:
        section = bytes([len(name)]) + name + struct.pack("<BQ", flags, len(content)) + content
        body += section + struct.pack("<I", zlib.crc32(section))
    head = HEADER.pack(b"\x89DISKERN", 1, len(sections), HEADER.size + len(body), 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head)) + body


@functools.cache
def models() -> tuple[tuple[str, bytes, int], ...]:
    """Name, file and number of variables of one small model of each kind."""
    generator = np.random.default_rng(1)
    events = generator.normal(size=(120, 3)).astype(np.float32)
    labels = np.arange(120) % 3
    events[:, 0] += labels
    trees = GradientBoostedTreesClassifier(n_estimators=2, max_leaf_nodes=4).fit(events, labels)
    network = NetworkRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=1).fit(events, events[:, 0])
    graph = GraphNetwork(
        Graph.chain(
            [
                Input((4, 4, 1)),
                Convolution2D(3, 3, padding="same", activation="relu"),
                MaximumPooling2D(2),
                BatchNormalisation(),
                Reshape((4, 3)),
                SelfAttention(3),
                LSTM(2, sequences=True),
                GlobalAveragePooling(),
                Dense(2),
            ],
            (),
        ),
        max_iter=1,
        random_state=1,
    ).fit(generator.normal(size=(40, 16)), generator.normal(size=(40, 2)))
    key = np.arange(120)
    small = GradientBoostedTreesClassifier(n_estimators=1, max_leaf_nodes=2)
    folds = KFoldClassifier(small, 2).fit(events, labels > 0, key=key)
    by_expression = KFoldClassifier(FisherClassifier(), 2, split="key % 2").fit(events, labels > 0, key={"key": key})
    linear = FisherClassifier().fit(events, labels > 0)
    loader = DataLoader("mutation")
    for name in ("a", "b := a*c", "c"):
        loader.AddVariable(name)
    for name, shift in (("Signal", 1.0), ("Background", 0.0)):
        loader.AddTree({"a": events[:, 0] + shift, "c": events[:, 1]}, name)
    loader.PrepareTrainingAndTestTree("", "!V")
    factory = Factory("mutation", Silent=True, ModelPersistence=False)
    booked = factory.BookMethod(loader, "LD", "LD", "VarTransform=G_Signal,P,U,N,D")
    cuts = factory.BookMethod(loader, "Cuts", "Cuts", "FitMethod=MC:SampleSize=100")
    formula = factory.BookMethod(loader, "FDA", "FDA", "Formula=(0)+(1)*x0:ParRanges=(0,1);(0,1)")
    range_search = factory.BookMethod(loader, "PDERS", "PDERS", "")
    vectors = factory.BookMethod(loader, "SVM", "SVM", "VarTransform=N")
    hmatrix = factory.BookMethod(loader, "HMatrix", "HMatrix", "VarTransform=N")
    likelihood = factory.BookMethod(loader, "Likelihood", "Likelihood", "Nbins=8:PDFInterpolSig[0]=KDE")
    neighbours = factory.BookMethod(loader, "KNN", "KNN", "nkNN=5")
    fraction = factory.BookMethod(loader, "DBSCAN", "DBSCAN", "")
    boosted = factory.BookMethod(loader, "Fisher", "Boosted", "Boost_Num=3:Boost_Transform=log")
    categories = factory.BookMethod(loader, "Category", "Categories")
    categories.AddMethod("a > 0.5", "a:c", "Fisher", "right")
    categories.AddMethod("a <= 0.5", "c", "LD", "left", "VarTransform=N")
    foam = factory.BookMethod(loader, "PDEFoam", "Foam", "Nmin=10:nSampl=50:SigBgSeparate")
    rules = factory.BookMethod(loader, "RuleFit", "Rules", "nTrees=2:GDNSteps=100:GDTau=0.5")
    sum_of_kernels = factory.BookMethod(
        loader, "SVM", "Sum", "Kernel=Sum:KernelList=RBF+MultiGauss:GammaList=1,2,3:VarTransform=N"
    )
    logistic = factory.BookMethod(loader, "LogisticRegression", "Logistic", "CreateMVAPdfs:NbinsMVAPdf=10")
    committee = factory.BookMethod(loader, "Committee", "Mean", "Members=LD,Logistic:Average=Rank")
    factory.TrainAllMethods()
    mean = _core.FoldsPredictor(_core.FoldRule.mean(2), [linear.predictor_, linear.predictor_])
    of_folds = _core.Model({**linear._model().info, "title": "mean"}, None, mean)
    votes = UBoostClassifier(n_estimators=2, max_depth=2, efficiency_steps=2, n_neighbors=10)
    votes.fit(events, labels > 0, protected=events[:, 2])
    variable = '<Variable VarIndex="{0}" Expression="v{0}" Label="v{0}"/>'
    rules_of_tmva = diskern.Model(
        f"""<MethodSetup Method="RuleFit::r"><Variables NVar="2">{variable.format(0)}{variable.format(1)}</Variables>
        <Weights NRules="1" NLinear="2" Offset="0.5"><Rule Coeff="0.7" Nvars="2">
        <Cut Selector="1" Min="0" Max="1" DoMin="T" DoMax="F"/><Cut Selector="0" Min="0" Max="1" DoMin="F" DoMax="T"/>
        </Rule><Linear OK="1" Coeff="0.3" Norm="1.5" DM="-2" DP="2"/><Linear OK="0" Coeff="0" Norm="1" DM="-1" DP="1"/>
        </Weights></MethodSetup>""".encode()
    )
    return (
        ("trees", trees._model().to_bytes(), 3),
        ("network", network._model().to_bytes(), 3),
        ("graph", graph._model().to_bytes(), 16),
        ("linear", linear._model().to_bytes(), 3),
        ("transformations", booked.model.to_bytes(), 3),
        ("cuts", cuts.model.to_bytes(), 3),
        ("formula", formula.model.to_bytes(), 3),
        ("range search", range_search.model.to_bytes(), 3),
        ("kernel machine", vectors.model.to_bytes(), 3),
        ("hmatrix", hmatrix.model.to_bytes(), 3),
        ("likelihood", likelihood.model.to_bytes(), 3),
        ("foam", foam.model.to_bytes(), 3),
        ("boosted", boosted.model.to_bytes(), 3),
        ("categories", categories.model.to_bytes(), 3),
        ("k-means", KMeans(4, random_state=0).fit(events)._model().to_bytes(), 3),
        ("mixture", GaussianMixture(2, random_state=0).fit(events)._model().to_bytes(), 3),
        (
            "mixture, tied",
            GaussianMixture(2, covariance_type="tied", random_state=0).fit(events)._model().to_bytes(),
            3,
        ),
        ("folds", folds._model().to_bytes(), 3),
        ("folds by expression", by_expression._model().to_bytes(), 3),
        ("mean of folds", of_folds.to_bytes(), 3),
        ("neighbours", neighbours.model.to_bytes(), 3),
        ("cluster fractions", fraction.model.to_bytes(), 3),
        ("votes", votes._model().to_bytes(), 3),
        ("projection", PCA(2).fit(events)._model().to_bytes(), 3),
        ("rules", rules.model.to_bytes(), 3),
        ("rules of TMVA", rules_of_tmva.to_bytes(), 2),
        ("sum of kernels", sum_of_kernels.model.to_bytes(), 3),
        ("densities of the response", logistic.model.to_bytes(), 3),
        ("committee", committee.model.to_bytes(), 3),
    )


def read(content: bytes, variables: int) -> bool:
    """Whether the file is a model; one that is must evaluate events, or say why not."""
    try:
        model = _core.model_from_bytes(content)
    except _core.FormatError:
        return False
    events = np.linspace(-3, 3, 20 * variables, dtype=np.float32).reshape(20, variables)
    try:
        if model.key_columns:
            responses = model.evaluate_with_key(events, np.ones((20, len(model.key_columns))))
        else:
            responses = model.evaluate(events)
        if model.response_densities is not None:
            model.response_densities.probability(np.linspace(-3, 3, 20))
            model.response_densities.rarity(np.linspace(-3, 3, 20))
    except _core.InvalidArgument:  # a mutation may change the number of variables
        return True
    assert responses.shape[0] == 20
    assert isinstance(model.info, dict)
    model.to_bytes()
    return True


def test_every_kind_of_model_is_mutated() -> None:
    content = next(content for name, content, _ in models() if name == "k-means")
    unknown = [(name, flags, data.replace(b"k_means", b"k_meanz")) for name, flags, data in unpack(content)]
    with pytest.raises(_core.FormatError, match="expected one of") as error:
        _core.model_from_bytes(pack(unknown))
    kinds = set(str(error.value).split("expected one of ")[1].split(", "))
    assert {"forest", "rules", "k_means"} <= kinds
    written = b"".join(content for _, content, _ in models())
    assert {kind for kind in kinds if kind.encode() not in written} == set()


def test_the_container_is_understood_here() -> None:
    for _, content, variables in models():
        assert pack(unpack(content)) == content
        assert read(content, variables)


N_MODELS = 29
NUMBERS = st.sampled_from([0, 1, 2, 3, 127, 128, 255, 2**15, 2**20, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1])


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, int]:
    _, content, variables = draw(st.sampled_from(models()))
    sections = unpack(content)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(sections) - 1))
        name, flags, data = sections[index]
        change = bytearray(data)
        at = draw(st.integers(0, max(len(change) - 1, 0)))
        length = draw(st.integers(1, 16))
        match draw(st.sampled_from(["byte", "bit", "number", "cut", "repeat", "drop", "twice"])):
            case "byte":
                change[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "bit":
                change[at : at + 1] = bytes([(change[at] if change else 0) ^ 1 << draw(st.integers(0, 7))])
            case "number":
                width = draw(st.sampled_from([1, 4, 8]))
                number = draw(NUMBERS) % 256**width
                change[at : at + width] = number.to_bytes(width, "little")
            case "cut":
                del change[at : at + length]
            case "repeat":
                change[at:at] = change[at : at + length]
            case "drop":
                if len(sections) > 1:
                    del sections[index]
                continue
            case "twice":
                sections.append(sections[index])
                continue
        sections[index] = (name, flags, bytes(change))
    return pack(sections), variables


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(mutated())
def test_mutations_behind_the_checksums(file: tuple[bytes, int]) -> None:
    read(*file)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutations_of_the_plain_file_are_all_noticed(data: st.DataObject) -> None:
    """Without new checksums no single changed byte gets through, in whatever part of the file."""
    _, content, variables = data.draw(st.sampled_from(models()))
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert not read(bytes(changed), variables)


@pytest.mark.parametrize("index", range(N_MODELS))
def test_every_cut_is_noticed(index: int) -> None:
    assert len(models()) == N_MODELS
    name, content, variables = models()[index]
    for length in (*range(0, len(content), max(len(content) // 400, 1)), len(content) - 1):
        assert not read(content[:length], variables), f"{name}: {length} of {len(content)} bytes"


def test_large_claims_take_no_memory() -> None:
    """Counts of a billion in place of each number of the file, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _, content, variables in models():
        sections = unpack(content)
        for index, (name, flags, data) in enumerate(sections):
            for at in range(0, max(len(data) - 8, 0), 3):
                claim = data[:at] + (1 << 30).to_bytes(8, "little") + data[at + 8 :]
                read(pack([*sections[:index], (name, flags, claim), *sections[index + 1 :]]), variables)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_damage_is_told_by_every_door(tmp_path) -> None:
    content = models()[0][1]
    path = tmp_path / "model.diskern"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(diskern.FormatError, match=r"model\.diskern"):
        diskern.load(path)
    with pytest.raises(diskern.FormatError, match=r"model\.diskern"):
        diskern.tmva.Reader().BookMVA("tag", path)
    with pytest.raises(FileNotFoundError):
        diskern.tmva.Reader().BookMVA("tag", tmp_path / "absent.diskern")
