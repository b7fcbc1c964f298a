"""Every kind of fault that trying the program brought to light, what came of it, what is right, and the tests of it.

`python tests/kinds_of_fault.py` runs the tests kind by kind and prints a table. `python tests/kinds_of_fault.py A0 B1`
runs some. A is wrong or misleading numbers, B security and loss, C what was refused though a user would expect it.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent


class Kind(NamedTuple):
    """One kind of fault."""

    before: str
    now: str
    tests: tuple[str, ...]  # FILE::TEST, or FILE for all tests of a file


KINDS: Mapping[str, Kind] = {
    "A0": Kind(
        "the share earned secure falls as care gets better",
        "beliefs hold and are resilient; the share never falls",
        ("estimands/security/test_criterion.py",),
    ),
    "A1": Kind(
        "the report counts 42 failed checks for 2",
        "the report's sentence is that of the fit",
        ("report/test_key_result.py::test_model_fit_counts_the_checks_that_are_outside",),
    ),
    "A2": Kind(
        "learning shown where only time passes",
        "people get the outcomes of others; shown, not shown or unclear",
        ("diagnostics/test_permutation_test.py", "diagnostics/test_outcome_swaps.py"),
    ),
    "A3": Kind(
        "compare destroys runs, and a run folder what else lies in it",
        "fits that hold are used; only files of the program are replaced, when asked",
        (
            "workflow/test_run_folder.py::test_only_what_the_program_wrote_is_replaced",
            "workflow/test_run_folder.py::test_another_fit_does_not_replace_a_run",
            "cli/test_compare.py::test_a_fit_that_was_sampled_otherwise_is_used",
        ),
    ),
    "A4": Kind(
        "stale fits pass as valid",
        "everything an answer depends on is hashed and named where it differs",
        ("workflow/test_run_folder.py::test_a_stale_run_is_refused_by_name",),
    ),
    "A5": Kind(
        "styles in a model without self-worth",
        "no styles; the definition names one belief",
        ("estimands/security/test_time_to_security.py::test_a_model_without_self_worth_has_no_styles",),
    ),
    "A6": Kind(
        "the headline is read where nobody is at risk",
        "it ends at the last session with five people and a tenth at risk; two targets",
        (
            "estimands/security/test_survival.py::test_shares_end_where_few_are_at_risk",
            "report/test_key_result.py::test_baseline_and_share_are_those_of_the_draws",
        ),
    ),
    "A7": Kind(
        "ratings are taken to be on the outcome's scale",
        "only where the study says so; else intercept and slope are estimated",
        ("responses/test_scale.py", "workflow/test_load.py::test_check_says_which_ratings_are_on_the_outcome_scale"),
    ),
    "A8": Kind(
        "two ratings of one belief are both fixed",
        "a model file fixes the first only",
        ("responses/test_scale.py::test_a_model_file_fixes_the_first_rating_of_each_belief_only",),
    ),
    "A9": Kind(
        "timing and reliabilities are dropped from Python",
        "model and data come together; a model that lacks them is refused",
        (
            "workflow/test_load.py::test_python_and_command_line_have_one_answer",
            "workflow/test_load.py::test_a_model_without_the_statements_of_the_study_is_refused",
        ),
    ),
    "A10": Kind(
        "padding looks like answers",
        "a fit holds recorded answers only; loo works",
        ("inference/test_answers.py",),
    ),
    "A11": Kind(
        "confusion matrix out of order",
        "rows and columns as typed",
        ("validation/test_confusion.py",),
    ),
    "A12": Kind(
        "an end value as chance level, and numbers where nothing can be assessed",
        "a curve by session; sentences in place of numbers",
        (
            "estimands/security/test_by_arm.py::test_where_an_arm_cannot_be_assessed_there_is_no_difference",
            "estimands/security/test_by_arm.py::test_where_few_are_insecure_at_baseline_cells_are_empty",
            "estimands/security/test_time_to_security.py::test_projection_says_nothing_about_a_handful",
        ),
    ),
    "A13": Kind(
        "an effect that is 1 by construction counts as passed",
        "only statistics that can fail are counted",
        ("diagnostics/test_ppc_statistics.py::test_a_statistic_that_cannot_fail_is_not_counted",),
    ),
    "A14": Kind(
        "--draws N should be enough",
        "try --extend --draws N: the run is extended",
        ("diagnostics/test_convergence_checks.py::test_advice_for_slow_chains_is_a_longer_run",),
    ),
    "A15": Kind(
        "unrecorded outcomes know the future",
        "predictions know earlier sessions only; outcomes filled are counted",
        ("data/test_unrecorded.py",),
    ),
    "A16": Kind(
        "one column as outcome and response",
        "refused",
        ("data/test_table_cells.py::test_an_outcome_is_no_response",),
    ),
    "A17": Kind(
        "saturated tree depth passes",
        "not converged",
        ("diagnostics/test_convergence_checks.py::test_a_sampler_that_stops_at_its_maximum_depth_says_so",),
    ),
    "A18": Kind(
        "cells that are misread without a word",
        "a fault or a warning with its rows",
        ("data/test_table_cells.py",),
    ),
    "A19": Kind(
        "names in brackets vanish or end in a traceback",
        "every name is printed as it is",
        ("cli/test_names_in_print.py",),
    ),
    "A20": Kind(
        "differences of arms ignore that people are a sample",
        "new people of each arm; the comparison within the sample next to it",
        (
            "estimands/security/test_population.py",
            "estimands/security/test_by_arm.py::test_new_people_belong_to_the_arm_of_their_twin",
        ),
    ),
    "A21": Kind(
        "people who withdrew learn from a mean",
        "their outcome is not observed",
        ("data/test_unrecorded.py::test_people_who_withdrew_saw_no_outcome",),
    ),
    "A22": Kind(
        "a filled-in mean biases without a word",
        "the bias is stated, with its direction",
        (
            "data/test_unrecorded.py::test_forms_missing_after_bad_sessions_make_care_look_better_by_the_stated_bias",
            "data/test_unrecorded.py::test_unrecorded_outcomes_are_counted",
        ),
    ),
    "A23": Kind(
        "people who left count as if censored at random",
        "they continue with sessions of those who stayed",
        ("estimands/security/test_follow_up.py",),
    ),
    "A24": Kind(
        "hgf: people learn faster as they go",
        "the initial variance is estimated",
        ("rules/test_learning_weights.py",),
    ),
    "A25": Kind(
        "ELPD of events is optimistic",
        "more draws, people integrated out, refits; the rest is counted",
        ("comparison/test_leave_one_event_out.py",),
    ),
    "A26": Kind(
        "effects outside 99% under the true model",
        "a joint test, and expected numbers",
        ("diagnostics/test_ppc_statistics.py::test_the_joint_test_flags_the_true_model_at_its_nominal_rate",),
    ),
    "A27": Kind(
        "corrective experiences without a fear, counted too long",
        "a negative expectation is needed; counted until the last session that can be judged",
        (
            "estimands/security/test_criterion.py::test_corrective_experiences_are_feared_expectations_that_are_not_met",
            "estimands/security/test_survival.py::test_people_who_cannot_be_judged_do_not_count_their_experiences",
        ),
    ),
    "A28": Kind(
        "sources that are none; no between-person prior",
        "derived, or cited; printed",
        ("cli/test_main.py::test_models_prints_both_priors_of_a_parameter",),
    ),
    "A29": Kind(
        "levels called None are lost; a guessed order",
        "declared levels are answers; only a known order is suggested",
        (
            "data/test_table_cells.py::test_declared_levels_are_answers_whatever_they_are_called",
            "data/test_table_cells.py::test_only_a_known_order_of_levels_is_suggested",
        ),
    ),
    "A30": Kind(
        "a row that lacks a cell shifts to the left",
        "the cells of every row are counted",
        ("data/test_table_cells.py::test_cells_that_could_be_misread_are_faults",),
    ),
    "A31": Kind(
        "dates as numbers, a cut off the scale, a noise of 0",
        "dates are dates; the others are refused",
        (
            "data/test_table_cells.py::test_dates_without_signs_are_dates",
            "data/test_odd_files.py::test_priors_that_cannot_be_computed_with_are_refused",
            "data/test_odd_files.py::test_a_word_for_nobody_is_no_figure",
        ),
    ),
    "A32": Kind(
        "an unused ordinal level moves the answer",
        "seven levels with one unused are six",
        ("responses/test_ordinal.py",),
    ),
    "B0": Kind(
        "simulate overwrites the researcher's table",
        "no command overwrites what it did not write",
        ("cli/test_overwrite.py",),
    ),
    "B1": Kind(
        "a study or run that was received runs code",
        "formulas are a closed language; rule files need --trust; the explorer's doors are closed",
        (
            "data/test_formula_language.py::test_no_formula_runs_code",
            "workflow/test_trust.py",
            "explorer/test_requests.py",
        ),
    ),
    "B2": Kind(
        "what cannot be written is found after sampling",
        "before it, in one sentence; draws are kept",
        (
            "workflow/test_run_folder.py::test_what_cannot_be_written_is_found_before_sampling",
            "workflow/test_run_folder.py::test_no_room_on_the_disk_is_found_before_sampling",
            "workflow/test_run_folder.py::test_a_disk_that_is_full_at_the_end_leaves_the_draws",
        ),
    ),
    "B3": Kind(
        "broken files end in tracebacks",
        "one sentence on what is broken and what can be saved",
        (
            "workflow/test_run_folder.py::test_what_is_broken_is_named_in_one_sentence",
            "workflow/test_run_folder.py::test_a_chain_that_is_garbage_is_named_and_the_others_are_kept",
            "workflow/test_run_folder.py::test_a_lock_that_is_a_folder_is_named",
        ),
    ),
    "B4": Kind(
        "a hidden folder stays after a kill",
        "nothing hidden is made; drafts are cleared",
        ("workflow/test_run_folder.py::test_killed_while_writing_nothing_stays_behind",),
    ),
    "B5": Kind(
        "a rule file that exits, loops or has other arguments",
        "said in one error, within a time limit",
        ("rules/test_rule_file.py",),
    ),
    "C1": Kind(
        "tables that are not CSV with commas in UTF-8, or Parquet",
        "every usual format gives identical data; what is guessed is said",
        (
            "data/tables/test_formats.py",
            "data/tables/test_csv_file.py",
            "data/tables/test_table_file.py",
            "data/tables/test_typed_file.py",
            "data/tables/test_frame.py",
            "data/tables/test_wide.py",
        ),
    ),
    "C2": Kind(
        "ids and names that look like numbers or missing values",
        "matched where unambiguous; both spellings shown otherwise",
        (
            "data/test_table_cells.py::test_a_person_in_two_spellings_is_a_fault",
            "data/test_table_cells.py::test_people_and_figures_may_be_called_none_or_nan",
            "data/test_table_cells.py::test_groups_may_be_called_none",
            "data/test_table_cells.py::test_people_are_matched_as_they_are_written",
            "data/test_table_cells.py::test_ids_of_a_typed_table_are_matched",
            "data/test_table_cells.py::test_people_who_are_not_matched_are_shown_in_both_spellings",
            "data/test_table_cells.py::test_people_who_are_left_out_for_their_spelling_are_said",
        ),
    ),
    "C3": Kind(
        "odd formulas end in tracebacks",
        "one message, or they work",
        ("data/test_formula_language.py",),
    ),
    "C4": Kind(
        "odd studies end in tracebacks",
        "one message",
        (
            "data/test_table_cells.py::test_nobody_with_an_outcome_is_a_fault",
            "data/test_odd_files.py::test_a_model_without_a_free_parameter_is_refused",
            "data/test_odd_files.py::test_file_names_of_figures_are_short",
        ),
    ),
    "C5": Kind(
        "two runs of one model, or a report from another folder",
        "both work",
        (
            "cli/test_compare.py::test_runs_of_one_model_are_compared_under_names_of_their_own",
            "workflow/test_run_folder.py::test_a_report_is_written_from_any_folder",
        ),
    ),
    "C6": Kind(
        "TOML bombs and impossible paths end in tracebacks",
        "one message",
        (
            "data/test_odd_files.py::test_toml_bombs_are_one_message",
            "data/test_odd_files.py::test_paths_that_no_file_can_have",
        ),
    ),
    "C7": Kind(
        "validate and plan ignore the design of a study",
        "they simulate the study's own events, model and covariates",
        ("validation/test_study_design.py",),
    ),
    "C8": Kind(
        "no own ids from the command line",
        "--ids own",
        ("workflow/test_run_folder.py::test_people_have_their_own_ids_when_asked",),
    ),
    "C9": Kind(
        "a rule of one's own fails in fit with graph errors",
        "check builds the graph and says what the rule must do",
        ("model/test_rule_graph.py", "rules/test_rule_file.py::test_the_equation_does_not_depend_on_the_indentation"),
    ),
    "C10": Kind(
        "check is quadratic in the longest person",
        "one pass",
        ("filtering/test_arrays.py",),
    ),
    "C11": Kind(
        "what check passes may not fit",
        "odd studies have one verdict",
        ("cli/test_odd_studies.py",),
    ),
    "C12": Kind(
        "lab tasks cannot leave out earned security",
        "`estimands` in a study",
        ("workflow/test_estimands.py",),
    ),
}


def run_tests(tests: tuple[str, ...]) -> str:
    """Run tests, slow ones too, and return the last line of what pytest says."""
    named = [str(TESTS / test) for test in tests]
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "", *named]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TESTS.parent)
    return done.stdout.strip().splitlines()[-1].strip("= ")


def main(asked: list[str]) -> None:
    for label in asked or KINDS:
        kind = KINDS[label]
        print(f"{label} | {kind.before} | {kind.now} | {run_tests(kind.tests)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
