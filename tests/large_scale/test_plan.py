"""What a large-scale fit refuses before it begins."""

import pytest
from dyads import write_dyads
from session_study import write_study

from iwm_bayes.data.study import read_study_file
from iwm_bayes.large_scale.plan import checked_study, unsupported
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError


def test_parts_within_and_between_people_need_all_sessions_at_once(tmp_path):
    """Sessions are read in parts, so no mean over everybody is known."""
    model = load_model("rescorla_wagner")
    assert unsupported(read_study_file(write_study(tmp_path, "arm")), model) == []
    [said] = unsupported(read_study_file(write_study(tmp_path, "within( mood )")), model)
    assert "within(x) and between(x) need the sessions of all people at once" in said


def test_dyads_are_refused(tmp_path):
    """Their two sides are read together, and not in parts."""
    study = read_study_file(write_dyads(tmp_path, "friends"))
    assert any("both members of dyads" in one for one in unsupported(study, load_model("partner")))


@pytest.mark.parametrize("name", ["friends", "couple"])
def test_dyads_are_refused_before_their_table_is_opened(tmp_path, name):
    """It is no folder of Parquet files."""
    with pytest.raises(InputError, match="both members of dyads"):
        checked_study(write_dyads(tmp_path, name), None, trust=False)
