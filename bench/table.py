"""Rows as text: one line for each phase, and how it grows."""

MEGABYTE = 1 << 20
COLUMNS = [("phase", 34), ("RSS MB", 7), ("anon", 6), ("peak", 6), ("CPU s", 7), ("ms each", 8), ("API srv s", 9),
           ("sent kB", 8), ("got kB", 8), ("late s", 7), ("worst", 6), ("turn ms", 8)]
HEAD = " ".join(name.ljust(width) if name == "phase" else name.rjust(width) for name, width in COLUMNS) + "  calls"


def number(value, digits, factor=1.0):
    return "-" if value is None else f"{value * factor:.{digits}f}"


def line(row):
    each = row["cpu"] / row["changes"] if row["changes"] else None
    cells = [row["phase"], number(row["rss"] / MEGABYTE, 1), number(row["anonymous"] / MEGABYTE, 1),
             number(row["peak"] / MEGABYTE, 1), number(row["cpu"], 2), number(each, 3, 1e3), number(row["apiserver"], 2),
             number(row["sent"] / 1024, 0), number(row["received"] / 1024, 0), number(row["latency"], 3),
             number(row["worst"], 3), number(row["turn"], 1, 1e3)]
    calls = " ".join(f"{verb} {count}" for verb, count in row["calls"].items()) or "none"
    notes = "".join(f"; {name}: {value}" for name, value in row["notes"].items())
    padded = [cell.ljust(width) if name == "phase" else cell.rjust(width) for cell, (name, width) in zip(cells, COLUMNS)]
    return " ".join(padded) + f"  {calls}{notes}"


def growth(results):
    """RSS and CPU of each phase by the number of objects."""
    lines = ["how it grows: subject, phase: objects -> MB, CPU s"]
    phases = {}
    for row in results:
        phases.setdefault((row["subject"], row["phase"]), []).append(row)
    for (subject, phase), rows in phases.items():
        steps = "  ".join(f"{row['policies']}+{row['pods']}p -> {row['rss'] / MEGABYTE:.1f} MB {row['cpu']:.2f} s"
                          for row in rows)
        lines.append(f"{subject}, {phase}: {steps}")
    return "\n".join(lines)
