() => [...document.querySelectorAll("svg.picture")].filter((one) => one.clientWidth > 0).flatMap((picture) => {
  const frame = picture.getBoundingClientRect();
  const name = picture.getAttribute("aria-label");
  const drawn = [...picture.querySelectorAll("path, rect, circle, line, polygon")].filter((mark) => {
    const box = mark.getBoundingClientRect();
    return box.width > 1 || box.height > 1;
  });
  const texts = [...picture.querySelectorAll("text")].map((one) => [one.textContent, one.getBoundingClientRect()]);
  const faults = drawn.length < 5 || texts.length < 3 ? [`${name}: nothing to see`] : [];
  texts.forEach(([said, box], place) => {
    const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1
      && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
    if (!inside) faults.push(`${name}: "${said}" is clipped`);
    for (const [other, its] of texts.slice(place + 1)) {
      const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (across > 1 && down > 3) faults.push(`${name}: "${said}" covers "${other}"`);
    }
  });
  return faults;
})
