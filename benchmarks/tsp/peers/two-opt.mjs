// The plain peer: 2-opt with restarts. Each start is the nearest-neighbour tour of a random city; every pair of
// edges is tried, in order, the first improvement taken, until none is left.

/** The shortest tour found until `expired`; `integer(n)` draws the starts. */
export function twoOptRestarts({ n, data }, integer, expired) {
  let best = Infinity;
  while (!expired()) {
    const order = nearestNeighbourTour(n, data, integer(n));
    descend(n, data, order, expired);
    let length = 0;
    for (let i = 0; i < n; i++) length += data[order[i] * n + order[(i + 1) % n]];
    best = Math.min(best, length);
  }
  return best;
}

function nearestNeighbourTour(n, data, start) {
  const left = Int32Array.from({ length: n }, (_, i) => i);
  const order = new Int32Array(n);
  let at = start;
  for (let filled = 0, open = n; ; ) {
    order[filled++] = left[at];
    const row = left[at] * n;
    left[at] = left[--open];
    if (open === 0) return order;
    at = 0;
    for (let k = 1; k < open; k++) if (data[row + left[k]] < data[row + left[at]]) at = k;
  }
}

function descend(n, data, order, expired) {
  for (let improved = true; improved; ) {
    improved = false;
    for (let i = 0; i < n - 1; i++) {
      if (expired()) return;
      for (let j = i + 2; j < (i === 0 ? n - 1 : n); j++) {
        const [a, b, c, d] = [order[i], order[i + 1], order[j], order[j + 1 === n ? 0 : j + 1]];
        const removed = data[a * n + b] + data[c * n + d];
        if (data[a * n + c] + data[b * n + d] >= removed - 1e-9 * removed) continue;
        order.subarray(i + 1, j + 1).reverse();
        improved = true;
      }
    }
  }
}
