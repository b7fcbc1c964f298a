"""A study of dyads from the command line: one fit of both, and for each member what every single study has."""

import json
import shutil

import dyads
import numpy as np
import pytest
from command import iwm as command

import iwm_bayes as iwm
from iwm_bayes.cli.study import identified_sentence
from iwm_bayes.comparison.comparability import convergence_remedy
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.types import InputError, parameters
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.fits import fit_of_run, with_distinct_names
from iwm_bayes.workflow.load import describe_data, load_study_and_data
from iwm_bayes.workflow.results_folder import run_label

RUN = "runs/couples-wife_partner-husband_partner"
FIT = ("fit", "study.toml", "--method", "laplace", "--quiet", "--draws", "100")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The folder of a study of six couples that was fitted, and what the command printed."""
    folder = tmp_path_factory.mktemp("couples")
    dyads.write_dyads(folder, "couple", couples=6, exchanges=8)
    return folder, command(*FIT, cwd=folder)


def test_a_study_of_dyads_is_fitted_from_the_command_line(fitted):
    """It prints dyads, a result, and where the report of each member is, which is there."""
    folder, printed = fitted
    assert printed.returncode == 0, printed.stderr
    for words in ("6 dyads (wife, husband), 8 exchanges each", "RESULT", f"{RUN}/wife/report.html"):
        assert words in printed.stdout
    for place in ("report.html", "wife/report.html", "husband/report.html", "tables/actor_partner.csv"):
        assert (folder / RUN / place).is_file()


def test_a_fit_of_dyads_carries_its_model(fitted):
    """`load_fit` of the run has the model of both; the run of a member has that of the member."""
    folder, _ = fitted
    loaded = load_study_and_data(folder / "study.toml", None)
    fit = iwm.load_fit(folder / RUN)
    assert parameters(model_of(fit)) == parameters(loaded.model)
    assert list(model_of(fit).members) == ["wife", "husband"]
    own = iwm.load_fit(folder / RUN / "husband")
    assert parameters(model_of(own)) == parameters(loaded.model.members["husband"].model)
    assert model_of(own).name == "partner"
    assert fit_of_run(folder / RUN).model.members.keys() == {"wife", "husband"}
    assert not fit_of_run(folder / RUN / "wife").model.members


def test_the_part_of_a_member_is_an_ordinary_fit(fitted):
    """Its draws are those of the dyads, under its own names, and every table of single people is there."""
    folder, _ = fitted
    fit, own = iwm.load_fit(folder / RUN), iwm.load_fit(folder / RUN / "wife")
    rate = fit["posterior"]["wife_availability_rate"].values
    np.testing.assert_array_equal(own["posterior"]["availability_rate"].values, rate)
    tables = iwm.tables(own)
    assert {"group_summary", "beliefs", "ppc"} <= tables.keys()
    assert tables["group_summary"]["parameter"].str.startswith("availability").any()
    assert not tables["group_summary"]["parameter"].str.contains("wife").any()
    joint = iwm.tables(fit)
    assert "actor_partner" in joint
    assert "beliefs" not in joint
    assert (folder / RUN / "wife" / "tables" / "beliefs.csv").exists()
    assert json.loads((folder / RUN / "wife" / "manifest.json").read_text())["role"] == "wife"


def test_verbs_of_beliefs_take_the_part_of_a_member(fitted):
    """`member_fit` is that of the run folder; of the fit of both, an error says what to give."""
    folder, _ = fitted
    fit, own = iwm.load_fit(folder / RUN), iwm.load_fit(folder / RUN / "wife")
    part = iwm.member_fit(fit, "wife")
    assert part.children.keys() == own.children.keys()
    np.testing.assert_allclose(part["posterior"]["availability_start"], own["posterior"]["availability_start"])
    assert iwm.earned_security(part, draws=20).sizes["person"] == 6
    with pytest.raises(InputError, match=r'member_fit\(fit, "wife"\)'):
        iwm.earned_security(fit)
    with pytest.raises(InputError, match="its members are wife, husband"):
        iwm.member_fit(fit, "child")


def test_a_run_of_dyads_is_not_made_twice(fitted):
    """The same files and settings: nothing is fitted, and other data are named."""
    folder, _ = fitted
    assert "holds this run already" in command(*FIT, cwd=folder).stdout
    table = folder / "couples.csv"
    content = table.read_text()
    table.write_text(content.replace("d001", "d900"))
    assert "differs in: session table" in command(*FIT, cwd=folder).stderr
    table.write_text(content)


def test_what_dyads_cannot_have_is_refused_before_a_fit(fitted):
    """One model for both, several models to compare, and an exchange of outcomes, which are acts."""
    folder, _ = fitted
    text = (folder / "study.toml").read_text()
    (folder / "correlated.toml").write_text(text.replace("correlated = false\n", ""))
    refused = {
        ("fit", "study.toml", "--model", "kalman"): "[dyad.members]",
        (
            "fit",
            "correlated.toml",
            "--method",
            "laplace",
        ): "Write correlated = false under [dyad], or add --method nuts",
        ("report", RUN, "--person-table"): f"Name its folder: {RUN}/wife or {RUN}/husband",
        ("compare", "study.toml"): "iwm compare runs/A/wife runs/B/wife",
        ("fit", "study.toml", "--permutation-test", "--out-dir", "other"): "acts, which answer others",
    }
    for words, message in refused.items():
        found = command(*words, cwd=folder)
        assert found.returncode != 0
        assert message in " ".join(found.stderr.split())
        assert "Compiling" not in found.stderr
    assert not (folder / "other").exists()


def test_a_check_says_whose_act_is_whose_outcome(tmp_path):
    """How many dyads, people and exchanges there are, what is missing, and that pull alone is not split."""
    table = dyads.therapy_table()
    table.loc[table.index[4], "openness"] = np.nan
    study = dyads.write_dyads(tmp_path, "therapy", table, (('responses.felt_pull = { column = "felt_pull" }\n', ""),))
    printed = " ".join(command("check", study, cwd=tmp_path).stdout.split())
    for words in (
        "6 dyads (patient, therapist), 6 exchanges each",
        "therapist: 3 different people, in 2 dyads each",
        "outcome of the patient: care of the therapist at the same exchange; observed at 36 of 36 exchanges",
        "outcome of the therapist: openness of the patient at the same exchange; observed at 35 of 36 exchanges",
        "drawn by bid of the patient",
        "patient_openness: blank at 1 of 36 exchanges",
        "patient_openness: 35 answers, given after the outcome of the same exchange",
        "therapist: dyads by category: T1 2, T2 2, T3 2",
        "therapist: pull and care_containment are not identified, only (1 - containment) pull",
    ):
        assert words in printed, printed
    assert printed.count("6 dyads") == 1


def test_counts_of_dyads_are_not_called_people(tmp_path):
    """In what `iwm check` finds identifiable, and in the line on the data."""
    loaded = load_study_and_data(dyads.write_dyads(tmp_path, "couple"), None)
    assert "(5 dyads, 30 exchanges, 120 responses)" in identified_sentence(loaded.model, loaded.data)
    assert describe_data(loaded.data) == "5 dyads (wife, husband), 6 exchanges each; unit of time: session"


def test_runs_of_a_member_are_named_by_the_run_of_both(fitted, tmp_path):
    """Two folders are both called wife. The comparison in a folder is named by them, and so is the model of each."""
    folder, _ = fitted
    shutil.copytree(folder / RUN / "wife", tmp_path / "second" / "wife")
    wives = [
        fit_of_run(folder / RUN / "wife"),
        fit_of_run(folder / RUN / "wife")._replace(folder=tmp_path / "second" / "wife"),
    ]
    names = [one.model.name for one in with_distinct_names(wives)]
    assert names == [f"partner@{RUN.removeprefix('runs/')}-wife", "partner@second-wife"]
    assert run_label(tmp_path / "second" / "wife") == "second/wife"
    assert "--model" not in convergence_remedy(wives[0], check_convergence(wives[0].fit))


def test_models_of_members_are_listed(tmp_path):
    """Under a title of their own, and in full by name."""
    listed = command("models", cwd=tmp_path).stdout
    assert "Models of one member of a dyad" in listed
    assert "seeker" in listed.partition("Models of one member")[2]
    assert "care_containment" in command("models", "carer", cwd=tmp_path).stdout


def test_a_model_of_dyads_needs_no_name_in_python(tmp_path):
    """What else moves beliefs is added to both members; a model for both is refused."""
    study = iwm.load_study(dyads.write_dyads(tmp_path, "couple"))
    model = iwm.Model(None, study, trend=True)
    assert model.spec.name == "wife partner+trend and husband partner+trend"
    fixed = iwm.Model(None, study, priors={"wife_availability_rate": 0.2})
    assert parameters(fixed.spec)["wife_availability_rate"].fixed == 0.2
    with pytest.raises(InputError, match=r"\[dyad.members\]"):
        iwm.Model("kalman", study)
