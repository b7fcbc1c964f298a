"""Study and model files that nobody would write on purpose: each is one clear message, whatever is wrong with it."""

import clinic
import pytest
from command import iwm

from iwm_bayes.data.study import read_study_file
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import load_data
from iwm_bayes.workflow.run_folder import file_label


@pytest.fixture
def folder(tmp_path):
    return clinic.write(tmp_path)


def problem(read, *arguments):
    """Return what is wrong, as one text."""
    with pytest.raises(InputError) as caught:
        read(*arguments)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 5_000 + "]" * 5_000,
        "a = " + "{ b = " * 5_000 + "1" + " }" * 5_000,
        "a = " + "1" * 10_000,
        "x" * 2_000_000,
        "name = 'a'\nname = 'b'",
        "\0",
        "schema = 2\nmodel = []",
        "schema = [2]",
        "schema = 2\n" + ".".join("a" * 3_000) + " = 1",
        "schema = 2\nname = 1" + "0" * 4_000,
        "schema = 2\ndata = 'a'\n[columns]\noutcome = { column = 'x', cut = 1" + "0" * 4_000 + " }",
    ],
)
@pytest.mark.parametrize("file", ["study.toml", "model.toml"])
def test_toml_bombs_are_one_message(folder, file, text):
    """Nesting, huge numbers and huge files end in a sentence that names the file."""
    (folder / file).write_text(text)
    assert file in problem(read_study_file if file == "study.toml" else load_model, folder / file)


@pytest.mark.parametrize("path", ["a\\u0000b", "a/" * 2_500 + "b", "b" * 5_000, "b" * 300, "loop/x", "."])
@pytest.mark.parametrize("ending", [".csv", ".toml", ".parquet"])
def test_paths_that_no_file_can_have(folder, path, ending):
    """NUL bytes, thousands of letters and links that lead to each other are no traceback."""
    (folder / "loop").symlink_to(folder / "pool")
    (folder / "pool").symlink_to(folder / "loop")
    clinic.spoil(folder, "study.toml", "model.toml" if ending == ".toml" else "sessions.csv", path + ending)
    assert problem(clinic.read_study, folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "study.toml",
            "model =",
            "theory =",
            ['Did you mean "model"?', "`model`: this line is missing"],
        ),
        ("study.toml", "[columns]", "[column]", ["key `column`", 'Did you mean "columns"?']),
        ("study.toml", "distress =", "distres =", ["key `columns.distres`", 'Did you mean "distress"?']),
        ("study.toml", "missing =", "mising =", ["key `columns.outcome.mising`", 'Did you mean "missing"?']),
        ("study.toml", 'levels = ["no"', 'level = ["no"', ["key `responses.approach.level`", 'Did you mean "levels"?']),
        ("study.toml", '"distance"', '"distance"\nmoment = "before"', ['Did you mean "timing"?']),
        ("model.toml", "claim", "clam", ["key `clam`", 'Did you mean "claim"?']),
        ("study.toml", "model = ", "model = []\nestimands = ", ["key `model`", "at least 1 item"]),
        (
            "study.toml",
            "[1, 7]",
            "[1, 7], cut = 9",
            ["after its first end 1 and up to 7"],
        ),
        ("study.toml", "[1, 7]", "[1, 7], cut = 1", ["`cut` is a value on the scale"]),
        ("study.toml", "[1, 7]", "[7, 1], cut = 7", ["`cut` is a value on the scale"]),
        ("study.toml", '"clinic"', f'"{"c" * 300}"', ["key `name`", "at most 100 letters"]),
    ],
)
def test_keys_that_are_wrong_name_the_right_one(folder, file, old, new, said):
    """A misspelt key, a key of the former schema, and values that make every outcome the same."""
    clinic.spoil(folder, file, old, new)
    found = problem(read_study_file if file == "study.toml" else load_model, folder / file)
    assert [part for part in said if part not in found] == []


def test_a_prior_of_the_former_schema_names_the_new_key(folder):
    """In a model file, below the parameter."""
    with (folder / "model.toml").open("a") as file:
        file.write("[parameters.rate]\ntypical = [0.1, 0.2]\nspred = 1\n")
    found = problem(load_model, folder / "model.toml")
    assert 'Did you mean "prior_90"?' in found
    assert "key `parameters.rate.spred`" in found


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[parameters.closeness_noise]\nfixed = 0", "`fixed` must be above 0"),
        ("[parameters.rate]\nprior_between_sd = inf", "`prior_between_sd` must be from 1e-06 to 30"),
        ("[parameters.rate]\nprior_between_sd = 0", "greater than 0"),
        ("[parameters.rate]\nprior_between_sd = 1e300", "`prior_between_sd` must be from 1e-06 to 30"),
        ("[parameters.rate]\nprior_between_sd = 1e-300", "`prior_between_sd` must be from 1e-06 to 30"),
        ("[parameters.rate]\nprior_between_sd = nan", "greater than 0"),
        ("[parameters.rate]\nprior_90 = [0.5, 0.5000000000000001]", "too wide or too narrow"),
        ("[parameters.rate]\nprior_90 = [1e-300, 0.5]", "too wide or too narrow"),
        ("[parameters.rate]\nprior_90 = [0.2, nan]", "two rising numbers"),
        ("[parameters.closeness_noise]\nprior_90 = [1e-300, 1e300]", "too wide or too narrow"),
        ("[parameters.rate]\nfixed = nan", "`fixed` must have support"),
        ("[parameters.rate]\nfixed = inf", "`fixed` must have support"),
    ],
)
def test_priors_that_cannot_be_computed_with_are_refused(folder, lines, said):
    """Infinite, zero, one unit in the last place wide, or a constant that divides by zero."""
    with (folder / "model.toml").open("a") as file:
        file.write(lines)
    assert said in problem(load_model, folder / "model.toml")


def test_a_rate_may_be_fixed_at_zero(folder):
    """Zero is a value like others where nothing is divided by it: a model without learning is nested in one with it."""
    with (folder / "model.toml").open("a") as file:
        file.write("[parameters.rate]\nfixed = 0\n")
    assert load_model(folder / "model.toml").rule.parameters.availability.rate.fixed == 0.0


def test_a_model_without_a_free_parameter_is_refused(folder):
    """There is nothing to fit; `load_data` says so before anything is compiled."""
    from iwm_bayes.types import parameters

    names = [name for name, declared in parameters(load_model(folder / "model.toml")).items() if declared.fixed is None]
    with (folder / "model.toml").open("a") as file:
        file.write("".join(f"[parameters.{name}]\nfixed = 0.5\n" for name in names))
    assert "only fixed parameters" in problem(load_data, read_study_file(folder / "study.toml"))


def test_a_word_for_nobody_is_no_figure(folder):
    """Else a choice of that word could be either."""
    clinic.spoil(folder, "model.toml", 'approach = "approach"', 'seek = "seek"')
    clinic.spoil(folder, "study.toml", "[responses.approach]", "[responses.seek]")
    clinic.spoil(folder, "study.toml", 'levels = ["no", "yes"]', 'nobody = "mum"')
    for word in (",yes,", ",no,"):
        text = (folder / "sessions.csv").read_text()
        (folder / "sessions.csv").write_text(text.replace(word, ",,"))
    assert '"mum" is the word for nobody, and a figure' in problem(clinic.read_study, folder)


@pytest.mark.parametrize("figure", ["mum", "x" * 5_000, "母" * 200, "a/b c", "Großmutter"])
def test_file_names_of_figures_are_short(tmp_path, figure):
    """Every label can be part of a file name, and different figures have different ones."""
    label = file_label(figure)
    (tmp_path / f"time_to_security_{label}.svg").write_text("")
    assert "/" not in label
    assert " " not in label
    assert label != file_label(figure + "x")


def test_check_prints_what_could_be_read_in_two_ways(folder):
    """A figure called nan is a figure, with a warning that names its rows."""
    clinic.spoil(folder, "sessions.csv", "bob,2,mum", "bob,2,nan")
    checked = iwm("check", "study.toml", cwd=folder)
    assert checked.returncode == 0
    assert 'row 2, column "who": taken for names: "nan" (1)' in checked.stdout.replace("\n", " ")
