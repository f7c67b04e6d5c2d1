document.addEventListener("DOMContentLoaded", () => {
  // The captions of the contents are headings: of which level, Sphinx does not say.
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
  // What scrolls sideways can be reached, and scrolled, by keyboard.
  const note = () => {
    for (const part of document.querySelectorAll("pre, .katex-display, .table-wrapper")) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  };
  note();
  window.addEventListener("resize", note);
});
