/** The middle value; the upper one of two. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** The results of several runs of the same measurement, field by field. */
export function medians(results) {
  return Object.fromEntries(
    Object.keys(results[0]).map((key) => [key, median(results.map((result) => result[key]))]),
  );
}
