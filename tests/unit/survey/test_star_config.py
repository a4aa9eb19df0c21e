"""Keys of a survey's stars, references and noise: read, checked, explained."""

import dataclasses

import pytest

from reseau.config import read_toml, write_toml
from reseau.errors import ConfigError
from reseau.survey.star_config import NoiseConfig, ReferenceConfig, StarsConfig

RECORDS = (StarsConfig, ReferenceConfig, NoiseConfig)


@pytest.mark.parametrize("record", RECORDS)
def test_an_empty_file_is_the_default_record(tmp_path, record):
    path = tmp_path / "survey.toml"
    path.write_text("")
    assert read_toml(path, record)[0] == record()


@pytest.mark.parametrize("record", RECORDS)
def test_what_is_written_is_read_again(tmp_path, record):
    path = tmp_path / "survey.toml"
    write_toml(record(), path)
    assert read_toml(path, record)[0] == record()


def test_keys_have_the_names_of_the_fields():
    for record in RECORDS:
        for declared in dataclasses.fields(record):
            assert declared.metadata["key"] == declared.name


@pytest.mark.parametrize(
    ("text", "record", "wanted"),
    [
        ("motion = 'still'", StarsConfig, "one of held, moving"),
        ("binary_fraction = 1.5", StarsConfig, "at most 1"),
        ("count = -1", StarsConfig, "0 or more"),
        ("errors = 'gaia-dr2'", ReferenceConfig, "gaia-dr3"),
        ("floor_scale_deg = 0.0", ReferenceConfig, "> 0"),
        ("kind = 'magnitudes'", NoiseConfig, "did you mean 'magnitude'"),
        ("blend_separation = 1.0", StarsConfig, "blend_separation_arcsec"),
    ],
)
def test_a_wrong_value_in_a_file_is_refused_with_its_line(
    tmp_path, text, record, wanted
):
    path = tmp_path / "survey.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_toml(path, record)
    assert wanted in str(caught.value)
    assert "line 1" in str(caught.value)


def test_a_body_may_be_given_by_its_name_alone():
    assert StarsConfig(bodies="moon,sun").bodies == ("moon", "sun")
    assert StarsConfig(bodies=["moon"]).bodies == ("moon",)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: StarsConfig(count=1.5), "a whole number"),
        (lambda: StarsConfig(count=True), "a whole number"),
        (lambda: StarsConfig(faintest_mag="14"), "a number"),
        (lambda: StarsConfig(source=3), "a text"),
        (lambda: NoiseConfig(kind="table", file=3), "a text"),
    ],
)
def test_a_value_of_another_kind_is_refused(make, wanted):
    with pytest.raises(ConfigError, match=wanted):
        make()


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: StarsConfig(binary_fraction=2.0), "at most 1"),
        (lambda: StarsConfig(motion="x"), "held"),
        (lambda: StarsConfig(faintest_mag=float("nan")), "finite"),
        (lambda: StarsConfig(brightest_mag=15.0), "brightest_mag less than"),
        (
            lambda: StarsConfig(binary_fraction=0.6, accelerated_fraction=0.6),
            "a star is of one kind",
        ),
        (lambda: ReferenceConfig(error_factor=0.0), "> 0"),
        (lambda: NoiseConfig(outlier_fraction=-0.1), "0.0 or more"),
        (lambda: NoiseConfig(kind="table"), "a file"),
        (lambda: NoiseConfig(file="a.ecsv"), "a file"),
    ],
)
def test_a_wrong_value_in_python_is_refused(make, wanted):
    with pytest.raises(ConfigError) as caught:
        make()
    assert wanted in str(caught.value)
    assert "to do:" in str(caught.value)
