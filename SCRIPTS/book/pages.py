"""The pages of the book, taken apart."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: what stands after the fence, its lines, and the number of its first line."""

    page: str
    info: list[str]
    lines: list[str]
    number: int

    def place(self, index: int = 0) -> str:
        """Where a line of it is, for people."""
        return f"{self.page}:{self.number + index}"

    @property
    def kind(self) -> str:
        return self.info[0] if self.info else ""

    @property
    def terminal(self) -> str:
        """The terminal of a console block."""
        return self.info[1] if len(self.info) > 1 else "you"


class Book:
    """The pages below a folder: those of the root, and those of docs."""

    def __init__(self, root: pathlib.Path):
        self.root = root

    @property
    def pages(self) -> list[str]:
        folders = (self.root, self.root / "docs")
        return sorted(str(path.relative_to(self.root)) for folder in folders for path in folder.glob("*.md"))

    def lines(self, page: str) -> list[str]:
        return (self.root / page).read_text().split("\n")

    def blocks(self, page: str) -> list[Block]:
        found: list[Block] = []
        opened: tuple[int, str] | None = None
        text = self.lines(page)
        for index, line in enumerate(text):
            if not line.startswith("```"):
                continue
            if opened is None:
                opened = (index, line[3:])
            else:
                start, info = opened
                found.append(Block(page, info.split(), text[start + 1:index], start + 2))
                opened = None
        if opened is not None:
            raise ValueError(f"{page}:{opened[0] + 1}: a block without an end")
        return found

    def consoles(self, page: str) -> list[Block]:
        """What is played of it."""
        return [block for block in self.blocks(page) if block.kind == "console"]

    def prose(self, page: str) -> list[tuple[int, str]]:
        """The lines outside of fenced blocks, with their numbers."""
        result, is_inside = [], False
        for index, line in enumerate(self.lines(page)):
            if line.startswith("```"):
                is_inside = not is_inside
            elif not is_inside:
                result.append((index + 1, line))
        return result


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)
