"""Reads Tests/TranscriptTests/Transcripts, in the form that the README there describes."""

import pathlib

FOLDER = pathlib.Path(__file__).parent.parent / "TranscriptTests" / "Transcripts"


class Section:
    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.values: dict[str, bytes] = {}

    def number(self, name: str) -> int:
        return int.from_bytes(self.values[name], "big")


def transcript(path: str) -> dict[str, Section]:
    """The sections of a file, by their titles."""
    sections: dict[str, Section] = {}
    section, name = Section(), ""
    for line in (FOLDER / f"{path}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = sections[line.strip("[]")] = Section()
        elif line.startswith("  "):
            section.values[name] += bytes.fromhex(line)
        elif " =" in line:
            name, value = (part.strip() for part in line.split("=", 1))
            if value.startswith('"'):
                section.words[name] = value.strip('"')
            else:
                section.values[name] = bytes.fromhex(value)
    return sections
