// Keys for who reads a lot: / to the box, j and k along what is listed, o to open it, ? for help. All works without them.
// They can be switched off, as WCAG 2.1.4 asks of keys that are single letters.
"use strict";

const LISTED = "main .hits h2 a, main .hits h3 a, main .kwic a, main tbody th a";
const box = document.getElementById("q");
const help = document.getElementById("keys");
const off = document.getElementById("keys-off");
const open = document.getElementById("keys-open");

open.hidden = false;
open.addEventListener("click", () => help.showModal());
off.checked = localStorage.getItem("keys") === "off";
off.addEventListener("change", () => localStorage.setItem("keys", off.checked ? "off" : "on"));

function along(step) {
  const listed = [...document.querySelectorAll(LISTED)];
  const here = listed.indexOf(document.activeElement);
  const next = here < 0 ? (step > 0 ? 0 : listed.length - 1) : here + step;
  listed[Math.min(Math.max(next, 0), listed.length - 1)]?.focus();
}

const ACTIONS = {
  "/": () => (box ? box.focus() : location.assign("/")),
  j: () => along(1),
  k: () => along(-1),
  o: () => document.activeElement.matches("a") && document.activeElement.click(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, textarea, select") || event.ctrlKey || event.altKey || event.metaKey;
  if (isTyping || help.open || !(event.key in ACTIONS) || off.checked) return;
  event.preventDefault();
  ACTIONS[event.key]();
});
