//! All advice in the sources, with the test that does it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A part of each text that tells the user to do something, and the test that does it. A part may be in several texts.
const DONE: &[(&str, &str)] = &[
    ("run the trainings first, in as many parts as there are", "a_part_says_what_it_waits_for_and_what_comes_next"),
    ("hint: when all parts are done, `{record}` makes", "a_part_says_what_it_waits_for_and_what_comes_next"),
    ("all is done; `{}` makes the record", "the_status_says_what_is_done_and_who_is_at_it"),
    ("run {}", "a_part_says_what_it_waits_for_and_what_comes_next"),
    ("elsewhere, name the part, as in 3/8", "a_part_that_no_scheduler_names_is_named_as_advised"),
    ("name the number, as in auto/8", "a_part_that_no_scheduler_names_is_named_as_advised"),
    (
        "find out which one is wrong, remove its file, and run",
        "scores_that_differ_are_made_again_without_the_wrong_file",
    ),
    ("# Submits `{name}` to Slurm", "the_script_for_slurm_runs_the_experiment"),
    ("# A task whose program is killed, as it is", "a_task_whose_program_is_killed_goes_back_into_the_queue"),
    ("training=$(submit", "the_script_for_slurm_runs_the_experiment"),
    ("scores=$(submit", "the_script_for_slurm_runs_the_experiment"),
    ("# Runs `{name}` as jobs of Kubernetes", "the_jobs_for_kubernetes_run_the_experiment"),
    ("#   kubectl apply", "the_jobs_for_kubernetes_run_the_experiment"),
    ("run nb201-micro", "the_run_that_an_empty_store_asks_for_is_one_and_the_golden_tests_run_it_to_the_end"),
    ("` makes one", "the_run_that_an_empty_store_asks_for_is_one_and_the_golden_tests_run_it_to_the_end"),
    ("report {} --out report.html", "the_hint_after_a_run_writes_the_page"),
    ("show {} --all", "the_hint_after_a_run_writes_the_page"),
    (
        "give it one of the endings {}, or name the format with --format",
        "a_report_gets_an_ending_or_a_format_that_is_named",
    ),
    ("give it the ending .csv", "a_report_gets_an_ending_or_a_format_that_is_named"),
    ("did you mean `{name}`, the carried spec {hash}", "a_carried_spec_that_is_meant_is_begun"),
    (
        "did you mean the carried spec {name}? `nas-assay run",
        "a_record_is_named_by_its_nearest_name_or_its_file_is_run",
    ),
    (
        "`nas-assay verify {options}` judges the scores in it",
        "a_file_of_scores_that_is_given_as_a_word_is_judged_as_the_error_says",
    ),
    ("--scores {} --space SPACE", "a_file_of_scores_that_is_given_as_a_word_is_judged_as_the_error_says"),
    ("`nas-assay spaces` lists the spaces", "a_file_of_scores_that_is_given_as_a_word_is_judged_as_the_error_says"),
    ("judge the program first, with", "a_program_that_is_to_be_linted_is_judged_first_as_the_error_says"),
    (
        "was meant to be better from the start, write",
        "scores_that_rank_the_wrong_way_round_are_read_in_the_direction_that_is_advised",
    ),
    ("run a spec of your own first, with `{}`", "a_carried_spec_that_is_meant_is_begun"),
    ("run FILE.toml", "a_carried_spec_that_is_meant_is_begun"),
    ("carried specs: {}; give more digits", "a_carried_spec_that_is_meant_is_begun"),
    ("give the hash of one, or `latest`", "every_name_that_is_offered_for_a_record_shows_one"),
    (", and {more} more (`{}` lists all)", "a_long_list_of_records_ends_with_the_command_that_lists_all"),
    ("name a record by its hash or its spec", "every_name_that_is_offered_for_a_record_shows_one"),
    (
        "give `latest`, the first digits of a hash, or the name of a spec",
        "every_name_that_is_offered_for_a_record_shows_one",
    ),
    ("did you mean {meant}?", "a_spec_is_named_by_its_nearest_name_or_by_its_path"),
    ("did you mean the file `{file}`?", "a_spec_is_named_by_its_nearest_name_or_by_its_path"),
    ("did you mean `{name}`?", "a_record_is_named_by_its_nearest_name_or_its_file_is_run"),
    ("the nearest name is `{name}`", "a_record_is_named_by_its_nearest_name_or_its_file_is_run"),
    ("is here: `nas-assay run {file}`", "a_record_is_named_by_its_nearest_name_or_its_file_is_run"),
    ("did you mean `{near}`?", "a_program_that_cannot_answer_is_mended_as_the_error_says"),
    ("did you mean `{}`?", "a_program_that_cannot_answer_is_mended_as_the_error_says"),
    ("give one of these hashes", "a_record_that_cannot_be_run_again_says_why"),
    ("run the file of its spec", "a_record_that_cannot_be_run_again_says_why"),
    ("`nas-assay specs` lists", "a_spec_is_named_by_its_nearest_name_or_by_its_path"),
    ("did you mean `{known}`?", "a_word_that_is_suggested_is_taken"),
    ("`nas-assay claims` lists them", "the_nearest_name_is_one_that_works"),
    ("no carried truth table is called", "the_nearest_name_is_one_that_works"),
    ("; the nearest known one is `{id}`", "the_nearest_name_is_one_that_works"),
    ("; the nearest one is `{name}`", "the_nearest_variant_can_be_named"),
    ("; the nearest is `{name}`", "the_nearest_name_is_one_that_works"),
    ("; the nearest is `{near}`", "older_and_wrong_names_say_what_to_write"),
    ("is no accuracy of NAS-Bench-201, such as {paper}", "older_and_wrong_names_say_what_to_write"),
    ("; the nearest name is {}", "a_tensor_that_is_missing_is_the_one_with_the_nearest_name"),
    ("; the nearest is `{}`", "what_verify_needs_is_what_its_errors_name"),
    ("the nearest known one is `{nearest}`", "an_architecture_is_mended_with_the_nearest_operation_and_space"),
    ("give it with `--{size} N`", "an_architecture_is_mended_with_the_nearest_operation_and_space"),
    ("devices are `cpu` and `cuda:N`", "a_device_that_is_named_in_an_error_exists"),
    ("build it with `cargo build --features cuda`", "a_device_that_is_named_in_an_error_exists"),
    ("give the spec a smaller `batch`", "a_smaller_batch_is_a_spec_that_runs"),
    ("`--device cpu` needs no GPU", "a_device_that_is_named_in_an_error_exists"),
    ("give --spec SPEC or --space SPACE", "what_cannot_be_exported_is_refused"),
    ("is not empty; name another folder", "what_cannot_be_exported_is_refused"),
    ("that the store does not hold: run the spec first", "parts_of_a_trained_supernet_are_exported_when_it_is_trained"),
    ("name its files with --file", "a_program_is_judged_without_a_spec"),
    ("name one with --column", "an_implementation_is_the_estimator_or_another_one"),
    ("--channels and --cells are for files without", "a_state_dict_of_any_space_is_scored_with_its_description"),
    ("leave --spec out", "a_program_is_the_estimator_or_another_one"),
    ("give it with `--network FILE`", "a_state_dict_of_any_space_is_scored_with_its_description"),
    ("give `--scores FILE --space SPACE` for a file, `--command", "what_verify_needs_is_what_its_errors_name"),
    ("name a record, such as `latest`, or give `--scores FILE", "what_verify_needs_is_what_its_errors_name"),
    ("score {GATE_ROWS} or more of those that", "an_implementation_is_the_estimator_or_another_one"),
    ("did you mean the file {near}?", "a_spec_is_named_by_its_nearest_name_or_by_its_path"),
    ("write what is not declared into a TOML file", "what_is_not_declared_is_declared_as_the_hint_says"),
    ("lint --explain {}` prints the rule of a lint", "the_rule_of_a_lint_is_explained_as_the_hint_says"),
    ("--scores FILE --truth TABLE", "scores_are_judged_next_to_counts_of_the_encoding"),
    ("name a table of measured accuracies with `--truth FILE`", "what_needs_a_network_is_refused_in_one_sentence"),
    ("give [images.synthetic] or [images.cifar10]", "what_needs_a_network_is_refused_in_one_sentence"),
    (
        "`missing = \"pass-over\"` in the panel ranks the others",
        "architectures_without_a_score_are_passed_over_if_the_spec_says_so",
    ),
    ("see --json", "criteria_that_a_difference_leaves_out_are_in_its_json"),
    ("the same command goes on", "an_interrupted_command_continues"),
    ("run that file first: nas-assay run FILE.toml", "the_command_of_a_report_makes_it_again"),
    (" --data-root DIR", "the_command_of_a_report_makes_it_again"),
    ("made by: {command} --format latex", "the_command_in_a_tex_file_makes_it_again"),
    ("name one of them with --estimator", "a_baseline_is_linted_if_it_is_named"),
    ("lint {word} --estimator {}", "the_hint_shows_every_lint_of_one_claim"),
    (" --panel {}", "the_hint_names_the_panel_of_several"),
    ("The option --all shows every panel", "a_leaderboard_says_what_it_leaves_out_and_how_to_see_it"),
    // Commands for newcomers.
    ("Example", "every_example_of_a_help_is_a_command"),
    ("leave out --device, or name `cpu` with it", "a_doctor_has_the_exit_code_of_what_is_broken"),
    ("give another folder with --data-root DIR or NAS_ASSAY_DATA", "a_doctor_has_the_exit_code_of_what_is_broken"),
    ("give another folder with --store DIR, or change", "a_doctor_has_the_exit_code_of_what_is_broken"),
    ("install Python 3 to write an estimator in it", "a_doctor_finds_a_python_and_its_packages"),
    ("pip install torch", "a_doctor_finds_a_python_and_its_packages"),
    ("install the package from the repository", "a_doctor_finds_a_python_and_its_packages"),
    ("name another file, or replace it with --force", "a_first_spec_overwrites_nothing_and_says_what_it_assumes"),
    ("`nas-assay init --help` lists the options", "a_first_spec_overwrites_nothing_and_says_what_it_assumes"),
    ("# Written by `nas-assay init`", "a_first_spec_is_run_to_its_end"),
    ("`nas-assay estimators` lists all estimators", "a_first_spec_is_run_to_its_end"),
    ("write its new digest here", "a_first_spec_is_run_to_its_end"),
    ("{run} --data-root", "a_first_spec_overwrites_nothing_and_says_what_it_assumes"),
    // Data, claims and the store.
    ("give --data-root DIR or set NAS_ASSAY_DATA", "a_data_root_that_is_asked_for_is_found_in_each_way"),
    (
        "give the folder that contains {} with --data-root or NAS_ASSAY_DATA",
        "a_data_root_that_is_asked_for_is_found_in_each_way",
    ),
    ("may be truncated or damaged: fetch it again", "a_file_that_is_cut_is_fetched_again"),
    ("`nas-assay data import {name} PATH...` makes {}", "what_a_missing_file_asks_for_makes_it"),
    ("or make it with `nas-assay data import {source} FILE`", "what_a_missing_file_asks_for_makes_it"),
    (": `nas-assay data import {source} PATH` makes it", "an_import_names_what_is_lacking_and_what_makes_it"),
    ("`nas-assay data list` says", "a_damaged_file_is_imported_again"),
    ("give their number with `--drawn N`", "what_fits_none_may_be_a_sample"),
    ("nas-assay fingerprint --data-root DATA", "published_tables_are_identified"),
    ("no source is called `{name}`", "a_wrong_or_cut_file_writes_nothing"),
    ("remove it first if the new ones shall take its place", "a_wrong_or_cut_file_writes_nothing"),
    ("choose one with --accuracy", "a_truth_of_several_columns_is_the_mean_of_those_that_are_chosen"),
    ("choose one with --accuracy, or with --quantity if it has a unit", "a_quantity_is_named_as_the_errors_say"),
    ("name the column with --quantity", "a_quantity_is_named_as_the_errors_say"),
    ("give the unit with --unit", "a_quantity_is_named_as_the_errors_say"),
    ("nothing says whether higher or lower numbers of {header}", "a_quantity_is_named_as_the_errors_say"),
    ("leave out --unit, and name columns of one unit", "a_quantity_is_named_as_the_errors_say"),
    ("--quantity, --unit and --better are for a table", "a_quantity_is_named_as_the_errors_say"),
    ("the file may be truncated: fetch it again", "a_file_that_is_cut_is_fetched_again"),
    ("give it another name", "a_name_that_tells_an_md5_is_held_to_it"),
    ("restore the file, or declare the new digest", "a_file_with_another_digest_is_restored_or_declared"),
    ("fetch it again, and declare the digest of the whole file", "a_file_with_another_digest_is_restored_or_declared"),
    ("run {spec}", "what_undecided_claims_ask_for_decides_them_or_is_the_next_step"),
    ("`{run}` makes it", "what_undecided_claims_ask_for_decides_them_or_is_the_next_step"),
    (
        "give the data root that contains it with --data-root, or set NAS_ASSAY_DATA",
        "what_undecided_claims_ask_for_decides_them_or_is_the_next_step",
    ),
    ("put the file there", "what_undecided_claims_ask_for_decides_them_or_is_the_next_step"),
    (
        "run its spec again, and only this file and what it needs are made again",
        "what_is_damaged_in_a_store_is_mended_by_what_is_advised",
    ),
    ("store check --repair", "what_is_damaged_in_a_store_is_mended_by_what_is_advised"),
    ("`{repair}` removes", "what_is_damaged_in_a_store_is_mended_by_what_is_advised"),
    ("use `{unpack}` if it is an archive", "an_archive_among_stores_is_unpacked_as_advised"),
    ("` removes what is left over", "what_is_damaged_in_a_store_is_mended_by_what_is_advised"),
    ("run its spec again, and its stage starts again", "damaged_weights_are_trained_again_by_the_next_run"),
    ("try again when it has ended", "a_store_in_use_is_free_when_its_run_has_ended"),
    ("another store (--store)", "another_store_is_no_matter_of_who_wrote_this_one"),
    ("nas-assay {arguments} --store {}", "a_folder_with_any_name_stays_one_word"),
    ("run the spec again", "a_record_in_a_file_that_cannot_be_read_is_made_by_running_the_spec_again"),
    (
        "use the nas-assay that wrote it, or run its spec again",
        "a_record_in_a_file_that_cannot_be_read_is_made_by_running_the_spec_again",
    ),
    // Specs.
    ("lower `learning-rate`, or set `clip`", "a_training_that_diverges_converges_with_each_setting_that_is_named"),
    ("is empty: name at least one", "what_is_empty_is_filled_or_left_out"),
    ("is empty: give at least one", "what_is_empty_is_filled_or_left_out"),
    ("leave it out", "what_does_not_belong_is_left_out"),
    ("cannot be visited); use `iso`", "what_cannot_be_drawn_is_drawn_as_the_error_says"),
    ("use `uniform` for {space}", "what_cannot_be_drawn_is_drawn_as_the_error_says"),
    ("set supernet.sampling to `iso`", "what_cannot_be_drawn_is_drawn_as_the_error_says"),
    ("set supernet.strategy to `uniform`", "what_cannot_be_drawn_is_drawn_as_the_error_says"),
    ("give the number of architectures to draw", "what_cannot_be_drawn_is_drawn_as_the_error_says"),
    ("is no unit, such as `ms`", "a_unit_and_its_direction_are_given_together"),
    ("list more epochs in supernet.checkpoints, or ", "epochs_that_are_missing_are_trained_kept_or_not_asked_for"),
    ("make it 2 or more, or leave the", "epochs_that_are_missing_are_trained_kept_or_not_asked_for"),
    ("add [supernet]", "scores_of_trained_weights_get_what_they_need_step_by_step"),
    // Files of scores.
    ("give them another name", "a_name_with_two_meanings_gets_the_one_that_is_said"),
    ("leave out --direction, or give them another --name", "a_name_with_two_meanings_gets_the_one_that_is_said"),
    ("say `--against ./{text}` for the file", "scores_are_compared_with_an_estimator_as_the_errors_say"),
    ("take the spec that `nas-assay specs {}`", "scores_are_compared_with_a_supernet_by_the_spec_that_is_advised"),
    ("choose one of them with --column", "a_column_is_chosen_from_those_that_are_named"),
    ("rename one of them", "a_column_is_chosen_from_those_that_are_named"),
    ("add one with their scores, called", "a_column_is_chosen_from_those_that_are_named"),
    ("architectures --space {space} --carried", "architectures_without_truth_are_replaced_by_those_that_are_written"),
    ("report latest --out report.html", "what_is_said_after_a_program_is_judged_can_be_done"),
    ("is a carried spec without a record here", "a_record_is_named_by_its_nearest_name_or_its_file_is_run"),
    ("put a line with the names of the columns before it", "a_file_without_a_header_gets_the_one_that_is_advised"),
    (
        " --carried` \
         prints its architectures",
        "architectures_without_truth_are_replaced_by_those_that_are_written",
    ),
    ("It needs a column `architecture`", "architectures_are_named_as_the_error_says"),
    ("judge it against the benchmark, or give the texts", "architectures_are_named_as_the_error_says"),
    ("name the column `row`", "architectures_are_named_as_the_error_says"),
    ("make a table of ", "files_of_other_kinds_are_made_tables_by_the_python_that_is_printed"),
    ("a pickle is a program that runs", "files_of_other_kinds_are_made_tables_by_the_python_that_is_printed"),
    ("there is a pickle in it", "files_of_other_kinds_are_made_tables_by_the_python_that_is_printed"),
    ("unpack it", "what_is_packed_is_unpacked_or_packed_with_gzip"),
    ("is no size of memory, such as 12GB or 800MB", "a_size_of_memory_is_written_as_its_message_says"),
    ("write a decimal point", "a_score_is_written_as_its_hint_says"),
    ("write it without the percent sign", "a_score_is_written_as_its_hint_says"),
    ("`missing = \"pass-over\"` in the panel passes over", "a_panel_passes_over_rows_that_cannot_be_used"),
    ("is missing: name the column with the scores", "columns_are_named_in_one_of_two_ways"),
    ("give it as `column`", "columns_are_named_in_one_of_two_ways"),
    ("leave out one of the two", "columns_are_named_in_one_of_two_ways"),
    ("leave them out, or give a pattern as `column`", "columns_are_named_in_one_of_two_ways"),
    (
        "in the panel leaves them out, and [truth.none] ranks all of them",
        "a_named_architecture_without_truth_is_refused_or_left_out_and_counted",
    ),
    ("it has the number of a row: give the texts", "a_list_has_one_architecture_a_line_or_is_a_column_of_a_table"),
    // Texts of architectures.
    ("name the form of the lines", "a_text_with_several_meanings_is_read_in_each_form_that_is_named"),
    ("name the form, `naslib`", "a_text_with_several_meanings_is_read_in_each_form_that_is_named"),
    ("name the form, `autodl`", "a_text_with_several_meanings_is_read_in_each_form_that_is_named"),
    ("name the form `index`", "a_text_with_several_meanings_is_read_in_each_form_that_is_named"),
    ("keep them as text", "a_matrix_that_is_kept_as_text_is_read"),
    ("draw some with `--count N`", "architectures_that_are_too_many_are_drawn"),
    ("give these another one with --name", "what_cannot_be_a_judgement_is_refused_before_it_is_one"),
    ("is a file of scores; name another one", "what_cannot_be_a_judgement_is_refused_before_it_is_one"),
    ("write an object on each line", "columns_of_json_lines_are_those_of_all_lines"),
    // The libraries.
    ("give one score and one true value per architecture", "what_an_error_advises_gives_criteria"),
    ("leave out architectures without a finite truth", "what_an_error_advises_gives_criteria"),
    ("give one cost per architecture", "what_an_error_advises_gives_criteria"),
    ("write `tau_b`, `tau_a`", "other_texts_are_errors"),
    ("choose another one", "an_estimator_joins_after_what_the_refusal_advises"),
    ("use lower-case letters, digits and `_`", "an_estimator_joins_after_what_the_refusal_advises"),
    ("use baseline, zero-shot or one-shot", "an_estimator_joins_after_what_the_refusal_advises"),
    ("list the estimator's needs when making it", "a_probe_that_was_made_for_what_an_error_names_gives_it"),
    ("build one for it, or use a supernet", "an_architecture_runs_in_a_network_of_its_own_or_in_a_supernet"),
];

/// Texts that look like advice and are none, by their beginning: names, reports of what was done, and what a command of a GPU has too.
const NONE: &[&str] = &[
    // How a command is written.
    "nas-assay architectures --space SPACE",
    // What a plan takes.
    "estimate: {} with {}, give or take",
    // A variable that workers get.
    "NAS_ASSAY_WORKER",
    // The text of a spec.
    "name = '{space}'",
    "different cells or graphs, such as",
    "files with another network or training: {}, such as",
    "Files that are copies of others count once: {}, such as",
    "NAS_ASSAY_DATA",
    "repeat earlier rows",
    "--scores and --against cannot both",
    "truth trained by this project instead",
    "only edges that are executed counted",
    "pooling not counted",
    "batches of {} instead",
    "the network as a part of a supernet",
    "trained weights instead",
    "{} channels and {cells} a stage",
    "{} instead of {theirs}",
    "{} instead of {}",
    "measured {} instead of",
    "{ours} instead of",
    "synthetic images instead",
    "images of CIFAR-100 instead",
    "images of ImageNet16-120 instead",
    "counts of the part of a supernet instead",
    "scores of any encoding of a class instead",
    "list of architectures {}",
    "higher scores counted",
    "lower scores counted",
    "one run of each architecture drawn",
    "A published figure is compared",
    "an edge such as",
    "two earlier nodes such as",
    "is no dictionary with entries such as",
    "an entry of this space, such as",
    "NAS_ASSAY_INSTRUCTION_SET",
    "{} is made again: {problem}",
    "the weights after epoch {epoch} of an interrupted training are lost",
    "the architecture of line {first} again",
    "truth, trained again",
    "the carried truth `{table}` says",
    "{architecture}, seed {seed}: {} in the table",
    "lower is better",
    "repeat with",
    "nas-assay fingerprint [OPTIONS]",
    "a finite number or an object such as",
    "no two architectures of the data differ",
    "# The true accuracies: a small table",
    "the record {} ({}) cannot be run again",
    " --device cuda:0",
];

/// What users are told to do begins with one of these words.
const VERBS: &str = "add ask begin build change check choose clip declare delete draw fetch fill give install keep leave list lower make \
    move name put raise remove rename repeat replace restore run see set shorten start train try update use wait write";

/// Other signs of advice.
const SIGNS: &[&str] = &[
    "`nas-assay ",
    "`cargo ",
    "cargo run",
    "`nvidia-smi`",
    "did you mean",
    "the nearest",
    " --",
    "NAS_ASSAY_",
    "` makes ",
    "` removes ",
    "` lists ",
    "`; there is",
    "same command",
    "pass-over",
    "such as",
];

/// Whether a text tells the user to do something: an order at its beginning or after a stop, or another sign.
fn is_advice(text: &str) -> bool {
    let is_order = |part: &str| {
        VERBS.split_whitespace().any(|verb| part.strip_prefix(verb).is_some_and(|rest| rest.starts_with(' ')))
    };
    let after_a_stop = |stop: &str| text.match_indices(stop).any(|(place, _)| is_order(&text[place + stop.len()..]));
    is_order(text)
        || [": ", "; ", ", ", "? ", " or ", " and ", " so "].into_iter().any(after_a_stop)
        || SIGNS.iter().any(|sign| text.contains(sign))
        || text.split(|letter: char| !letter.is_alphanumeric()).any(|word| ["again", "instead"].contains(&word))
}

/// The texts of string literals of a Rust source, as they are printed, without those of its tests.
pub fn literals(source: &str) -> Vec<String> {
    let own = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let own = own.split("#[cfg(test)]\npub(super) mod").next().unwrap();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = own[at..].find(['"', '\'', '/']) {
        at += next;
        let rest = &own[at..];
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            3
        } else if let Some(text) = rest.strip_prefix('"') {
            let before = own[..at].trim_end_matches('#');
            let is_raw = before.ends_with('r');
            let end = if is_raw { text.find(&format!("\"{}", "#".repeat(at - before.len()))) } else { end_of(text) };
            let end = end.unwrap_or(text.len());
            let lines = text[..end].split("\\\n").enumerate();
            let joined = lines.map(|(line, part)| if line == 0 { part } else { part.trim_start() });
            found.push(joined.collect::<String>().replace("\\\"", "\""));
            (end + 2).min(rest.len())
        } else {
            1
        };
    }
    found
}

/// The place of the quote that ends a text.
fn end_of(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.find(|letter| {
        let literal = std::mem::replace(&mut escaped, false);
        escaped = letter == '\\' && !literal;
        letter == '"' && !literal
    })
}

#[test]
fn texts_are_found_among_comments_characters_and_other_texts() {
    let source = "/// \"no\" it's\nfn a<'a>(x: &'a str) { b('\"', '\\'', \"run \\\"x\\\" \\\n      again\", r#\"\"raw\\\"#, \"\") }\n\
                  #[cfg(test)]\nmod tests {\n\"give up\" }";
    assert_eq!(literals(source), ["run \"x\" again", "\"raw\\", ""]);
    for advice in ["run it", "a; give b", "a, or use b", "try it again", "did you mean", "x: `nas-assay run`"] {
        assert!(is_advice(advice), "{advice}");
    }
    for other in ["runs on it", "against all", "a panel has no row", "the addition"] {
        assert!(!is_advice(other), "{other}");
    }
}

/// All Rust sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

pub fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["src", "crates", "tests"] {
        sources(Path::new(folder), &mut found);
    }
    found
}

/// Whether a source is a part of the program: no test and no help of tests.
pub fn is_of_the_program(path: &Path) -> bool {
    let text = path.to_str().unwrap();
    // What the kernels say is for those who write layers.
    !["test", "fixture", "pytorch_reference", "kernels"].iter().any(|part| text.contains(part)) && text.contains("src/")
}

#[test]
fn every_advice_is_done_by_a_test() {
    let (mut unknown, mut used, mut named) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for path in all_sources() {
        let source = std::fs::read_to_string(&path).unwrap();
        let tests =
            source.split("#[test]").skip(1).filter_map(|rest| Some(rest.split_once("fn ")?.1.split_once('(')?.0));
        named.extend(tests.map(str::to_owned));
        if !is_of_the_program(&path) {
            continue;
        }
        for text in literals(&source).into_iter().filter(|text| is_advice(text)) {
            let rows: Vec<&str> = DONE
                .iter()
                .map(|(part, _)| *part)
                .filter(|part| text.contains(part))
                .chain(NONE.iter().copied().filter(|none| text.starts_with(none)))
                .collect();
            if rows.is_empty() {
                unknown.push(format!("{}: {text}", path.display()));
            }
            used.extend(rows);
        }
    }
    assert!(
        unknown.is_empty(),
        "no test does what these texts advise. Do it in a test, and add it to the list:\n{}",
        unknown.join("\n")
    );
    for (part, test) in DONE {
        assert!(named.contains(*test), "`{part}`: there is no test {test}");
    }
    let all: BTreeSet<&str> = DONE.iter().map(|(part, _)| *part).chain(NONE.iter().copied()).collect();
    assert_eq!(all.difference(&used).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in the sources any more");
}
