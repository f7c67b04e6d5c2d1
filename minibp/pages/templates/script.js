"use strict";
(() => {
  const themes = { "": "as the system has them", light: "light", dark: "dark" };
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const names = Object.keys(themes), root = document.documentElement;
      const next = names[(names.indexOf(root.dataset.theme || "") + 1) % names.length];
      root.dataset.theme = next;
      if (!next) delete root.dataset.theme;
      button.setAttribute("aria-label", `Colours: ${themes[next]}`);
    });
  }
  const written = async (text) => {
    if (navigator.clipboard) {
      try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed here: by selection, below */ }
    }
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await written(document.getElementById(button.dataset.copy).textContent);
      button.textContent = done ? "Copied" : "Select and copy by hand";
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
  for (const drawing of document.querySelectorAll("[data-chooses]")) {
    const parts = [...drawing.querySelectorAll("[data-shows]")];
    const choose = (part) => {
      for (const one of parts) {
        const chosen = one === part;
        one.classList.toggle("chosen", chosen);
        one.setAttribute("aria-pressed", chosen);
        document.getElementById(one.dataset.shows).hidden = !chosen;
      }
    };
    parts.forEach((part, at) => {
      part.addEventListener("click", () => choose(part));
      part.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") choose(part);
        else if (event.key === "ArrowRight" || event.key === "ArrowDown") parts[(at + 1) % parts.length].focus();
        else if (event.key === "ArrowLeft" || event.key === "ArrowUp") parts[(at + parts.length - 1) % parts.length].focus();
        else return;
        event.preventDefault();
      });
    });
    if (parts.length) choose(parts[0]);
  }
})();
