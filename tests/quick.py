"""The quick circle: `pytest -m quick` runs every test that neither compiles, fits, starts a browser nor builds pages.

A test is quick unless it is marked `slow`, is listed in `LONGER`, or takes a fixture of `LONGER_FIXTURES`. A quick test
that compiles fails, so that the list stays right.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn
from unittest.mock import patch

import pytest

LONGER_FIXTURES = frozenset(
    {"browser", "reported", "served", "site", "wheel"}
)  # browser, plots, server, pages, package
LONGER = (  # modules and tests, by their names below `tests/`
    # they compile, or call what does
    "cli/test_compare.py",
    "cli/test_main.py::test_simulated_sessions_can_be_fitted",
    "cli/test_odd_studies.py",
    "cli/test_overwrite.py::test_a_result_that_is_cut_is_named",
    "cli/test_overwrite.py::test_results_of_studies_leave_other_files_alone",
    "cli/test_plan.py::test_a_plan_from_a_study_file_simulates_the_study",
    "cli/test_plan.py::test_later_sessions_are_forecast",
    "cli/test_validate.py::test_an_interruption_says_how_to_continue",
    "cli/test_validate.py::test_learning_is_distinguished_from_none",
    "cli/test_validate.py::test_recovery_by_number_of_sessions",
    "comparison/test_elpd.py",
    "comparison/test_leave_one_event_out.py",
    "comparison/test_mixture_engine.py",
    "comparison/test_mixture_frequencies.py::test_frequencies_are_uniform",
    "data/test_covariates.py::test_people_are_normal_around_shifted_means",
    "data/test_unrecorded.py::test_future_outcomes_do_not_enter_the_prediction_of_earlier_sessions",
    "diagnostics/test_convergence_checks.py::test_a_sampler_that_stops_at_its_maximum_depth_says_so",
    "diagnostics/test_permutation_test.py::test_learning_is_not_shown_where_only_time_passes",
    "diagnostics/test_permutation_test.py::test_learning_is_shown_where_people_learn",
    "diagnostics/test_ppc_statistics.py::test_a_model_without_learning_fails_where_people_learn",
    "filtering/test_kernels.py",
    "filtering/test_vector_math.py",
    "inference/engine/test_density.py",
    "inference/engine/test_sampler.py",
    "inference/engine/test_table.py",
    "inference/laplace/test_ascent.py",
    "inference/laplace/test_method.py",
    "inference/test_answers.py",
    "inference/test_engines.py",
    "model/test_build.py::test_a_likelihood_scans_events_backwards_once",
    "large_scale/test_fit.py",
    "model/test_innovations.py",
    "model/test_noncentering.py::test_people_are_drawn_from_their_group",
    "model/test_raters.py::test_engines_have_the_likelihood_of_ratings_of_a_latent_outcome",
    "model/test_build.py::test_people_without_pooling_vary_as_much_as_pooled_ones",
    "model/test_build.py::test_priors_are_those_of_the_model",
    "model/test_pymc_model.py::test_a_regression_on_a_parameter_recovers_its_slope",
    "model/test_responses_not_asked.py::test_ratings_before_are_ratings_after_the_row_before",
    "report/dyads/test_page.py",
    "responses/test_conformance.py::test_fitted_variable_has_the_same_moments",
    "responses/test_ordinal.py::test_an_unused_level_does_not_move_the_answer",
    "responses/test_ordinal.py::test_unused_levels_and_the_scale_are_named",
    "responses/test_scale.py::test_recovery_where_ratings_are_not_on_the_outcome_scale",
    "responses/test_scale.py::test_thresholds_after_a_fit_lie_where_people_rate",
    "rules/test_conformance.py::test_machine_code_equals_the_plain_scan",
    "rules/test_conformance.py::test_several_people_are_served_by_one_instruction",
    "test_documentation.py::test_blocks_run_as_they_stand",
    "test_notebooks.py",
    "validation/test_plan.py::test_power_of_a_difference_of_means",
    "validation/test_plan_reliability.py::test_one_study_of_a_plan",
    "validation/test_study_design.py::test_recovery_in_the_events_of_a_study_covers",
    "workflow/test_dyads.py",
    "workflow/test_fit_groups.py::test_the_log_likelihood_of_people_leaves_out_people",
    "workflow/test_fit_groups.py::test_a_large_log_likelihood_is_left_out_unless_asked_for",
    "workflow/test_load.py::test_python_and_command_line_have_one_answer",
    "workflow/test_python.py",
    "workflow/test_run_folder.py",
    "workflow/test_session_covariates.py",
    "workflow/test_trust.py::test_a_response_runs_with_trust_only_from_a_study_and_from_a_run",
    "workflow/test_trust.py::test_a_manifest_that_names_another_file_runs_nothing",
    "workflow/test_trust.py::test_another_response_is_another_run",
    "workflow/test_unfinished_run.py",
    "workflow/test_verbs.py::test_draws_of_a_pymc_model_come_home_as_a_fit",
    # they compile nothing, and take more than ten seconds together
    "cli/test_names_in_print.py::test_a_run_about_such_a_figure_is_printed",
    "data/test_any_input.py",
    "diagnostics/test_registry.py::test_a_registered_estimand_appears_everywhere",
    "diagnostics/test_registry.py::test_a_registered_estimand_is_left_out_by_its_name",
    "inference/test_log_likelihood.py",
    "inference/test_pilot.py",
    "model/test_build.py::test_gradient_is_finite_all_over_the_prior",
    "model/test_build.py::test_likelihood_agrees_with_the_filter",
    "model/test_pymc_model.py::test_answers_are_drawn_as_in_a_simulation",
    "model/test_pymc_model.py::test_the_density_is_that_of_the_samplers_graph",
    "report/test_from_the_fit.py",
    "responses/test_conformance.py::test_gradient_is_finite_everywhere",
    "responses/test_responses.py::test_likelihood_is_that_of_the_loop",
    "rules/test_conformance.py::test_gradient_equals_finite_differences",
    "rules/test_learning_weights.py::test_learning_does_not_speed_up_over_the_prior",
    "simulation/test_dyads.py::test_answers_are_those_that_the_density_expects",
    "validation/test_sweep.py::test_nothing_changes_if_a_part_of_a_cluster_is_killed",
    "workflow/test_estimands.py::test_what_is_left_out_appears_nowhere",
    "workflow/test_fit_groups.py::test_arviz_without_this_program_opens_every_part",
    "workflow/test_new_study.py::test_any_table_gives_a_file_that_is_read_or_an_error_in_words",
    "workflow/test_plots.py::test_a_plot_has_the_status_of_its_fit",
    "workflow/test_trust.py::test_a_run_that_was_received_runs_no_code_without_trust",
    "workflow/test_trust.py::test_the_run_of_a_built_in_rule_needs_no_trust_and_no_other_file",
    "workflow/test_verbs.py::test_tables_have_the_numbers_of_the_answer",
    "workflow/test_new_study.py::test_the_study_that_a_table_was_made_from_is_recovered",
)
COMPILERS = (  # what turns Python or C into machine code: Numba's functions, and PyTensor's C code
    "numba.core.compiler.compile_extra",
    "pytensor.link.c.cmodule.GCC_compiler.compile_str",
)


def is_longer(name: str) -> bool:
    """Return whether a test is listed, by its name below `tests/`, such as "cli/test_plan.py::test_sizes[3]"."""
    module, _, function = name.partition("::")
    return module in LONGER or f"{module}::{function.partition('[')[0]}" in LONGER


def is_quick(item: pytest.Item) -> bool:
    """Return whether a test belongs to the quick circle."""
    takes_longer = not LONGER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    is_slow = item.get_closest_marker("slow") is not None
    return not (is_slow or takes_longer or is_longer(item.nodeid.removeprefix("tests/")))


def refuse(*_: object, **__: object) -> NoReturn:
    """Raise in place of a compiler."""
    raise AssertionError("this test compiles: list it in tests/quick.py, or let it compile nothing")


@contextmanager
def without_compilers() -> Iterator[None]:
    """Let everything that would be compiled raise."""
    with ExitStack() as stack:
        for name in COMPILERS:
            stack.enter_context(patch(name, refuse))
        yield
