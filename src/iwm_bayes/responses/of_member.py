"""A response of one member of a dyad: it depends on the beliefs of this member."""

from iwm_bayes.types import Response


def response_of_member(response: Response, role: str) -> Response:
    """Return a response whose readouts are those of one member of a dyad.

    An act hides nothing and ends nothing here: in a dyad its effect is the outcome of the other member.
    """
    return response._replace(
        about=f"{role} {response.about}",
        also_reads=tuple(f"{role} {name}" for name in response.also_reads),
        accumulates={f"{role} {name}": share for name, share in response.accumulates.items()},
        lagged={f"{role} {name}": f"{role} {initial}" for name, initial in response.lagged.items()},
        effect="none",
        without_worth=None,
    )
