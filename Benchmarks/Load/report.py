"""Tables in Markdown on standard output, and bar charts as SVG."""

import pathlib
import statistics
from xml.sax.saxutils import escape

COLORS = {
    "larder": "#c2410c", "C floor": "#a8a29e", "nghttpd": "#78716c", "gRPC C++": "#2563eb", "Redis": "#b91c1c",
    "Valkey": "#7c3aed", "memcached": "#15803d",
}


def spread(values: list[float], digits: int = 2) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    print(f"\n### {title}\n\n| " + " | ".join(header) + " |\n|" + "---|" * len(header), flush=True)
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


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
