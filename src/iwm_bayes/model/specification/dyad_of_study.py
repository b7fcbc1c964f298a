"""The model of a study of dyads: each member's model as the study uses it, joined."""

from collections.abc import Iterator, Mapping

from iwm_bayes.data.binding import binding_problems, bound_model, supplied_responses
from iwm_bayes.data.dyads.schema import Dyad, member_study
from iwm_bayes.data.study import StudySpec
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import load_model_for
from iwm_bayes.rules.dyad import other_role
from iwm_bayes.types import InputError, Member, ModelSpec


def has_roles(study: StudySpec) -> bool:
    """Return whether a study is one of dyads whose members have roles, and so a model each."""
    return study.dyad is not None and bool(study.dyad.members)


def dyad_of(study: StudySpec) -> Dyad:
    """Return what a study says of its dyads; InputError where it has none."""
    if study.dyad is None:
        raise InputError([f"study {study.name}: has no [dyad], which a model of dyads needs"])
    return study.dyad


def without_those_of_the_other(study: StudySpec, role: str, models: Mapping[str, ModelSpec]) -> StudySpec:
    """Return the study of a member without responses of both that only the other's model has."""
    own = member_study(study, role)
    other = other_role(models, role)
    known = {*models[role].responses, *models[role].without}
    others = {*models[other].responses, *models[other].without}
    responses = {
        name: given
        for name, given in own.responses.items()
        if name in known or name not in others or study.responses.get(f"{other}_{name}") != given
    }
    return own.model_copy(update={"name": f"{study.name}, {role}", "responses": responses})


def act_problems(study: StudySpec, dyad: Dyad, models: Mapping[str, ModelSpec]) -> Iterator[str]:
    """Yield a problem for each act of a member that is an outcome or bids of the other and has no column."""
    for role, member in dyad.members.items():
        other = other_role(dyad.members, role)
        for key, name in (("outcome", member.outcome), ("bids", member.bids)):
            known = {*models[other].responses, *models[other].without}
            if name is not None and name in known and f"{other}_{name}" not in study.responses:
                yield (
                    f"study {study.name}, {role}: {name} of the {other} is its `{key}`, and has no column. Add "
                    f"[dyad.members.{other}.responses.{name}]"
                )


def shared_columns(study: StudySpec, dyad: Dyad) -> Iterator[str]:
    """Yield a problem for each column that both members have in a wide table: an answer is that of one of them."""
    if dyad.role is not None:
        return
    first, second = dyad.members
    own = member_study(study, first).responses
    columns = {column: name for name, given in own.items() for column in given.columns}
    for name, given in member_study(study, second).responses.items():
        for column in (one for one in given.columns if one in columns):
            yield (
                f'study {study.name}: the column "{column}" is {columns[column]} of the {first} and {name} of the '
                f"{second}. Where a row has both members, give each a column under "
                "[dyad.members.ROLE.responses]; where it is about one of them, name the column `role` in [dyad]"
            )


def joined_for(study: StudySpec, models: Mapping[str, ModelSpec]) -> ModelSpec:
    """Return the model of dyads of a study from the models of its members; InputError lists every problem."""
    dyad = dyad_of(study)
    problems = [*act_problems(study, dyad, models), *shared_columns(study, dyad)]
    for role, model in models.items():
        problems += binding_problems(without_those_of_the_other(study, role, models), model)
    if problems:
        raise InputError(problems)
    members = {}
    for role, given in dyad.members.items():
        own = member_study(study, role)
        model = bound_model(own, supplied_responses(own, models[role]))
        members[role] = Member(model, given.outcome, given.exchange, given.bids)
    return dyad_model(members, dyad.correlated)


def load_dyad_for(study: StudySpec, trust: bool = False) -> ModelSpec:
    """Load the model of dyads of a study; InputError lists what is wrong with the models of both members.

    `trust` is that of `load_model`.
    """
    models, problems = dict[str, ModelSpec](), list[str]()
    for role, member in dyad_of(study).members.items():
        try:
            models[role] = load_model_for(member_study(study, role), member.model, trust)
        except InputError as error:
            problems += [f"{role}: {problem}" for problem in error.problems]
    if problems:
        raise InputError(problems)
    return joined_for(study, models)
