"""The list of commands, which is written down so that none is imported for it."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.main import get_group

from unwall.cli.main import COMMANDS, load_command

MODULES = sorted({listed.module for listed in COMMANDS.values()})


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_as_it_describes_itself(name: str):
    assert load_command(name).help == COMMANDS[name].help


@pytest.mark.parametrize("name", MODULES)
def test_every_command_of_a_module_is_listed(name: str):
    module = import_module(f"unwall.cli.{name}")
    groups = {key for key, value in vars(module).items() if isinstance(value, typer.Typer)} - {"commands"}
    single = set(get_group(module.commands).commands) if hasattr(module, "commands") else set()
    assert single == {key for key, listed in COMMANDS.items() if (listed.module, listed.group) == (name, "")}
    assert groups == {listed.group for listed in COMMANDS.values() if listed.module == name and listed.group}


def test_the_list_imports_no_command_and_the_web_server_no_worker():
    code = "import sys; from unwall.cli import main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"unwall.kernel.database", "litestar", "numpy", "granian"} & set(loaded) == set()
    code = "import sys; import unwall.cli.running; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"unwall.app", "unwall.worker", "litestar", "numpy"} & set(loaded) == set()
