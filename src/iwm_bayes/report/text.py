"""What a report says in sentences: the verdict, the answer, the methods, how to make it again."""

import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import xarray as xr

from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.estimands.earned_security import Criterion
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.tables import count_or_beyond
from iwm_bayes.inference.base import Settings
from iwm_bayes.model.model_file import model_library
from iwm_bayes.types import GENERALISED, ModelSpec, figure_label

type Facts = Mapping[str, Any]  # a run's manifest

APPROXIMATION_NOTES = {
    "laplace": "Everyone was taken to be Gaussian around their best place, and the group around its own: how far off "
    "the group is for the first stands beside it (bias); nothing shows how good the second is.",
    "quadrature": "The group was taken to be Gaussian around its best place, and nothing shows how good that is here.",
}


def status_word(facts: Facts) -> str:
    """The verdict for the margin: "passed" or what is wrong, as `diagnose.Verdict.word`."""
    if facts["partial"]:
        return "PARTIAL"
    if not facts["exact"]:
        return f"approximate ({facts['method']})"
    return "passed" if facts["passed"] else "FAILED"


def status_headline(facts: Facts) -> str:
    """The verdict in one sentence."""
    if facts["partial"]:
        return "This run was interrupted: its numbers are partial. Do not use them."
    if not facts["passed"]:
        return "The gate FAILED: do not use the numbers of this page."
    if not facts["exact"]:
        return f"An approximation ({facts['method']}): check what matters with --method nuts before it is used."
    return "The gate passed: the numbers of this page may be used."


def convergence_sentences(facts: Facts) -> list[str]:
    """What the gate looked at, in plain words; where it failed, why, and what to try."""
    figures = facts["figures"]
    said = [f"{reason[0].upper()}{reason[1:]}." for reason in facts["reasons"]]
    if facts["exact"] and facts["passed"]:
        said += [
            f"The chains tell the same story: the largest R-hat of a group parameter is {figures['group_rhat']:.3f} "
            f"and of a derived quantity {figures['derived_rhat']:.3f} (at most 1.010 is allowed).",
            f"There are draws enough: each group parameter is worth {figures['group_ess']:.0f} independent draws or "
            "more (400 are asked for).",
            "The sampler met no place that it could not enter (no divergent transitions), and moved freely "
            f"(E-BFMI {figures['bfmi']:.2f}, at least 0.30 is asked for).",
        ]
    if not facts["exact"]:
        said.append(f"{APPROXIMATION_NOTES[facts['method']]} Intervals may be too narrow.")
    said += [f"Try: {sentence}." for sentence in facts["advice"]]
    if facts["control"]:
        found = PermutationTest(facts["control"]["lost"], facts["control"]["error"]).sentence
        said.append(f"{found[0].upper()}{found[1:]}.")
    return said + [f"Careful: {warning}." for warning in facts["warnings"]]


def median_text(draws: Any, form: str = "{:g}") -> str:
    """Median and 90 % interval in words."""
    middle, low, high = (form.format(value) for value in median_ci90(draws))
    return f"{middle} (90 % interval {low} to {high})"


def answer_sentence(curves: xr.Dataset) -> str:
    """Sessions and corrective experiences until earned security toward one figure or in general, of `arms.curves`."""
    everyone, about, last = curves.isel(arm=0), curves.attrs["figure"], curves.sizes["session"]
    toward = "in general" if about == GENERALISED else f"toward {figure_label(about)}"
    if not everyone["insecure"]:
        return f"Nobody starts insecure {toward}: there is no security to be earned."
    start = f"{float(everyone['insecure']):.0%} of people start insecure {toward}."
    if everyone["probability"].isnull().all():
        return f"{start} Nobody is followed long enough to tell whether security is earned."
    share = median_text(everyone["probability"].isel(session=-1).values, "{:.0%}")
    chance = f"{float(everyone['chance']):.0%}"
    ends = f"By session {last}, {share} of them are earned secure; care that says nothing would bring {chance} there."
    sessions, _, _ = median_ci90(everyone["median_sessions"].values)
    if sessions > last:
        return f"{start} Fewer than half of them become earned secure within {last} sessions. {ends}"
    when, lessons = (
        "{} (90 % interval {} to {})".format(
            *(count_or_beyond(end, last, beyond) for end in median_ci90(everyone[name].values))
        )
        for name, beyond in (("median_sessions", f"more than {last}"), ("median_corrective", "more than they had"))
    )
    return f"{start} Half of them are earned secure after {when} sessions and {lessons} corrective experiences. {ends}"


def criterion_sentence(criterion: Facts) -> str:
    """What counts as earned security in this run."""
    said = Criterion(**{name: value for name, value in criterion.items() if name != "figure"})
    return (
        f"Who starts with availability or worth at {said.insecure:g} or below starts insecure; earned secure is, from "
        f"the first session on, who has both at {said.secure:g} or more for {said.hold} sessions, at least one of "
        f"which brought an outcome below {said.disappointment:g}. A corrective experience is an outcome that exceeds "
        f"what was expected by {said.surprise:g} or more while a belief is below {said.secure:g}. "
        "Whose sessions end earlier is counted while a hold could still be seen (Kaplan & Meier, 1958, "
        "doi:10.1080/01621459.1958.10501452)."
    )


def sampler_settings(facts: Facts) -> Settings:
    return Settings(**facts["settings"])


def methods_paragraph(model: ModelSpec, facts: Facts, data: xr.Dataset) -> str:
    """A paragraph to paste, with versions and citations."""
    run, versions, events = sampler_settings(facts), facts["versions"], int(data["present"].sum())
    how = (
        f"with the no-U-turn sampler (Hoffman & Gelman, 2014, arXiv:1111.4246; nutpie {versions['nutpie']}) in "
        f"{run.chains} chains of {run.draws} draws after {run.tune} of tuning (seed {run.random_seed})"
        if facts["exact"]
        else f"approximately, by {facts['method']} (seed {run.random_seed})"
    )
    left_out = f" Of its responses, {', '.join(model.without)} was not asked." if model.without else ""
    gate = "All of these held." if facts["passed"] and facts["exact"] else f"Verdict: {status_word(facts)}."
    return (
        f"{events} events of {data.sizes['person']} people were analysed with iwm_bayes {versions['iwm-bayes']}, by "
        f"the theory {model.name} ({model.claim.rstrip('.')}; {model.reference}).{left_out} "
        "Its parameters vary between people "
        f"around group centres, and were estimated {how}, using PyMC {versions['pymc']} (Abril-Pla et al., 2023, "
        f"doi:10.7717/peerj-cs.1516) and ArviZ {versions['arviz']} (Kumar et al., 2019, doi:10.21105/joss.01143) under "
        f"Python {versions['python']}. A fit was to be used if rank-normalised R-hat was at most 1.01 and effective "
        "sample sizes at least 400 for group parameters and derived quantities (Vehtari et al., 2021, "
        "doi:10.1214/20-BA1221), without divergent transitions and with E-BFMI of at least 0.3 (Betancourt, 2016, "
        f"arXiv:1604.00695). {gate} Earned security was defined prospectively (Roisman et al., 2002, "
        f"doi:10.1111/1467-8624.00467). {criterion_sentence(facts['criterion'])} Its chance level is that of the same people "
        "under care of .5. Styles are quarters of the plane of availability and worth (Bartholomew & Horowitz, 1991, "
        "doi:10.1037/0022-3514.61.2.226). Predictive checks follow Gelman, Meng and Stern (1996, Statistica Sinica 6, "
        "733-760). Values are posterior medians with 90 % intervals."
    )


def model_argument(study: Path, theory: Path) -> str:
    """How a run's theory is named again: by its name on the shelf, or its path as the study's was given."""
    if theory.resolve().parent == model_library().resolve():
        return theory.stem
    home = study.resolve().parent
    inside = theory.resolve().is_relative_to(home)
    return str(study.parent / theory.resolve().relative_to(home)) if inside else str(theory)


def reproduction_command(facts: Facts) -> str:
    """The command that makes the run again, typed in the folder in which it was typed."""
    run, files = sampler_settings(facts), facts["files"]
    study, theory = (Path(files[name]["path"]) for name in ("study", "theory"))
    if study.resolve().parent == Path(str(resources.files("iwm_bayes"))).resolve() / "example":
        return "uv run iwm demo"
    numbers = {"draws": run.draws, "tune": run.tune, "chains": run.chains, "seed": run.random_seed}
    asked = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    named = [str(study), "--theory", model_argument(study, theory)]
    return shlex.join(["uv", "run", "iwm", "fit", *named, "--method", facts["method"], *asked])
