// 大字版: one choice for this browser, followed by every open page and pane of it.

import { recall, remember } from "./storage.js";

const KEY = "large-type";

/** Applies the remembered choice and makes `toggle` change it. */
export function offerLargeType(toggle) {
  const apply = (large) => {
    document.documentElement.toggleAttribute("data-large", large);
    toggle.setAttribute("aria-pressed", String(large));
  };
  apply(recall("localStorage", KEY) === true);
  toggle.addEventListener("click", () => {
    const large = toggle.getAttribute("aria-pressed") !== "true";
    remember("localStorage", KEY, large);
    apply(large);
  });
  window.addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) apply(recall("localStorage", KEY) === true);
  });
}
