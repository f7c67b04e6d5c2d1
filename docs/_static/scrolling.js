// What scrolls sideways can be reached, and scrolled, by keyboard.
document.addEventListener("DOMContentLoaded", () => {
  const note = () => {
    for (const part of document.querySelectorAll("pre, .katex-display, .table-wrapper")) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  };
  note();
  window.addEventListener("resize", note);
});
