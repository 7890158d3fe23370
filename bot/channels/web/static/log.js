// Draws the lines. Every word from outside goes in as text, never as markup.

import { needsStamp, stamp } from "./clock.js";
import { listStates } from "./lines.js";

const NEAR = 60;

export class Log {
  /** `scroll` holds `log`; `newer` is shown when something new is out of sight; `onPress` gets a pressed button, `onAgain` a line. */
  constructor({ scroll, log, newer, onPress, onAgain }) {
    this.scroll = scroll;
    this.log = log;
    this.newer = newer;
    this.onPress = onPress;
    this.onAgain = onAgain;
    this.drawn = new Map();
    this.initial = "我";
    this.atEnd = true;
    newer.addEventListener("click", () => this.toEnd());
    scroll.addEventListener("scroll", () => {
      this.atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
      if (this.atEnd) newer.hidden = true;
    });
    new ResizeObserver(() => {
      if (this.atEnd) this.toEnd();
    }).observe(scroll);
  }

  /** The sign on the person's own lines. */
  setInitial(initial) {
    this.initial = initial;
    for (const avatar of this.log.querySelectorAll(".own .avatar")) avatar.textContent = initial;
  }

  /** Draws `lines`; what is already there stays in place, so that a screen reader hears only what is new. */
  draw(lines, { animate = true } = {}) {
    const states = listStates(lines);
    const ids = new Set(lines.map((line) => line.id));
    for (const [id, drawn] of this.drawn) {
      if (!ids.has(id)) {
        drawn.element.remove();
        this.drawn.delete(id);
      }
    }
    const wasAtEnd = this.atEnd;
    const fresh = [];
    let before = null;
    let previous = null;
    for (const line of lines) {
      const looks = JSON.stringify([line.text, line.buttons, line.custom.file, line.custom.image]);
      let drawn = this.drawn.get(line.id);
      if (!drawn || drawn.looks !== looks) {
        const element = this.lineElement(line);
        if (drawn) drawn.element.replaceWith(element);
        else {
          fresh.push({ line, element });
          element.classList.toggle("arrives", animate);
        }
        drawn = { element, looks };
        this.drawn.set(line.id, drawn);
      }
      setStamp(drawn.element, line.at, previous);
      this.setNote(drawn.element, line);
      setListState(drawn.element, states.get(line.id));
      const place = before ? before.nextSibling : this.log.firstChild;
      if (place !== drawn.element) this.log.insertBefore(drawn.element, place);
      before = drawn.element;
      previous = line.at;
    }
    this.follow(fresh, wasAtEnd);
  }

  /** Scrolls to what is new: to its end, or to its beginning when it is longer than the screen. */
  follow(fresh, wasAtEnd) {
    if (fresh.length === 0) return;
    if (!wasAtEnd && !fresh.some(({ line }) => line.by === "person")) {
      this.pointDown("有新消息 ↓");
      return;
    }
    const top = fresh[0].element.offsetTop - this.scroll.offsetTop;
    const height = this.scroll.scrollHeight - top;
    if (this.drawn.size > fresh.length && height > this.scroll.clientHeight) {
      this.scroll.scrollTop = top;
      this.atEnd = false;
      this.pointDown("下面还有 ↓");
    } else {
      this.toEnd();
    }
  }

  pointDown(words) {
    this.newer.textContent = words;
    this.newer.hidden = false;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.atEnd = true;
    this.newer.hidden = true;
  }

  lineElement(line) {
    const own = line.by === "person";
    const element = make("div", own ? "line own" : "line bot");
    element.dataset.testid = "line";
    element.dataset.by = line.by;
    element.dataset.id = line.id;
    const said = make("div", "said");
    said.append(make("span", "only-heard", own ? "我说：" : "网格小助手说："), bubble(line));
    if (line.by === "bot") said.append(...enclosed(line.custom));
    if (line.buttons.length > 0) said.append(this.chips(line));
    const row = make("div", "row");
    row.append(this.avatar(own), said);
    element.append(row);
    return element;
  }

  avatar(own) {
    if (own) {
      const initial = make("span", "avatar", this.initial);
      initial.setAttribute("aria-hidden", "true");
      return initial;
    }
    const picture = make("img", "avatar");
    picture.src = "/static/icon.svg";
    picture.alt = "";
    return picture;
  }

  chips(line) {
    const chips = make("div", "chips");
    chips.setAttribute("role", "group");
    chips.setAttribute("aria-label", "选项");
    for (const button of line.buttons) chips.append(chip(button, this.onPress));
    return chips;
  }

  /** Says under a line that it has not arrived, or why it will not. */
  setNote(element, line) {
    const said = element.querySelector(".said");
    said.querySelector(".note")?.remove();
    if (line.state === "waiting") said.append(make("p", "note waits", "恢复连接后自动发送"));
    if (line.state !== "refused") return;
    const note = make("p", "note bad", `未发送：${line.note}`);
    const again = make("button", "", "重新发送");
    again.type = "button";
    again.addEventListener("click", () => this.onAgain(line));
    note.append(again);
    said.append(note);
  }
}

/** A tappable choice {title, payload}. */
export function chip(button, onPress) {
  const made = make("button", "chip", button.title);
  made.type = "button";
  made.dataset.testid = "chip";
  made.addEventListener("click", () => onPress(button));
  return made;
}

function bubble(line) {
  const made = make("div", "bubble");
  made.dataset.testid = "bubble";
  const source = line.by === "bot" ? line.text.search(/\n(依据|来源)：[^\n]*$/) : -1;
  if (source < 0) {
    made.textContent = line.text;
  } else {
    made.append(line.text.slice(0, source + 1), make("span", "source", line.text.slice(source + 1)));
  }
  return made;
}

/** What a line of the service brings with it: a file to save, a picture. Only files of this service are shown. */
function enclosed({ file, image }) {
  const made = [];
  if (isOurs(file)) {
    const link = linkTo(file.url, `保存文件：${file.name}`);
    link.download = file.name;
    made.push(link);
  }
  if (isOurs(image)) {
    const link = linkTo(image.url, "");
    link.target = "_blank";
    const picture = make("img", "picture");
    picture.src = image.url;
    picture.alt = image.alt || "图片";
    picture.addEventListener("error", () => picture.replaceWith("图片已过期，请再要一次"));
    link.append(picture);
    made.push(link);
  }
  return made;
}

function isOurs(enclosure) {
  return Boolean(enclosure) && typeof enclosure.url === "string" && enclosure.url.startsWith("/files/");
}

function linkTo(url, text) {
  const link = make("a", "enclosed", text);
  link.href = url;
  link.rel = "noopener";
  link.dataset.testid = "enclosed";
  return link;
}

function setStamp(element, at, previous) {
  const shown = element.querySelector(".stamp");
  if (!needsStamp(at, previous)) {
    shown?.remove();
    return;
  }
  const time = shown || make("time", "stamp");
  time.dateTime = at;
  time.textContent = stamp(at);
  if (!shown) element.prepend(time);
}

function setListState(element, state) {
  element.classList.toggle("newest", state === "newest");
  element.classList.toggle("superseded", state === "superseded");
  for (const choice of element.querySelectorAll(".chip")) choice.disabled = state === "superseded";
}

function make(tag, classes, text = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.textContent = text;
  return element;
}
