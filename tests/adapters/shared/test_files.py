import os
import stat

import pytest

from watchword.adapters.shared import files
from watchword.core.errors import ConfigError, LocalFaultError


def test_a_private_file_is_only_its_owners_and_whole(tmp_path):
    path = tmp_path / "site.key"
    files.write_private(path, b"one")
    files.write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["site.key"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "site.key"
    files.write_private(path, b"one")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LocalFaultError, match="No space left"):
        files.write_private(path, b"two")
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["site.key"]


def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "site.key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        files.read_private(path, what="The site key")


def test_a_missing_key_says_which(tmp_path):
    with pytest.raises(ConfigError, match=r"The site key .*site\.key"):
        files.read_private(tmp_path / "site.key", what="The site key")


def test_systemd_credentials_win_over_the_file(tmp_path, monkeypatch):
    (tmp_path / "cred").mkdir()
    (tmp_path / "cred" / "site-key").write_bytes(b"from systemd")
    path = tmp_path / "site.key"
    files.write_private(path, b"from file")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert files.credential_or_file("site-key", path, what="The site key") == b"from file"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "cred"))
    assert files.credential_or_file("site-key", path, what="The site key") == b"from systemd"
    path.unlink()
    assert files.is_there("site-key", path)
    assert not files.is_there("station-key", path)


def test_a_data_directory_is_made_private(tmp_path):
    made = files.private_dir(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_data_directory_that_is_a_file_is_told(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(LocalFaultError, match="--data"):
        files.private_dir(tmp_path / "a")
