"""The text of a header under way: arrays, helpers, numbers with all their digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

_HELPERS = {
    "cumulative": """// A cumulative distribution as TMVA tabulates it: 10000 points, interpolated again.
struct Cumulative {
  const double* edges;
  const float* contents;
  int n;
  int bin_of(double x) const {
    const int index = static_cast<int>(std::upper_bound(edges, edges + n + 1, x) - edges);
    return std::min(std::max(index, 1), n) - 1;
  }
  double middle(int bin) const { return edges[bin] + 0.5 * (edges[bin + 1] - edges[bin]); }
  double interpolated(double x) const {
    int i = bin_of(x);
    if (i > 0 && middle(i) > x) --i;
    const int next = (x > middle(i) && i + 1 != n) || i == 0 ? i + 1 : i - 1;
    const double distance = middle(i) - middle(next);
    const double y = static_cast<double>(contents[i]);
    if (distance == 0) return y;
    return y + (x - middle(i)) * (y - static_cast<double>(contents[next])) / distance;
  }
  double centre(int bin) const {
    const double width = (edges[n] - edges[0]) / 10000;
    return edges[0] + (bin - 1) * width + 0.5 * width;
  }
  double value(int bin) const {
    const double x = centre(bin);
    double y = interpolated(x);
    if (y <= 1e-12) y = static_cast<double>(contents[bin_of(x)]);
    return static_cast<double>(static_cast<float>(std::max(y, 1e-12)));
  }
  double at(double x) const {
    int bin = 10000;
    if (x < edges[0]) {
      bin = 1;
    } else if (x < edges[n]) {
      bin = std::min(std::max(1 + static_cast<int>(10000 * (x - edges[0]) / (edges[n] - edges[0])), 1), 10000);
    }
    const int next = (x > centre(bin) && bin != 10000) || bin == 1 ? bin + 1 : bin - 1;
    const double slope = (value(bin) - value(next)) / (centre(bin) - centre(next));
    return std::max(value(bin) + (x - centre(bin)) * slope, 1e-12);
  }
};""",
    "inverse_erf": """// The inverse of erf, by Newton's method on the logarithm of the tail.
inline double inverse_erf(double y) {
  const double size = std::fabs(y);
  if (size == 0.0) return 0.0;
  double x = 0.8862269254527579 * size;
  if (size > 0.7) x = std::sqrt(-std::log(1.0 - size));
  for (int i = 0; i < 100; ++i) {
    const double tail = std::erfc(x);
    const double step = (tail - (1.0 - size)) / (1.1283791670955126 * std::exp(-x * x));
    x += step;
    if (std::fabs(step) <= 1e-15 * x) break;
  }
  return y < 0 ? -x : x;
}""",
    "density": """// A density as TMVA tabulates it: linear between the centres of equal bins, or steps.
struct Density {
  const float* fine;
  double minimum, inverse_width, offset, last;
  double at(double x) const {
    const double position = (x - minimum) * inverse_width - offset;
    const double below = position < 0.0 ? 0.0 : (position > last ? last : position);
    const int bin = static_cast<int>(below);
    if (offset == 0.0) return static_cast<double>(fine[bin]);
    const double left = static_cast<double>(fine[bin]);
    return left + (position - bin) * (static_cast<double>(fine[bin + 1]) - left);
  }
};""",
    "rank": """// The part of the training sample with a smaller response.
inline double rank(const double* knots, const double* ranks, int n, double y) {
  if (y != y) return y;
  if (y <= knots[0]) return ranks[0];
  if (y >= knots[n - 1]) return ranks[n - 1];
  const int k = static_cast<int>(std::upper_bound(knots, knots + n, y) - knots);
  return ranks[k - 1] + (y - knots[k - 1]) / (knots[k] - knots[k - 1]) * (ranks[k] - ranks[k - 1]);
}""",
    "philox": """// Philox4x32-10 of the key's columns: the bucket that a key belongs to.
inline void philox(unsigned (&c)[4], unsigned key0, unsigned key1) {
  for (int round = 0; round < 10; ++round) {
    const unsigned long long a = 0xD2511F53ull * c[0];
    const unsigned long long b = 0xCD9E8D57ull * c[2];
    const unsigned next[4] = {static_cast<unsigned>(b >> 32) ^ c[1] ^ key0, static_cast<unsigned>(b),
                              static_cast<unsigned>(a >> 32) ^ c[3] ^ key1, static_cast<unsigned>(a)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}
inline bool bucket(const double* key, int n, unsigned seed0, unsigned seed1, unsigned buckets,
                   unsigned long long& place) {
  unsigned mixed[4] = {seed0, seed1, 9u, 0u};
  philox(mixed, 0u, 0u);
  unsigned state[4] = {static_cast<unsigned>(n), 0u, 0u, 0u};
  philox(state, mixed[0], mixed[1]);
  for (int j = 0; j < n; ++j) {
    if (!(std::fabs(key[j]) <= std::numeric_limits<double>::max())) return false;
    const double value = key[j] == 0.0 ? 0.0 : key[j];
    unsigned long long bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    unsigned next[4] = {static_cast<unsigned>(bits), static_cast<unsigned>(bits >> 32), state[2], state[3]};
    philox(next, state[0], state[1]);
    for (int i = 0; i < 4; ++i) state[i] = next[i];
  }
  place = (static_cast<unsigned long long>(state[0]) * buckets) >> 32;
  return true;
}""",
}


class Text:
    """Definitions of the namespace ``detail``, and what goes before the namespace."""

    def __init__(self) -> None:
        self.before = ""
        self.key: list[str] = []  # columns beside the variables that choose a part; none: no key
        self.detail: list[str] = []
        self.included: set[str] = set()  # functions of layers that are there
        self._helpers: set[str] = set()

    def add(self, code: str) -> None:
        self.detail.append(code)

    def helper(self, name: str) -> None:
        """A function that several parts use, once."""
        if name not in self._helpers:
            self._helpers.add(name)
            self.detail.append(_HELPERS[name])

    def array(self, name: str, values: Iterable[Any], kind: str = "double") -> None:
        items = [literal(value, kind) for value in np.ravel(np.asarray(values))]
        lines = [", ".join(items[i : i + 8]) for i in range(0, len(items), 8)] or ["0"]
        self.detail.append(
            f"static const {kind} {name}[{max(len(items), 1)}] = {{\n    " + ",\n    ".join(lines) + "};"
        )


def literal(value: Any, kind: str = "double") -> str:
    if kind == "int":
        return str(int(value))
    number = float(value)
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "HUGE_VAL" if number > 0 else "-HUGE_VAL"
    if kind == "float":
        text = f"{np.float32(number):.9g}"
        return (text if "." in text or "e" in text else f"{text}.0") + "f"
    return repr(number)


def quoted(text: str) -> str:
    escaped = "".join(
        f"\\{c}" if c in '"\\' else c if " " <= c <= "~" else "".join(f"\\{b:03o}" for b in c.encode()) for c in text
    )
    return f'"{escaped}"'


def comment(text: str) -> str:
    return "".join(c if c.isprintable() and c != "\\" else "?" for c in text)
