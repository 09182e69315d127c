"""Configurations of `diskern run` are checked key by key before any event is read."""

from __future__ import annotations

import sys

import pytest

from diskern.cli import config, parser, run

GOOD = {
    "data": {"variables": ["x", "y"], "signal": "s.root:t", "background": [{"source": "b.root:t", "weight": 2}]},
    "methods": [{"type": "Fisher"}],
}


def checked(**changes):
    content = {**GOOD, **changes}
    return run.check(run.Path("job.yaml"), content)


def test_defaults_are_filled_in():
    result = checked()
    assert result["job"] == "job"
    assert result["methods"] == [{"type": "Fisher", "title": "Fisher"}]
    assert result["data"]["trees"] == [
        {"source": "s.root:t", "class": "Signal"},
        {"source": "b.root:t", "weight": 2, "class": "Background"},
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": []}, "unknown key 'method'; did you mean 'methods'"),
        ({"methods": []}, "methods is empty"),
        ({"methods": [{"title": "x"}]}, r"methods\[0\]: 'type' is missing"),
        ({"methods": [{"type": "BDT", "option": ""}]}, "did you mean 'options'"),
        ({"methods": [{"type": "BDT", "options": 3}]}, "options must be"),
        ({"methods": 3}, "expected a list"),
        ({"data": {"variables": []}}, "variables is empty"),
        ({"data": {"variables": ["x"]}}, "give events"),
        ({"data": {"variables": ["x"], "trees": [{"source": "a"}]}}, "'class' is missing"),
        ({"data": {"variables": ["x"], "signal": [{"source": "a", "class": "B"}]}}, "class 'B' given under 'signal'"),
        ({"data": {"variables": ["x"], "signal": [{"sorce": "a"}]}}, "did you mean 'source'"),
        ({"data": {"variables": ["x"], "signal": [{"source": "a", "use": "tset"}]}}, "use is 'tset'"),
        ({"data": []}, "expected keys and values"),
    ],
)
def test_mistakes_name_the_key(changes, message):
    with pytest.raises(config.ConfigurationError, match=message):
        checked(**changes)


def test_regression_trees_need_no_class():
    data = {"variables": ["x"], "targets": "t", "trees": ["a.root:t"]}
    assert checked(data=data)["data"]["trees"][0]["class"] == "Regression"


def test_yaml_and_toml_read_the_same(tmp_path):
    yaml = tmp_path / "a.yaml"
    yaml.write_text("job: a\ndata: {variables: [x, y]}\nmethods:\n  - {type: BDT}\n")
    content = {"job": "a", "data": {"variables": ["x", "y"]}, "methods": [{"type": "BDT"}]}
    assert config.read(yaml) == content
    if sys.version_info >= (3, 11):
        toml = tmp_path / "a.toml"
        toml.write_text('job = "a"\n[data]\nvariables = ["x", "y"]\n[[methods]]\ntype = "BDT"\n')
        assert config.read(toml) == content


@pytest.mark.parametrize("text", ["a: [1", "just text", "- a\n- b\n", "!!python/object/apply:os.getcwd []"])
def test_broken_yaml_is_a_configuration_error(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(config.ConfigurationError, match=r"a\.yaml"):
        config.read(path)


def test_unknown_ending(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(config.ConfigurationError, match=r"\.yaml, \.yml, \.toml or \.py"):
        config.read(path)


def test_every_command_explains_itself(capsys):
    for command in ("run", "report", "apply", "inspect", "doctor", "bench"):
        with pytest.raises(SystemExit) as stop:
            parser().parse_args([command, "--help"])
        assert stop.value.code == 0
        assert len(capsys.readouterr().out) > 300
