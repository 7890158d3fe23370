// Two chats side by side, each in a frame of its own; the people are kept in the address, so that a reload keeps them.

import { offerLargeType } from "./large-type.js";
import { demoPeople } from "./people.js";

const FIRST = { left: "demo-resident", right: "demo-grid" };
const SIDES = ["left", "right"];
const narrow = window.matchMedia("(max-width: 720px)");
const title = document.title;

const part = (id) => document.getElementById(id);
const frame = (side) => part(`pane-${side}`).querySelector("iframe");

let people = [];
let chosen = "left";
const unread = { left: 0, right: 0 };
let unseen = 0;

offerLargeType(part("large-type"));
try {
  people = await demoPeople();
} catch {
  part("failed").hidden = false;
}
for (const side of SIDES) {
  const select = part(`who-${side}`);
  select.append(...people.map(({ sender, name, role }) => new Option(`${name}（${role}）`, sender)));
  select.value = wanted(side);
  select.addEventListener("change", () => show(side, select.value));
  part(`tab-${side}`).addEventListener("click", () => choose(side));
  part(`tab-${side}`).addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    choose(other(side));
    part(`tab-${other(side)}`).focus();
  });
  show(side, select.value);
}

window.addEventListener("message", (event) => {
  const side = event.data?.pushed;
  if (event.origin !== window.location.origin || !SIDES.includes(side)) return;
  if (narrow.matches && side !== chosen) unread[side] += 1;
  if (document.hidden) unseen += 1;
  refresh();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) unseen = 0;
  refresh();
});
narrow.addEventListener("change", () => choose(chosen));

function other(side) {
  return side === "left" ? "right" : "left";
}

/** The person that the address names for a side, else the usual one, else whoever comes first. */
function wanted(side) {
  const known = (sender) => people.some((person) => person.sender === sender);
  const named = new URLSearchParams(window.location.search).get(side);
  return [named, FIRST[side], people[0]?.sender].find(known) || "";
}

function show(side, sender) {
  const address = new URL(window.location.href);
  address.searchParams.set(side, sender);
  window.history.replaceState(null, "", address);
  // Replaced, not followed: the browser's back button leaves this view instead of walking through the panes.
  frame(side).contentWindow.location.replace(`/?as=${encodeURIComponent(sender)}`);
  const name = people.find((person) => person.sender === sender)?.name || "";
  part(`tab-${side}`).querySelector(".name").textContent = name;
  frame(side).title = `${name}的聊天`;
  unread[side] = 0;
  refresh();
}

function choose(side) {
  chosen = side;
  unread[side] = 0;
  for (const each of SIDES) {
    const tab = part(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === side));
    tab.tabIndex = each === side ? 0 : -1;
    part(`pane-${each}`).classList.toggle("chosen", each === side);
  }
  refresh();
}

function refresh() {
  for (const side of SIDES) {
    const badge = part(`tab-${side}`).querySelector(".badge");
    badge.hidden = unread[side] === 0;
    badge.textContent = String(unread[side]);
    badge.setAttribute("aria-label", `${unread[side]} 条新消息`);
  }
  document.title = unseen > 0 ? `(${unseen}) ${title}` : title;
}
