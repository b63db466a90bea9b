"""A chart of lines as SVG: panels side by side, logarithmic upwards."""

from __future__ import annotations

import math
from dataclasses import dataclass

COLORS = ("#1b6ca8", "#d1495b", "#3c8d40", "#8a5a9e", "#c98a1b")
WIDTH, HEIGHT, LEFT, TOP, GAP = 300, 220, 60, 40, 90


@dataclass(frozen=True)
class Panel:
    """Lines by name, each a list of points (x, y) with y > 0."""

    title: str
    unit: str
    lines: dict[str, list[tuple[float, float]]]


def svg(panels: list[Panel], below: str) -> str:
    """The text of the image; `below` names what is counted to the right."""
    width, height = len(panels) * (WIDTH + GAP) + 30, HEIGHT + 2 * TOP + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for i, panel in enumerate(panels):
        out += _panel(panel, LEFT + i * (WIDTH + GAP), below)
    return "\n".join([*out, "</svg>", ""])


def _panel(panel: Panel, left: int, below: str) -> list[str]:
    points = [p for line in panel.lines.values() for p in line]
    xs = sorted({x for x, _ in points})
    low = math.floor(math.log10(min(y for _, y in points)))
    high = max(low + 1, math.ceil(math.log10(max(y for _, y in points))))

    def place(x: float, y: float) -> tuple[float, float]:
        right = (x - xs[0]) / (xs[-1] - xs[0] or 1)
        return left + right * WIDTH, TOP + HEIGHT * (high - math.log10(y)) / (high - low)

    out = [f'<text x="{left}" y="{TOP - 18}" font-weight="bold">{panel.title}</text>']
    for power in range(low, high + 1):
        _, y = place(xs[0], 10.0**power)
        out.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    out.append(f'<text x="{left - 45}" y="{TOP - 5}">{panel.unit}</text>')
    for x in xs:
        out.append(f'<text x="{place(x, 10.0**low)[0]:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{x:g}</text>')
    middle = left + WIDTH / 2
    out.append(f'<text x="{middle}" y="{TOP + HEIGHT + 36}" text-anchor="middle">{below}</text>')
    for k, (name, line) in enumerate(panel.lines.items()):
        color = COLORS[k % len(COLORS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*p) for p in line))
        out.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        out.append(f'<text x="{left + 8}" y="{TOP + 14 + 15 * k}" fill="{color}">{name}</text>')
    return out
