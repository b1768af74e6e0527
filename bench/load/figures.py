"""The arithmetic of the tables: medians with their spread, ratios taken within a repetition, slopes."""

from statistics import median


def present(runs, name):
    """The figure `name` of each run that has it."""
    return [r[name] for r in runs if r and r.get(name) is not None]


def middle(runs, name):
    """The median of a figure over the runs, or None."""
    values = present(runs, name)
    return median(values) if values else None


def number(value, digits):
    return "" if value is None else f"{value:,.{digits}f}"


def spread(values, digits):
    """`median (smallest to largest)` of what is there."""
    values = [v for v in values if v is not None]
    if not values:
        return ""
    if number(min(values), digits) == number(max(values), digits):
        return number(median(values), digits)
    return f"{number(median(values), digits)} ({number(min(values), digits)} to {number(max(values), digits)})"


def ratios(mine, theirs, name="cpu_us"):
    """The ratio of a figure within each repetition that has both."""
    return [a[name] / b[name] for a, b in zip(mine, theirs) if a and b and a.get(name) and b.get(name)]


def differences(mine, theirs, name):
    """The difference of a figure within each repetition that has both."""
    return [a[name] - b[name] for a, b in zip(mine, theirs)
            if a and b and a.get(name) is not None and b.get(name) is not None]


def slope(small, large):
    """What one more costs, of two points (count, value)."""
    return (large[1] - small[1]) / (large[0] - small[0])


def quantile(values, q):
    """The value below which the share `q` lies."""
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]
