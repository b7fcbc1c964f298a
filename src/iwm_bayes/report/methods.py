"""The methods paragraph of a report, and the command that repeats its run."""

import re
import shlex
from importlib import resources
from pathlib import Path

import xarray as xr

from iwm_bayes.data.raters import PREFIX, anchors, outcome_ratings
from iwm_bayes.data.unrecorded import replaced_outcomes
from iwm_bayes.data.waves import waves_of
from iwm_bayes.inference.base import Settings
from iwm_bayes.model.dyad import other_role
from iwm_bayes.model.specification.model_file import model_library
from iwm_bayes.report.answer.words import count_of, listed
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.text import Facts, criterion_sentences, fit_status
from iwm_bayes.responses.scale import is_on_outcome_scale
from iwm_bayes.types import ModelSpec

DOI = re.compile(r"doi:(\S+?)[.,;)]*(?:\s|$)")
METHOD_ENTRIES = (
    "@article{pymc,\n  author = {Abril-Pla, Oriol and others},\n  title = {PyMC: a modern, and comprehensive "
    "probabilistic programming framework in Python},\n  journal = {PeerJ Computer Science},\n  year = {2023},\n"
    "  doi = {10.7717/peerj-cs.1516}\n}",
    "@article{arviz,\n  author = {Kumar, Ravin and Carroll, Colin and Hartikainen, Ari and Martin, Osvaldo},\n"
    "  title = {ArviZ, a unified library for exploratory analysis of Bayesian models in Python},\n"
    "  journal = {Journal of Open Source Software},\n  year = {2019},\n  doi = {10.21105/joss.01143}\n}",
)
SECURITY_ENTRIES = (
    "@article{roisman2002,\n  author = {Roisman, Glenn I. and Padr\\'on, Elena and Sroufe, L. Alan and Egeland, "
    "Byron},\n  title = {Earned-secure attachment status in retrospect and prospect},\n  journal = {Child "
    "Development},\n  year = {2002},\n  doi = {10.1111/1467-8624.00467}\n}",
)


SAMPLERS = {  # by the setting `backend` of a fit
    "nutpie": "nutpie {nutpie}",
    "nutpie-jax": "nutpie {nutpie} on JAX",
    "numpyro": "NumPyro, Phan et al., 2019, arXiv:1912.11554",
}


def sampler_settings(facts: Facts) -> Settings:
    """Return the settings of a run, with defaults for those that were not given."""
    return Settings(**facts["settings"])


def inference_sentence(facts: Facts) -> str:
    """Return how the posterior was computed, with versions and citations."""
    settings, versions = sampler_settings(facts), facts["versions"]
    how = (
        "with the no-U-turn sampler (Hoffman & Gelman, 2014, arXiv:1111.4246; "
        f"{SAMPLERS[settings.backend].format(**versions)}) in "
        f"{settings.chains} chains of {settings.draws} draws after {settings.tune} of tuning (seed "
        f"{settings.random_seed})"
        if facts["exact"]
        else f"by the approximate method {facts['method']} (seed {settings.random_seed})"
    )
    return (
        f"All parameters were estimated {how}, using PyMC {versions['pymc']} (Abril-Pla et al., 2023, "
        f"doi:10.7717/peerj-cs.1516) and ArviZ {versions['arviz']} (Kumar et al., 2019, doi:10.21105/joss.01143) under "
        f"Python {versions['python']}."
    )


def convergence_sentence(facts: Facts) -> str:
    """Return the convergence criteria, and whether the fit meets them."""
    if not facts["exact"]:
        return "The error of this approximation was not measured by convergence criteria of sampling."
    met = "All criteria were met." if fit_status(facts) == "converged" else f"Status: {fit_status(facts)}."
    derived = " and derived quantities" if "derived_r_hat" in facts["convergence"] else ""
    return (
        "Convergence required a rank-normalised R-hat of at most 1.01 and effective sample sizes of at least 400 for "
        f"group parameters{derived} (Vehtari et al., 2021, doi:10.1214/20-BA1221), no divergent "
        f"transitions, and an E-BFMI of at least 0.3 (Betancourt, 2016, arXiv:1604.00695). {met}"
    )


def scale_statement(model: ModelSpec) -> str:
    """Return which ratings were taken to be on the outcome's scale, and which have a scale of their own."""
    of_beliefs = {name: r for name, r in model.responses.items() if r.scale and name not in outcome_ratings(model)}
    ratings = {name: is_on_outcome_scale(response) for name, response in of_beliefs.items()}
    fixed = ", ".join(name for name, on_scale in ratings.items() if on_scale)
    free = ", ".join(name for name, on_scale in ratings.items() if not on_scale)
    taken = f" Ratings taken to be on the scale of the outcome: {fixed}." if fixed else ""
    return f"{taken} Ratings whose scale was estimated: {free}." if free else taken


def raters_statement(model: ModelSpec) -> str:
    """Return who rated the outcome, and whose scale it has; empty where it was observed."""
    names = [name.removeprefix(PREFIX) for name in outcome_ratings(model)]
    if not names:
        return ""
    scale = listed([name.removeprefix(PREFIX) for name in anchors(model)])
    raters = f"rater{'s' if len(names) > 1 else ''} ({listed(names)})"
    return f" Outcomes were latent variables, measured by {len(names)} {raters}, on the scale of the {scale}."


def waves_statement(data: xr.Dataset) -> str:
    """Return which parameters differed between waves, and what reliability is; empty in a study without waves."""
    waves = waves_of(data)
    if waves is None:
        return ""
    beliefs = "restarted in every wave" if waves.beliefs == "restarted" else "were carried from wave to wave"
    differing = f"; parameters that differed between waves: {', '.join(waves.parameters)}" if waves.parameters else ""
    return (
        f" There were {len(waves.names)} waves ({listed(waves.names)}), and beliefs {beliefs}{differing}. Test-retest "
        "reliability is the intraclass correlation ICC(3,1) of the parameters on the link scale (Shrout & Fleiss, "
        "1979, doi:10.1037/0033-2909.86.2.420)."
    )


def estimands_statement(run: ReportContext) -> str:
    """Return how earned security and styles were defined, as far as the study wants them."""
    security = (
        " Earned security was defined prospectively (Roisman et al., 2002, doi:10.1111/1467-8624.00467). "
        f"{criterion_sentences(run.facts['criterion'], run.has_worth)} The chance level is the share of the same "
        "people who would meet the criterion if care were responsive at random, in half of the sessions."
        if run.security
        else ""
    )
    security = security.replace("\n", " ")
    if "styles" not in run.tables:
        return security
    return (
        f"{security} Attachment styles are the quadrants of the attachment space (Bartholomew & Horowitz, 1991, "
        "doi:10.1037/0022-3514.61.2.226)."
    )


def dyads_statement(model: ModelSpec) -> str:
    """Return what a model of dyads takes together: acts, both members, and correlations; empty without members."""
    if not model.members:
        return ""
    acts = [
        f"{member.outcome.replace('_', ' ')} of the {other_role(model.members, role)} was the outcome of the {role}"
        for role, member in model.members.items()
    ]
    correlations = (
        "Correlations between all partially pooled parameters of a dyad, within and between members, were estimated."
        if model.correlated
        else "Correlations between parameters of both members were not estimated."
    )
    together = f"The act of one member was the outcome of the other: {listed(acts)}. Both were fitted together."
    return f" {together} {correlations}"


def left_out_sentence(run: ReportContext) -> str:
    """Return how many people were left out, because covariates of theirs are missing; empty where nobody was."""
    number = int(run.data.attrs.get("people_left_out", 0))
    return f"{count_of(number, run.noun)} left out: covariates missing" if number else ""


def methods_paragraph(run: ReportContext) -> str:
    """Return a methods paragraph to paste, with versions and citations."""
    model, facts, data = run.model, run.facts, run.data
    unrecorded = int(replaced_outcomes(data).sum())
    replaced = f" {unrecorded} unrecorded outcomes were replaced by means of recorded ones." if unrecorded else ""
    left_out = f" Responses of the model that were not measured: {', '.join(model.without)}." if model.without else ""
    scales = f"{waves_statement(data)}{raters_statement(model)}{scale_statement(model)}"
    dropped = f" {sentence}." if (sentence := left_out_sentence(run)) else ""
    return (
        f"{int(data['present'].sum())} events of {count_of(data.sizes['person'], run.noun)} were analysed with "
        f"iwm_bayes {facts['versions']['iwm-bayes']} and the model {model.name} ({model.claim.rstrip('.')}; "
        f"{model.reference})."
        f"{dropped}{left_out}{replaced}{scales}{dyads_statement(model)} The model is hierarchical: parameters of "
        "people vary around group means. "
        f"{inference_sentence(facts)} {convergence_sentence(facts)}{estimands_statement(run)} Posterior predictive "
        "checks follow Gelman, Meng and Stern (1996, Statistica Sinica 6, 733-760). Values are posterior medians with "
        "90% credible intervals (CrI)."
    )


def bibtex(run: ReportContext) -> str:
    """Return BibTeX entries of the program, of the model's source, of the methods, and of PyMC and ArviZ."""
    version, model = run.facts["versions"]["iwm-bayes"], run.model
    entries = [
        "@software{iwm_bayes,\n  author = {{The iwm_bayes developers}},\n"
        "  title = {iwm\\_bayes: hierarchical Bayesian models of the internal working model},\n"
        f"  version = {{{version}}}\n}}",
    ]
    if model.reference:
        doi = DOI.search(model.reference)
        found = f",\n  doi = {{{doi[1]}}}" if doi else ""
        note = bibtex_text(f"Source of the model {model.name}: {model.reference}")
        entries.append(f"@misc{{{bibtex_key(model.name)},\n  note = {{{note}}}{found}\n}}")
    return "\n\n".join([*entries, *METHOD_ENTRIES, *(SECURITY_ENTRIES if run.security else ())])


def bibtex_key(name: str) -> str:
    """Return a name as the key of an entry."""
    return re.sub(r"\W+", "_", name)


def bibtex_text(text: str) -> str:
    """Return a text in which no sign means anything to BibTeX or LaTeX."""
    return re.sub(r"([#$%&_{}])", r"\\\1", text.replace("\\", " "))


def model_argument(study: Path, model: Path) -> str:
    """Return how to name a run's model on the command line: a built-in model by name, another by its path."""
    if model.resolve().parent == model_library().resolve():
        return model.stem
    home = study.resolve().parent
    inside = model.resolve().is_relative_to(home)
    return str(study.parent / model.resolve().relative_to(home)) if inside else str(model)


def reproduction_command(facts: Facts) -> str:
    """Return the command that repeats the run, to be typed in the folder where it was typed first."""
    settings, files = sampler_settings(facts), facts["files"]
    study = Path(files["study"]["path"])
    if study.resolve().parent == Path(str(resources.files("iwm_bayes"))).resolve() / "example":
        return "iwm demo"
    numbers = {"draws": settings.draws, "tune": settings.tune, "chains": settings.chains, "seed": settings.random_seed}
    options = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    named = [str(study)]
    if "model" in files and "role" not in facts:  # a study of dyads names the models of both, of which a member has one
        named += ["--model", model_argument(study, Path(files["model"]["path"]))]
    return shlex.join(["iwm", "fit", *named, "--method", facts["method"], *options])
