"""The content of a model file, as it is checked."""

from typing import Literal

from pydantic import Field, StrictBool, StrictFloat

from iwm_bayes.data.toml import Name, Strict


class ParameterPrior(Strict):
    """What a theory assumes of one parameter, where it differs from the rule's default."""

    prior_90: tuple[float, float] | None = None
    prior_between_sd: float | None = Field(default=None, gt=0)
    pooling: Literal["partial", "complete", "none"] | None = None
    by: Literal["person", "figure"] | None = None
    fixed: StrictFloat | StrictBool | None = None  # false: free, though it is fixed by default


class ModelFile(Strict):
    """The content of a theory file."""

    claim: str
    reference: str
    predicts: str = ""  # what will be seen if it is true, in words
    needs: str = ""  # the data that tell its parameters apart, in words
    rule: str
    responses: list[str] | dict[Name, str]
    transfer: bool = False
    arousal: bool = False  # what is learned depends on distress
    expectancy_bias: bool = False  # what people report of an outcome is partly what they expected
    correlated: bool = False  # whether people's parameters may be correlated
    parameters: dict[str, ParameterPrior] = Field(default_factory=dict)
