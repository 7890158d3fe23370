// Browsers may forbid storage (private mode, blocked cookies); the chat then works without a memory.

function attempt(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

/** The stored value under `key`, or null. `area` is "localStorage" or "sessionStorage". */
export function recall(area, key) {
  return attempt(() => JSON.parse(window[area].getItem(key)));
}

export function remember(area, key, value) {
  attempt(() => window[area].setItem(key, JSON.stringify(value)));
}
