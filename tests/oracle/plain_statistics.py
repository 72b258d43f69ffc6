"""Statistics written out plainly, with Python's standard library alone: what trace_tables.py recomputes tables with."""
import math

CONFIDENCE = 0.95


def mean(values):
    return sum(values) / len(values)


def mean_of_means(values, times=None):
    """Over repeats, then over folds, then over auxiliaries, of {(auxiliary, fold, repeat): value}; None if a value is, or
    where a fold's repeats count 0 times together. `times`: how often each counts."""
    by_auxiliary = {}
    for (auxiliary, fold, repeat), value in values.items():
        of_fold = by_auxiliary.setdefault(auxiliary, {}).setdefault(fold, [0, 0])
        weight = times.get((auxiliary, fold, repeat), 1) if times else 1
        if weight == 0:
            continue
        if value is None:
            return None
        of_fold[0] += weight * value
        of_fold[1] += weight
    folds = [list(of_folds.values()) for of_folds in by_auxiliary.values()]
    if any(count == 0 for of_folds in folds for _, count in of_folds):
        return None
    return mean([mean([total / count for total, count in of_folds]) for of_folds in folds])


def quantile(values, q):
    values = sorted(values)
    position = q * (len(values) - 1)
    below = math.floor(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (position - below)


def holm(p, tests):
    """Adjusted p-values of {method: p} in a family of `tests`."""
    adjusted, largest = {}, 0.0
    for rank, method in enumerate(sorted(p, key=p.get)):
        largest = max(largest, min(1.0, (tests - rank) * p[method]))
        adjusted[method] = largest
    return adjusted


def stars(p):
    return sum(p < level for level in (0.05, 0.01, 0.001))


def difference(a, b):
    """a - b; what differs by rounding alone is equal."""
    return 0.0 if math.isclose(a, b, rel_tol=1e-12) else a - b


def differences(a, b):
    """Of two methods' replicates, without those in which one of them is undefined."""
    return [difference(x, y) for x, y in zip(a, b) if x is not None and y is not None]


def replicate_means(of_cells, times):
    """mean_of_means() in each replicate, of {(auxiliary, fold, repeat): values}; `times` likewise: how often each counts."""
    return [mean_of_means(dict(zip(of_cells, values)), {key: t[k] for key, t in times.items()})
            for k, values in enumerate(zip(*of_cells.values()))]


def bootstrap_p(differences):
    """Two-sided."""
    tail = min(sum(d <= 0 for d in differences), sum(d >= 0 for d in differences))
    return min(1.0, 2 * (tail + 1) / (len(differences) + 1))


class Row(dict):
    """A value of a table as the CSV has it: value, ci_low, ci_high (None: empty), have, want, stars."""

    def __init__(self, want):
        super().__init__(value=None, ci_low=None, ci_high=None, have=0, want=want, stars=0)


def beta_fraction(x, a, b):
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, 500):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d, c = 1 / (1 + term * d), 1 + term / c
            result *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return result


def student_tail(t, df):
    """P(T > t) of Student's t."""
    x, a, b = df / (df + t * t), df / 2, 0.5
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) if x < 1 else 0
    if x < (a + 1) / (a + b + 2):
        both = front * beta_fraction(x, a, b) / a
    else:
        both = 1 - front * beta_fraction(1 - x, b, a) / b
    return both / 2 if t > 0 else 1 - both / 2


def student_quantile(q, df):
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, df) > 1 - q else (low, middle)
    return (low + high) / 2


def range_tail(q, k):
    """P(range of k standard normal numbers > q); the trapezoid rule, exact to rounding for such integrands."""
    def phi(z):
        return math.erfc(-z / math.sqrt(2)) / 2

    step, total = 1 / 64, 0.0
    for i in range(-12 * 64, 12 * 64 + 1):
        z = q / 2 + i * step
        total += math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (phi(z) ** (k - 1) - (phi(z) - phi(z - q)) ** (k - 1))
    return k * total * step


def sample_variance(values):
    centre = mean(values)
    return sum((v - centre) ** 2 for v in values) / (len(values) - 1)
