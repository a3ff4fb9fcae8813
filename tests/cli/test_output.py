"""What commands print and read: rows that stay rows, names that stay names, secrets unseen."""

import io
import json
import sys

import pytest

from watchword.cli.output import ask_site, ask_station, secret_from, show_json, show_table
from watchword.core.errors import InputError, LocalFaultError


class TestSecret:
    def test_a_dash_reads_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("  482913 \nnot this\n"))
        assert secret_from("-", what="code") == "482913"

    def test_a_value_is_taken_as_it_is(self) -> None:
        assert secret_from("482913", what="code") == "482913"

    @pytest.mark.parametrize("typed", ["", "\n", " \t \n"])
    def test_nothing_is_told_by_what_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, typed: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(InputError, match=r"No pass-phrase came.*Pipe the pass-phrase in"):
            secret_from("-", what="pass-phrase")

    def test_an_endless_line_is_not_read_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        typed = io.StringIO("x" * 100_000)
        monkeypatch.setattr(sys, "stdin", typed)
        secret_from("-", what="code")
        assert typed.tell() <= 1024


class TestTable:
    def test_rows_stay_whole_in_a_pipe(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A script that looks for a word must find it in the line it belongs to."""
        row = ["2026-01-01 00:00:00", "duress", "Hotel " + "Aurora " * 20, "Maria Lopez"]
        show_table(("opened", "kind", "site", "entry point"), [row, row], empty="None.")
        head, *lines = capsys.readouterr().out.splitlines()
        assert head.split("  ")[0].strip() == "opened" and "entry point" in head
        assert len(lines) == 2
        assert all(cell.strip() in lines[0] for cell in row)

    @pytest.mark.parametrize("name", ["[red]x[/red]", "[/]", "[/nothing]", ":skull:", "[b"])
    def test_a_name_is_shown_as_it_is(self, capsys: pytest.CaptureFixture[str], name: str) -> None:
        show_table(("name",), [[name]], empty="None.")
        assert capsys.readouterr().out.splitlines()[1].strip() == name

    def test_nothing_is_a_sentence(self, capsys: pytest.CaptureFixture[str]) -> None:
        show_table(("name",), [], empty="Nobody holds codes yet.")
        assert capsys.readouterr().out == "Nobody holds codes yet.\n"


def test_json_keeps_every_letter(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"name": "Zoë Ångström", "state": None})
    out = capsys.readouterr().out
    assert "Zoë Ångström" in out
    assert json.loads(out) == {"name": "Zoë Ångström", "state": None}


def test_a_half_that_does_not_run_is_told_with_its_directory(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for ask, half in ((ask_site, "site"), (ask_station, "station")):
        (tmp_path / half).mkdir()
        with pytest.raises(LocalFaultError, match=f"{tmp_path}/{half}"):
            ask(tmp_path, "health")
