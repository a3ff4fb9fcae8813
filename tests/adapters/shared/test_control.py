import asyncio
import json
import stat
from contextlib import asynccontextmanager, suppress

import pytest

from watchword.adapters.shared.control import ControlServer, ask
from watchword.core.errors import InputError, LocalFaultError, NotFoundError


async def echo(request):
    return {"got": request["value"]}


async def refuse(_request):
    raise NotFoundError("There is no area Cellar.", hint="Areas: Lobby.")


async def break_down(_request):
    raise ZeroDivisionError("482913")


@asynccontextmanager
async def serving(path, **handlers):
    server = ControlServer(path, handlers)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def test_a_command_is_answered_and_the_socket_is_private(tmp_path):
    path = tmp_path / "control.sock"
    async with serving(path, echo=echo):
        assert await ask(path, "echo", value="é") == {"got": "é"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_a_deep_directory_is_no_obstacle(tmp_path):
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    async with serving(deep / "control.sock", echo=echo):
        assert await ask(deep / "control.sock", "echo", value=1) == {"got": 1}


async def test_an_error_arrives_as_what_it_was(tmp_path):
    async with serving(tmp_path / "control.sock", refuse=refuse):
        with pytest.raises(NotFoundError, match=r"no area Cellar\. Areas: Lobby\."):
            await ask(tmp_path / "control.sock", "refuse")


async def test_an_unforeseen_failure_says_nothing_of_what_was_typed(tmp_path, capfd):
    async with serving(tmp_path / "control.sock", boom=break_down, echo=echo):
        with pytest.raises(LocalFaultError) as caught:
            await ask(tmp_path / "control.sock", "boom")
        assert "482913" not in str(caught.value)
        assert await ask(tmp_path / "control.sock", "echo", value=2) == {"got": 2}
    out, err = capfd.readouterr()
    assert "482913" not in out + err


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", b'{"do": 3}\n', b'{"do": []}\n', b'{"do"'],
)
async def test_bad_lines_get_an_answer_and_harm_nothing(tmp_path, line):
    path = tmp_path / "control.sock"
    async with serving(path, echo=echo):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(line)
        writer.write_eof()
        answer = json.loads(await reader.readline())
        writer.close()
        await writer.wait_closed()
        assert answer["error"]["type"] == "InputError"
        assert await ask(path, "echo", value=1) == {"got": 1}


async def test_a_line_without_end_is_cut_off(tmp_path):
    path = tmp_path / "control.sock"
    async with serving(path, echo=echo):
        reader, writer = await asyncio.open_unix_connection(str(path))
        with pytest.raises(OSError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        assert await ask(path, "echo", value=1) == {"got": 1}


async def test_a_second_process_is_refused_and_a_dead_ones_socket_replaced(tmp_path):
    path = tmp_path / "control.sock"
    async with serving(path, echo=echo):
        with pytest.raises(LocalFaultError, match="Another process"):
            await ControlServer(path, {}).start()
    path.touch()
    async with serving(path, echo=echo):
        assert await ask(path, "echo", value=3) == {"got": 3}


async def test_nobody_there_says_what_to_start(tmp_path):
    with pytest.raises(LocalFaultError, match="watchword up"):
        await ask(tmp_path / "control.sock", "echo")


async def test_an_input_error_stays_one(tmp_path):
    async with serving(tmp_path / "control.sock", echo=echo):
        with pytest.raises(InputError, match="not known"):
            await ask(tmp_path / "control.sock", "nonsense")
