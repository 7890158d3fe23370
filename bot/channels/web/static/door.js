// The door of demo mode: one link a demo person.

import { offerLargeType } from "./large-type.js";
import { demoPeople } from "./people.js";

offerLargeType(document.getElementById("large-type"));

try {
  for (const person of await demoPeople()) document.getElementById("people").append(entry(person));
} catch {
  document.getElementById("failed").hidden = false;
}

function entry({ sender, name, role }) {
  const link = document.createElement("a");
  link.href = `/?as=${encodeURIComponent(sender)}`;
  link.dataset.testid = sender;
  const avatar = text("span", [...name][0] || "");
  avatar.className = "avatar";
  avatar.setAttribute("aria-hidden", "true");
  const label = text("span", "");
  label.className = "label";
  label.append(text("b", name), text("small", role));
  link.append(avatar, label);
  const item = document.createElement("li");
  item.append(link);
  return item;
}

function text(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}
