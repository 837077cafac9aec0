"""What the programs say of themselves: their commands and options."""

import functools
import json
import pathlib
import re
import subprocess

# Every program and command has these two, or the first of them.
OF_ALL = {"-h", "--help", "--version"}


class Programs:
    """The programs in a folder."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder

    NAMES = ("client", "kdc", "mailbox", "kdc-load")

    @functools.cached_property
    def options(self) -> dict[str, list[set[str]]]:
        """By command ("client", "client send", "kdc users list"), the options in its --help, each by its spellings."""
        found: dict[str, list[set[str]]] = {}
        for program in self.NAMES:
            self._collect(program, self._dumped(program), found)
        return found

    def under(self, command: str) -> list[str]:
        """The command, or if it has commands of its own, all of these."""
        own = [name for name in self.options if name.startswith(command + " ")]
        # A program without a command has a command line of its own.
        return [command] if command in self.options else own

    def _dumped(self, program: str) -> dict:
        asked = [self._folder / program, "--experimental-dump-help"]
        return json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)["command"]

    def _collect(self, name: str, command: dict, found: dict[str, list[set[str]]]) -> None:
        own = [each for each in command.get("subcommands", []) if each["commandName"] != "help"]
        for each in own:
            self._collect(f"{name} {each['commandName']}", each, found)
        # A program with commands has a command line without one, too.
        if not own or name in self.NAMES:
            spellings = [
                {("-" if spelling["kind"] == "short" else "--") + spelling["name"] for spelling in argument["names"]}
                for argument in command.get("arguments", []) if argument["shouldDisplay"] and "names" in argument
            ]
            found[name] = [each for each in spellings if not each & OF_ALL]

    @functools.cached_property
    def exit_codes(self) -> dict[str, str]:
        """Those of the client, with the first word of what they mean."""
        told = subprocess.run([self._folder / "client", "--help"], capture_output=True, text=True, check=True).stdout
        return dict(re.findall(r"^ +(\d+)  (\w+)", told, re.MULTILINE))

    def spellings(self, command: str) -> set[str]:
        return set().union(*self.options[command])
