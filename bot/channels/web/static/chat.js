// The chat page: puts its parts together.

import { now, setClock } from "./clock.js";
import { startComposer } from "./composer.js";
import { Connection, newId } from "./connection.js";
import { offerLargeType } from "./large-type.js";
import { append, join, lineOf } from "./lines.js";
import { chip, Log } from "./log.js";
import { countUnread } from "./unread.js";

const QUICK = ["打卡", "返乡申报", "帮助"];
const DOWN = "连接已断开，正在重连…";
const NO_COOKIE = "请允许本站保存 Cookie，然后刷新页面。";

const part = (id) => document.getElementById(id);
const framed = window.parent !== window;
const onDesktop = window.matchMedia("(hover: hover) and (pointer: fine)").matches;
const as = new URLSearchParams(window.location.search).get("as");

document.documentElement.toggleAttribute("data-framed", framed);
offerLargeType(part("large-type"));
const pushArrived = countUnread();

let lines = [];

const log = new Log({
  scroll: part("scroll"),
  log: part("log"),
  newer: part("newer"),
  onPress: press,
  onAgain: (line) => say(line.text, line.payload, line.id),
});

const socketAddress = new URL("/ws", window.location.href);
socketAddress.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
if (as) socketAddress.searchParams.set("as", as);

const connection = new Connection(socketAddress.href, `unanswered:${as || ""}`, {
  welcome(frame) {
    setClock(frame.now);
    showFace(frame.face);
    part("door").hidden = !frame.demo || framed;
    const first = lines.every((line) => line.state === "waiting");
    lines = join(lines, frame.history.map((line) => lineOf(line)));
    log.draw(lines, { animate: false });
    if (first) log.toEnd();
    // From here on new lines are read out; the history was not.
    requestAnimationFrame(() => part("log").setAttribute("aria-live", "polite"));
    part("quick").hidden = lines.length > 0;
    redeemInvitation();
  },
  typing() {
    showTyping(true);
  },
  answer(frame) {
    settle(frame.id, { state: undefined });
    add(frame.parts.map((sent) => lineOf(sent, "bot")));
    if (connection.waiting.length === 0) showTyping(false);
  },
  refused(frame) {
    if (connection.waiting.length === 0) showTyping(false);
    if (frame.id) settle(frame.id, { state: "refused", note: frame.text });
    else part("heard").textContent = frame.text;
  },
  push(frame) {
    add([lineOf(frame.message, "bot")]);
    pushArrived();
  },
  face(frame) {
    showFace(frame.face);
  },
  state(name) {
    document.documentElement.dataset.connection = name;
    if (name !== "up") showTyping(false);
    part("connection").hidden = name === "up";
    part("reconnect").hidden = name !== "down";
    part("connection-text").textContent = name === "no-cookie" ? NO_COOKIE : DOWN;
  },
});
lines = connection.waiting.map(waitingLine);
log.draw(lines, { animate: false });

part("reconnect").addEventListener("click", () => connection.reconnect());
for (const text of QUICK) part("quick").append(chip({ title: text, payload: text }, press));
startComposer({
  form: part("composer"),
  input: part("input"),
  send: part("send"),
  count: part("count"),
  onSend: (text) => say(text),
});
if (onDesktop && !framed) part("input").focus();
fitKeyboard();

/** An invitation's link (/?bind=ABCD-2345) says its code by itself, once: a reload must not spend a try. */
function redeemInvitation() {
  const address = new URL(window.location.href);
  const code = address.searchParams.get("bind");
  if (!code) return;
  address.searchParams.delete("bind");
  window.history.replaceState(null, "", address);
  if (/^[A-Za-z0-9]{4}-?[A-Za-z0-9]{4}$/.test(code)) say(`绑定 ${code}`);
}

function press(button) {
  if (!connection.isWaitingFor(button.payload)) say(button.title, button.payload);
  // The pressed button may be gone now; the keyboard goes on from the input. On a phone that would open the screen keyboard.
  if (onDesktop) part("input").focus();
}

/** Says `payload`, of which the person sees `shown`. A refused line is said again under its old id. */
function say(shown, payload = shown, id = newId()) {
  const message = { id, text: payload, shown: payload === shown ? undefined : shown, at: now() };
  lines = lines.filter((line) => line.id !== id);
  add([waitingLine(message)]);
  connection.say(message);
}

function waitingLine({ id, text, shown, at }) {
  return { ...lineOf({ id, text: shown || text, at }, "person"), payload: text, state: "waiting" };
}

function add(fresh) {
  lines = append(lines, fresh);
  part("quick").hidden = lines.length > 0;
  log.draw(lines);
}

function settle(id, change) {
  lines = lines.map((line) => (line.id === id ? { ...line, ...change } : line));
  log.draw(lines);
}

function showFace({ name, role }) {
  part("face").textContent = [name, role].filter(Boolean).join(" · ");
  log.setInitial([...name][0] || "我");
}

function showTyping(typing) {
  if (part("typing").hidden !== typing) return;
  part("typing").hidden = !typing;
  part("heard").textContent = typing ? "网格小助手正在输入" : "";
  if (typing && log.atEnd) log.toEnd();
}

/** iOS lays its keyboard over the page; the page then makes itself as high as what is left. */
function fitKeyboard() {
  if (!window.visualViewport || framed) return;
  const fit = () => {
    document.body.style.setProperty("--visible-height", `${window.visualViewport.height}px`);
    window.scrollTo(0, 0);
  };
  window.visualViewport.addEventListener("resize", fit);
  fit();
}
