"""Tables in Markdown, on standard output and in the documents that show them, and bar charts as SVG."""

import dataclasses
import math
import pathlib
import re
import statistics
from xml.sax.saxutils import escape

COLORS = {
    "larder": "#c2410c", "C floor": "#a8a29e", "nghttpd": "#78716c", "gRPC C++": "#2563eb",
    "grpc-go": "#65a30d", "grpc-swift-2": "#0891b2", "Redis": "#b91c1c", "Valkey": "#7c3aed", "memcached": "#15803d",
}


def figure(value: float) -> str:
    """A number to three digits that count."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


@dataclasses.dataclass
class Cell:
    """Measurements of one thing, and how they stand to others of the same rounds."""

    values: list[float]
    ratio: float | None = None

    @property
    def median(self) -> str:
        return figure(statistics.median(self.values))

    def __str__(self) -> str:
        spread = f" ({figure(min(self.values))} to {figure(max(self.values))})" if len(self.values) > 1 else ""
        return self.median + spread + ("" if self.ratio is None else f", x {self.ratio:.2f}")


@dataclasses.dataclass
class Table:
    title: str
    header: list[str]
    rows: list[list[str | Cell]]

    def markdown(self, medians_only: bool = False) -> str:
        lines = [self.header, ["---"] * len(self.header)]
        for row in self.rows:
            lines.append([cell.median if medians_only and isinstance(cell, Cell) else str(cell) for cell in row])
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)


class Report:
    """The tables of a run by their names."""

    def __init__(self, machine: str):
        self.machine = machine
        self.tables: dict[str, Table] = {}
        print(machine, flush=True)

    def table(self, name: str, title: str, header: list[str], rows: list[list[str | Cell]]) -> None:
        self.tables[name] = Table(title, header, rows)
        print(f"\n### {title}\n\n{self.tables[name].markdown()}", end="", flush=True)

    def write(self, document: pathlib.Path) -> None:
        """Puts the tables of this run where the document has marks of their names.

        A mark is `<!-- bench: NAME -->`, or `<!-- bench: NAME medians -->` for a table without the spread; what
        follows, as far as `<!-- end -->`, is replaced. `machine` is what the figures were taken on and with.
        """
        def replaced(found: re.Match) -> str:
            name, medians = found["name"], found["medians"] is not None
            if name == "machine":
                text = self.machine + "\n"
            elif name in self.tables:
                text = self.tables[name].markdown(medians)
            else:
                return found[0]
            return f"{found['mark']}\n{text}<!-- end -->"

        pattern = r"(?P<mark><!-- bench: (?P<name>\w+)(?P<medians> medians)? -->)\n.*?<!-- end -->"
        document.write_text(re.sub(pattern, replaced, document.read_text(), flags=re.DOTALL))


def bars(path: pathlib.Path, title: str, unit: str, groups: dict[str, dict[str, float]]) -> None:
    """One chart with a group of horizontal bars for each profile, each group on a scale of its own."""
    label_width, bar_width, row_height, gap, head = 130, 420, 20, 30, 44
    height = head + sum(len(group) * row_height + gap for group in groups.values())
    width = label_width + bar_width + 90
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="12" y="20" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="12" y="36" fill="#57534e">{escape(unit)}; shorter is better</text>',
    ]
    y = head
    for name, group in groups.items():
        y += 16
        parts.append(f'<text x="12" y="{y}" font-weight="bold">{escape(name)}</text>')
        y += 6
        most = max(group.values())
        for server, value in group.items():
            length = max(1.0, value / most * bar_width)
            middle = y + row_height * 0.68
            parts.append(f'<text x="{label_width - 8}" y="{middle:.0f}" text-anchor="end">{escape(server)}</text>')
            parts.append(
                f'<rect x="{label_width}" y="{y + 3}" width="{length:.1f}" height="{row_height - 6}" '
                f'fill="{COLORS.get(server, "#44403c")}"/>')
            parts.append(f'<text x="{label_width + length + 6:.0f}" y="{middle:.0f}">{value:.3g}</text>')
            y += row_height
        y += gap - 22
    parts.append("</svg>\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts))
