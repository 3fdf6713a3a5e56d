"""The README is true: its examples run, its console shows what is printed, and its commands are the project's."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from matcalc.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = 40


def blocks(language):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def console():
    """Each command of the console blocks, with what is printed under it."""
    shown = "".join(blocks("console")).split("$ ")[1:]
    return [command_and_output.split("\n", 1) for command_and_output in shown]


def set_up_commands():
    return "".join(blocks("sh")).splitlines()


def test_the_examples_run():
    example = doctest.DocTestParser().get_doctest("\n".join(blocks("pycon")), {}, "README", "README.md", 0)
    assert len(example.examples) > 5
    report = []
    doctest.DocTestRunner().run(example, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize(("command", "shown"), console())
def test_the_console_shows_what_is_printed(capsys, command, shown):
    program, *arguments = shlex.split(command)
    assert program == "matcalc"
    main(arguments)
    assert capsys.readouterr().out == shown


def test_a_check_that_finds_an_error_stands_on_the_first_screen():
    first = README.splitlines()[:FIRST_SCREEN]
    assert "```console" in first
    assert "wrong" in first
    assert set(set_up_commands()) <= set(first)


def test_two_commands_set_up_and_prove_and_test():
    proof, tests = set_up_commands()
    assert proof.endswith("matcalc verify")
    assert tests.endswith("-m pytest -n 2")


def test_the_continuous_check_runs_the_second_command():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    *_, tests = set_up_commands()[1].split(" && ")
    assert tests in ci.splitlines()


def test_whoever_contributes_is_sent_to_the_two_commands():
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "two commands of the README" in contributing
    assert ".ci/run" in contributing


@pytest.mark.parametrize("path", re.findall(r"`((?:examples|benchmarks)/[\w.]*|[A-Z]+\.md)`", README))
def test_what_it_points_to_is_there(path):
    assert (ROOT / path).exists()
