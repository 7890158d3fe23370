// Time as the service tells it. Every `at` carries the service's own offset, and the page shows the wall time written in
// it, so that a phone set to another zone sees the same day as the office.

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const QUIET = 5 * MINUTE;
const WEEKDAYS = ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"];

let skew = 0;
let offset = -new Date().getTimezoneOffset() * MINUTE;

/** Sets the page's clock by the service's. */
export function setClock(at) {
  skew = Date.parse(at) - Date.now();
  offset = offsetOf(at);
}

/** Now, as the service would write it. */
export function now() {
  const minutes = Math.abs(offset) / MINUTE;
  const two = (n) => String(n).padStart(2, "0");
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return new Date(Date.now() + skew + offset).toISOString().replace("Z", zone);
}

function offsetOf(at) {
  const found = /([+-])(\d\d):?(\d\d)$/.exec(at);
  if (!found) return 0;
  return (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3])) * MINUTE;
}

/** A Date whose UTC parts are the wall time written in `at`. */
function wall(at) {
  return new Date(Date.parse(at) + offsetOf(at));
}

/** Whether a time stamp belongs above a line, given the line before it. */
export function needsStamp(at, before) {
  return before === null || Date.parse(at) - Date.parse(before) > QUIET;
}

/** The stamp as WeChat writes it: 14:05, 昨天 14:05, 星期三 14:05, 1月28日 14:05, 2021年12月3日 14:05. */
export function stamp(at) {
  const then = wall(at);
  const today = wall(now());
  const time = then.toISOString().slice(11, 16);
  const days = Math.floor(today / DAY) - Math.floor(then / DAY);
  if (days <= 0) return time;
  if (days === 1) return `昨天 ${time}`;
  if (days < 7) return `${WEEKDAYS[then.getUTCDay()]} ${time}`;
  const date = `${then.getUTCMonth() + 1}月${then.getUTCDate()}日 ${time}`;
  return then.getUTCFullYear() === today.getUTCFullYear() ? date : `${then.getUTCFullYear()}年${date}`;
}
