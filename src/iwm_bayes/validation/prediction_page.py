"""The page of the predictions, for readers who know attachment theory and not the code.

Each prediction has a question, a picture, an answer and, folded away, what a reviewer asks for. Everything comes from
files: the tables of a run, the docstrings of the experiments, and the answers that people wrote after the run.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from iwm_bayes.model.specification.model_file import built_in_models
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.prediction_matrix import Matrix, load_named_model, load_scripts
from iwm_bayes.validation.prediction_results import Explanation, Results, count_decided, explanation_of, status
from iwm_bayes.validation.prior_predictions import MAX_SHARE_RIVAL, MIN_SHARE_CLAIMED, Prediction, claims

GROUPS = {  # headings of the page: the predictions below each
    "How beliefs change": (
        "diminishing_returns",
        "entrenchment",
        "confirmation_bias",
        "inconsistent_care",
        "mistrust",
    ),
    "Rupture and repair": ("rupture_repair", "trust_under_strain"),
    "Self and other": ("credit", "reflection", "fearful", "generalising", "splitting_modes"),
    "Persistence and relapse": ("transference", "relapse", "prototype_drift", "earned_security"),
    "Regulation and strategy": ("starved_learning", "containment", "self_regulation", "state_and_trait"),
}
NEAR = 0.05  # a rival that shows an effect in a smaller share of its prior is far from showing it
CLAIM_WORDS = {"shows": "predicts it", "does not": "rival"}
CAPTIONS = {"shows": "Models that predict the effect (solid lines)", "does not": "Rivals (dashed lines)"}
OPENING = """# What the models predict

Attachment theory claims much about how trust is learned. Data can decide about a claim only if models that make it
predict something that other models do not. This page asks this of {number} claims, in experiments with simulated
people.

**In {decided} of {number} rows the models disagree enough for a study to decide.** It was {decided_before} of
{number_before} before questions and priors were chosen anew, some of them so that the claim holds. Claims that the
equations of a model do not keep were withdrawn, each with its reason.

## How to read this page

{pictures}- **The share** of a model is the share of its prior draws that show the effect.
- **Decided** means a share of at least {claimed:g} in every model that predicts the effect, and of at most {rival:g} in
  every rival. The models then disagree, so that a study can decide between them. It is no finding about people: nobody
  took part. In {no_rival_near} of the decided rows no rival shows the effect in more than {near:g} of its prior. Such
  rivals lack what produces the effect, and they are easily excluded.
- **Models without a claim** are listed where they show the effect, because a study that finds it speaks for them, too.
- **Undecided** means that a model promises more than its equations keep, or that a rival shows the effect, too.
- **Withdrawn** means that no model is left that makes the claim.

Questions, priors and the smallest effects that count were committed before the run. Before that, they were explored
with 200 to 400 draws per model, so the shares are no blind test. A variant whose name ends in `_strict` has a prior
that states its hypothesis; its file says what of the range is published and what is assumed. The run was made by
`{command}`. The [menu of studies]({pages}how_to/menu_of_studies.md) has studies that could decide.

## All answers
"""


PICTURES = """\
- **A picture** has one line per model: the median over people whose parameters are drawn from the prior of the model.
  Half of these people are within the band. Solid lines belong to models that predict the effect. Dashed lines belong
  to rivals, which must not show it.
"""


class Place(NamedTuple):
    """How a page that lies somewhere leads to other files."""

    pages: str  # the way to the folder of the documentation
    model: Callable[[str], str]  # model name -> a link to it, or its name where there is none
    picture: Callable[[str], str]  # prediction -> the way to its picture; empty without pictures


def link_in_repository(name: str) -> str:
    """Return a link from the page in the repository to the file of a built-in model."""
    return f"[`{name}`](../../models/{name}.toml)" if name in built_in_models() else f"`{name}`"


IN_REPOSITORY = Place("../../docs/", link_in_repository, lambda _: "")


def anchor(title: str) -> str:
    """Return the anchor of a heading, as Markdown makes it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip())


def grouped(names: Sequence[str]) -> dict[str, list[str]]:
    """Return predictions by heading; InputError for one that no heading has."""
    lost = set(names) - {name for group in GROUPS.values() for name in group}
    if lost:
        raise InputError([f"{', '.join(sorted(lost))}: under no heading of `GROUPS`"])
    return {heading: [name for name in group if name in names] for heading, group in GROUPS.items()}


def markdown_table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in (head, ["---"] * len(head), *rows))


def models_in_words(lines: pd.DataFrame, hypotheses: Mapping[str, str]) -> str:
    """Return the models of a prediction by claim, each with the first clause of its hypothesis."""
    sentences = []
    for claim, words in CAPTIONS.items():
        names = [str(name) for name in lines.loc[lines["claim"] == claim, "model"]]
        clauses = [hypotheses[name].partition(":")[0].rstrip(".") for name in names]
        models = [
            f"<code>{name}</code> ({clause[0].lower()}{clause[1:]})"
            for name, clause in zip(names, clauses, strict=True)
        ]
        sentences += [f"{words}: {'; '.join(models)}."] if models else []
    return " ".join(sentences)


def share_table(shares: pd.DataFrame, before: Mapping[str, float], place: Place) -> str:
    """Return the shares of a prediction, with those of the run before where a model was asked then."""
    rows = []
    for line in shares.to_dict("records"):
        name = str(line["model"])
        share = f"{line['share']:.3f} ({line['se']:.3f}){'' if line['kept'] else ' **not as claimed**'}"
        old = f"{before[name]:.3f}" if name in before else ""
        rows.append((place.model(name), CLAIM_WORDS[line["claim"]], share, old, f"{line['median']:+.3f}"))
    return markdown_table(("model", "claim", "share (SE)", "share before", "median effect"), rows)


def rows_without_near_rival(now: Matrix) -> int:
    """Count the decided predictions in which no rival comes near the effect."""
    nearest = now.shares[now.shares["claim"] == "does not"].groupby("prediction")["share"].max()
    decided = now.verdicts.loc[now.verdicts["verdict"].map(status) == "decided", "prediction"]
    return int((nearest.reindex(decided) <= NEAR).sum())


def others_text(others: pd.DataFrame, place: Place) -> str:
    """Return which models show an effect about which they claim nothing; empty if no other model was asked."""
    if others.empty:
        return ""
    order = others.sort_values("share", ascending=False)
    shown = order[order["share"] > MAX_SHARE_RIVAL].to_dict("records")
    names = [f"{place.model(str(line['model']))} ({line['share']:.2f})" for line in shown]
    beyond = f"in more than {MAX_SHARE_RIVAL:g} of"
    if not names:
        found = f"None of {len(others)} other models shows it {beyond} its prior"
    elif len(names) == len(others):
        found = f"All {len(others)} other models show it {beyond} their prior"
    else:
        found = f"Of {len(others)} other models, these show it {beyond} their prior: {', '.join(names)}"
    return f"**Models without a claim.** {found}."


def withdrawn_text(withdrawn: Mapping[str, str], before: Mapping[str, float], place: Place) -> str:
    """Return claims that were withdrawn, with the reason of each model; empty if there is none.

    A model is one of the program, or a file in the folder of the experiments, which has its name from the file.
    """
    named = {
        Path(given).name.removesuffix(".toml").removesuffix(".model"): reason for given, reason in withdrawn.items()
    }
    lines = [
        f"- {place.model(name)}{f' (share before: {before[name]:.3f})' if name in before else ''}: {reason}"
        for name, reason in named.items()
    ]
    return "\n".join(["**Withdrawn claims.**", "", *lines]) if lines else ""


def prediction_section(
    prediction: Prediction, explained: Explanation, results: Results, load: Callable[[str], ModelSpec], place: Place
) -> str:
    """Return the section of one prediction: question, picture, answer, and the rest folded away."""
    name = prediction.name
    shares, old = (table[table["prediction"] == name] for table in (results.now.shares, results.shares_before))
    before = dict(zip(old["model"], old["share"], strict=True))
    hypotheses = {model.name: model.claim.strip() for model in (load(given) for given, _ in claims(prediction))}
    verdict = str(results.now.verdicts.set_index("prediction").loc[name, "verdict"])
    written = results.answers[name]
    has_picture = place.picture(name) and name in set(results.now.curves["prediction"])
    picture = f"![{prediction.question}, by model]({place.picture(name)})"
    effect = f"Effect: {prediction.unit}. It counts from {prediction.smallest:.3g}."
    parts = [
        f"### {prediction.question}",
        f"*{explained.question}*",
        picture if has_picture else "",
        f"**{written.answer}** ({status(verdict)})",
        written.reading,
        f'<p class="caption">{models_in_words(shares, hypotheses)}</p>',
        '<details markdown="1"><summary>Models, shares and measure</summary>',
        share_table(shares, before, place),
        others_text(results.now.others.query("prediction == @name"), place),
        f"**Verdict.** {verdict[0].upper()}{verdict[1:]}.",
        f"**Measure.** {explained.measure} {effect}",
        f"**What changed.** {explained.changes}" if explained.changes else "",
        withdrawn_text(prediction.withdrawn, before, place),
        f"Script: `experiments/{name}.py`.",
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def answer_table(order: Mapping[str, Sequence[str]], questions: Mapping[str, str], results: Results) -> str:
    """Return the table of all questions with their answers, by heading, each with a link to its section."""
    verdicts = results.now.verdicts.set_index("prediction")
    rows = []
    for heading, names in order.items():
        rows += [(f"**{heading}**", "", "")] if names else []
        for name in names:
            title, verdict = (str(verdicts.loc[name, column]) for column in ("question", "verdict"))
            rows.append((f"[{questions[name]}](#{anchor(title)})", results.answers[name].answer, status(verdict)))
    return markdown_table(("question", "answer", ""), rows)


def predictions_page(results: Results, place: Place, experiments: Path | None = None) -> str:
    """Write the page in Markdown."""
    scripts = {module.PREDICTION.name: module for module in load_scripts(experiments)}
    explained = {name: explanation_of(name, str(module.__doc__)) for name, module in scripts.items()}
    order = grouped(list(results.now.verdicts["prediction"]))
    opening = OPENING.format(
        number=len(results.now.verdicts),
        decided=count_decided(results.now.verdicts),
        number_before=len(results.verdicts_before),
        decided_before=count_decided(results.verdicts_before),
        claimed=MIN_SHARE_CLAIMED,
        rival=MAX_SHARE_RIVAL,
        no_rival_near=rows_without_near_rival(results.now),
        near=NEAR,
        command=results.command,
        pages=place.pages,
        pictures=PICTURES if place.picture(next(iter(scripts))) else "",
    )
    questions = {name: one.question for name, one in explained.items()}
    sections = [opening.strip(), answer_table(order, questions, results)]
    load = partial(load_named_model, folder=experiments)
    for heading, names in order.items():
        sections += [f"## {heading}"] if names else []
        for name in names:
            sections.append(prediction_section(scripts[name].PREDICTION, explained[name], results, load, place))
    return "\n\n".join(sections) + "\n"
