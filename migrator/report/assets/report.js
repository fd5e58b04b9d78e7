"use strict";
(function () {
  const bar = document.getElementById("bar"); // none where only models were compared
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const toggles = Array.from(document.querySelectorAll("#bar input[name=outcome]"));
  const findings = Array.from(document.querySelectorAll(".finding")).map((node) => ({
    node: node,
    outcome: node.dataset.outcome,
    text: node.textContent.toLowerCase(),
  }));
  const files = Array.from(document.querySelectorAll(".file")).map((node) => ({
    node: node,
    path: node.querySelector("h3").textContent.toLowerCase(),
    findings: Array.from(node.querySelectorAll(".finding")),
  }));
  const folds = Array.from(document.querySelectorAll("section > details"));

  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(toggles.filter((t) => t.checked).map((t) => t.value));
    const has = (text) => words.every((word) => text.includes(word));
    let shown = 0;
    for (const finding of findings) {
      const visible = on.has(finding.outcome) && has(finding.text);
      finding.node.hidden = !visible;
      shown += visible ? 1 : 0;
    }
    for (const file of files) {
      // a changed file without a finding of its own belongs to the rewrites
      file.node.hidden = file.findings.length
        ? file.findings.every((node) => node.hidden)
        : !(on.has("rewritten") && has(file.path));
    }
    if (words.length) {
      for (const fold of folds) {
        if (fold.querySelector(".finding:not([hidden])")) fold.open = true;
      }
    }
    count.textContent = shown + " of " + findings.length + " findings shown";
  }

  // a link into a fold opens it, also when the page is opened with it or printed
  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      if (node.hidden) node.hidden = false;
      if (node.tagName === "DETAILS") node.open = true;
    }
    target.scrollIntoView();
  }

  if (bar) {
    filter.addEventListener("input", apply);
    for (const toggle of toggles) toggle.addEventListener("change", apply);
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.hidden = false;
    apply();
  }
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll("details")) node.open = true;
  });
  reveal();
})();
