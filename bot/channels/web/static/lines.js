// The chat as data: which lines there are, in which order, and which lists of buttons still count. No DOM here.
//
// A line is {id, by: "person" | "bot", text, buttons, custom, at, state?, note?}; `state` is "waiting" until the service has
// answered, "refused" when it would not take the line (`note` says why).

/** A line as the service sends it, with its left-out parts filled in. */
export function lineOf(sent, by = sent.by) {
  return { id: sent.id, by, text: sent.text, buttons: sent.buttons || [], custom: sent.custom || {}, at: sent.at };
}

/** Puts new lines at the end; one that is there already (same id) is replaced where it stands. */
export function append(lines, fresh) {
  const merged = [...lines];
  for (const line of fresh) {
    const place = merged.findIndex((known) => known.id === line.id);
    if (place < 0) merged.push(line);
    else merged[place] = line;
  }
  return merged;
}

/**
 * The page's lines joined with the service's history, which leads. Lines that only the page has stay behind the line they
 * followed; what the page still waits for stands last, as its answer will.
 */
export function join(lines, history) {
  const kept = new Set(history.map((line) => line.id));
  const mine = new Map(lines.map((line) => [line.id, line]));
  const followers = new Map();
  const first = [];
  const last = [];
  let anchor = null;
  for (const line of lines) {
    if (kept.has(line.id)) anchor = line.id;
    else if (line.state === "waiting") last.push(line);
    else if (anchor) followers.set(anchor, [...(followers.get(anchor) || []), line]);
    else if (history.length > 0 && Date.parse(line.at) > Date.parse(history[0].at)) last.push(line);
    else first.push(line);
  }
  const joined = [...first];
  for (const line of history) {
    const known = mine.get(line.id);
    joined.push(known && line.by === "person" ? { ...known, at: line.at, state: stillWaiting(known), note: undefined } : line);
    joined.push(...(followers.get(line.id) || []));
  }
  return [...joined, ...last];
}

/** What the history holds has arrived, so it cannot be refused any more; its answer may still be on the way. */
function stillWaiting(line) {
  return line.state === "waiting" ? "waiting" : undefined;
}

/**
 * What has become of each line's list of buttons, by line id: "newest", "older" (still good to press), or "superseded":
 * a list of a process counts no more once it was answered or the process went on to something else.
 */
export function listStates(lines) {
  const states = new Map();
  const wentOn = new Map();
  let newestFound = false;
  for (let place = lines.length - 1; place >= 0; place -= 1) {
    const line = lines[place];
    if (line.by !== "bot") continue;
    const process = line.custom.process;
    if (line.buttons.length > 0) {
      const later = process && wentOn.get(process);
      const superseded = process && ((later && later !== turnOf(line)) || isAnswered(lines, place));
      states.set(line.id, superseded ? "superseded" : newestFound ? "older" : "newest");
      newestFound = true;
    }
    if (process && !wentOn.has(process)) wentOn.set(process, turnOf(line));
  }
  return states;
}

/** The message that a reply's bubble belongs to; a push is a turn of its own. */
function turnOf(line) {
  return line.id.startsWith("push/") ? line.id : line.id.split("/")[0];
}

function isAnswered(lines, place) {
  const next = lines.slice(place + 1).find((line) => line.by === "person" && line.state !== "refused");
  return Boolean(next) && lines[place].buttons.some((b) => b.title === next.text || b.payload === next.text);
}
