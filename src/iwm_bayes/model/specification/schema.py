"""The keys of a model file, with their types."""

from typing import Literal

from pydantic import Field, StrictBool, StrictFloat

from iwm_bayes.data.toml import Name, Strict


class ParameterPrior(Strict):
    """What a model assumes about one parameter, where it differs from the default of the rule or response."""

    prior_90: tuple[float, float] | None = None
    prior_between_sd: float | None = Field(default=None, gt=0)
    pooling: Literal["partial", "complete", "none"] | None = None
    by: Literal["person", "figure"] | None = None
    fixed: StrictFloat | StrictBool | None = None  # a constant; false: free, though it is fixed by default


class ModelFile(Strict):
    """The content of a model file."""

    claim: str
    reference: str
    predicts: str = ""  # what data should show if the hypothesis is true, in words
    needs: str = ""  # the data that make its parameters identifiable, in words
    rule: str
    responses: list[str] | dict[Name, str]
    transfer: bool = False
    arousal: bool = False  # whether distress changes learning
    trend: bool = False  # whether time moves beliefs towards a plateau, in addition to learning
    belief_noise: bool = False  # whether beliefs also move by themselves between events
    correlated: bool = False  # whether people's parameters may be correlated
    parameters: dict[str, ParameterPrior] = Field(default_factory=dict)
