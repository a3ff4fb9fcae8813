"""What a command says when it cannot: one line on standard error, status 2, nothing else."""

import subprocess


def one_line(done: subprocess.CompletedProcess[str], *says: str) -> str:
    """Check that a command failed as it should; returns the line."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("watchword: "), line
    assert "Traceback" not in line
    for each in says:
        assert each in line, line
    return line
