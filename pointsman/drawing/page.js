"use strict";

const tip = document.getElementById("tip");

function show(mark) {
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  const box = mark.getBoundingClientRect();
  const left = Math.min(box.right + 10, innerWidth - tip.offsetWidth - 8);
  const fits = box.right + 10 + tip.offsetWidth + 8 <= innerWidth;
  tip.style.left = `${fits ? left : Math.max(box.left - tip.offsetWidth - 10, 8)}px`;
  tip.style.top = `${Math.max(8, Math.min(box.top, innerHeight - tip.offsetHeight - 8))}px`;
}

function hide() {
  tip.hidden = true;
}

function marked(event) {
  return event.target instanceof Element ? event.target.closest("[data-tip]") : null;
}

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    const mark = marked(event);
    if (mark) show(mark);
    else hide();
  });
}
document.addEventListener("focusout", hide);
document.addEventListener("scroll", hide, { passive: true });

// Tab goes from picture to picture, the arrows go from mark to mark within one.
for (const marks of document.querySelectorAll("[data-marks]")) {
  [...marks.children].forEach((mark, place) => mark.setAttribute("tabindex", place ? "-1" : "0"));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
  const mark = marked(event);
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!mark || !step) return;
  const next = step > 0 ? mark.nextElementSibling : mark.previousElementSibling;
  if (!next) return;
  event.preventDefault();
  mark.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
});

// A title within a picture would be shown over the tips.
for (const title of document.querySelectorAll("svg > title")) {
  const picture = title.parentElement;
  picture.setAttribute("aria-label", title.textContent);
  picture.removeAttribute("aria-labelledby");
  title.remove();
}
