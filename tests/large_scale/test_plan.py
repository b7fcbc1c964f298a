"""What a large-scale fit refuses before it begins."""

from dyads import write_dyads
from session_study import write_study

from iwm_bayes.data.study import read_study_file
from iwm_bayes.large_scale.plan import unsupported
from iwm_bayes.model.specification.model_file import load_model


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
