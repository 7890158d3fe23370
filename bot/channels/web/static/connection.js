// The line to the service. What was said and not yet answered is kept (over a reload too) and said again, with the same id,
// on every new connection; the service answers each id once, so nothing is lost and nothing happens twice.

import { recall, remember } from "./storage.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const PING_EVERY = 20_000;
const PONG_WITHIN = 10_000;
const QUIET_BEFORE_DOWN = 800;
const NO_COOKIE = 4401;

export class Connection {
  /**
   * `on` has one function a frame type (welcome, typing, answer, refused, push, face), each given the frame, and
   * `state(name)` with "up", "down" or "no-cookie".
   */
  constructor(address, memoryKey, on) {
    this.address = address;
    this.memoryKey = memoryKey;
    this.on = on;
    this.waiting = recall("sessionStorage", memoryKey) || [];
    this.cursor = null;
    this.failures = 0;
    this.cookieAsked = false;
    this.up = false;
    window.addEventListener("online", () => this.reconnect());
    window.addEventListener("offline", () => this.lose());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.up) this.reconnect();
    });
    this.open();
  }

  /** Sends {id, text, shown?, at}, now or as soon as there is a connection. */
  say(message) {
    this.keep([...this.waiting, message]);
    if (this.up) this.sendSay(message);
  }

  isWaitingFor(text) {
    return this.waiting.some((message) => message.text === text);
  }

  /** Tries at once instead of after the pause. */
  reconnect() {
    if (this.up) return;
    this.failures = 0;
    this.open();
  }

  open() {
    clearTimeout(this.retry);
    this.drop();
    const socket = new WebSocket(this.address);
    this.socket = socket;
    // Until the welcome, the whole handshake counts as one unanswered ping.
    this.pong = setTimeout(() => this.lose(), PONG_WITHIN);
    socket.onopen = () => {
      this.send({ type: "hello", cursor: this.cursor });
      this.watchLine();
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (event.code === NO_COOKIE) this.fetchCookie();
      else this.lose();
    };
    this.sayDownLater();
  }

  /** Forgets the present socket; nothing that it still does is heard. */
  drop() {
    clearInterval(this.pings);
    clearTimeout(this.pong);
    this.up = false;
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  lose() {
    this.drop();
    this.sayDownLater();
    clearTimeout(this.retry);
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures);
    this.failures += 1;
    this.retry = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
  }

  /** A connection that comes back within a moment is not worth a word. */
  sayDownLater() {
    this.downTimer ||= setTimeout(() => this.on.state("down"), QUIET_BEFORE_DOWN);
  }

  /** Our own page hands out the cookie; asked from here the browser shows the one it may have held back before. */
  async fetchCookie() {
    this.drop();
    clearTimeout(this.downTimer);
    this.downTimer = null;
    if (this.cookieAsked) {
      this.on.state("no-cookie");
      return;
    }
    this.cookieAsked = true;
    try {
      await fetch(window.location.href, { cache: "no-store", credentials: "same-origin" });
      this.open();
    } catch {
      this.cookieAsked = false;
      this.lose();
    }
  }

  take(frame) {
    clearTimeout(this.pong);
    if (frame.type === "welcome") {
      clearTimeout(this.downTimer);
      this.downTimer = null;
      this.up = true;
      this.cookieAsked = false;
      this.cursor = frame.cursor;
      this.on.state("up");
    } else if (frame.type === "push") {
      this.cursor = Math.max(this.cursor, frame.cursor);
    } else if (frame.type === "answer" || frame.type === "refused") {
      this.keep(this.waiting.filter((message) => message.id !== frame.id));
    }
    this.on[frame.type]?.(frame);
    if (frame.type === "welcome") this.waiting.forEach((message) => this.sendSay(message));
  }

  /** A phone that changes networks leaves sockets that look open and are dead. */
  watchLine() {
    this.pings = setInterval(() => {
      // Only a line that lasts is a good one: a service that greets and hangs up must not be called twice a second.
      this.failures = 0;
      this.send({ type: "ping" });
      clearTimeout(this.pong);
      this.pong = setTimeout(() => this.lose(), PONG_WITHIN);
    }, PING_EVERY);
  }

  keep(waiting) {
    this.waiting = waiting;
    remember("sessionStorage", this.memoryKey, waiting);
  }

  sendSay({ id, text, shown }) {
    this.send({ type: "say", id, text, shown });
  }

  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}

/** A message id. crypto.randomUUID is missing on plain http, which an office's own network may use. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
