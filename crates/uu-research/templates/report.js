"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const places = Array.from(document.querySelectorAll(".chart"));
  const drawn = new Set();
  const colours = {
    light: ["#1f6fb2", "#d1642c", "#3a8f5c", "#8a56a8", "#a98a1f", "#4b5563"],
    dark: ["#6cb2ee", "#f2935c", "#6fca92", "#c194dd", "#dcc05a", "#a9b3c1"],
  };
  // Where there is no pointer, a finger on a chart scrolls the page.
  const pointer = window.matchMedia("(hover: hover)").matches;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function layout(index) {
    const css = getComputedStyle(document.documentElement);
    const colour = (name) => css.getPropertyValue(name).trim();
    const own = charts[index].layout;
    const themed = {
      ...own,
      autosize: true,
      dragmode: pointer ? "zoom" : false,
      margin: { l: 8, r: 8, t: 8, b: 8, ...own.margin },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("--ink"), size: 12 },
      colorway: dark.matches ? colours.dark : colours.light,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", ...own.legend },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--ink") },
      hoverlabel: { bgcolor: colour("--raised"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
    };
    for (const name of Object.keys(own)) {
      if (/^[xy]axis/.test(name)) {
        themed[name] = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), ...own[name] };
      }
    }
    return themed;
  }

  function draw(index) {
    if (drawn.has(index)) return;
    drawn.add(index);
    const settings = { responsive: true, displaylogo: false, displayModeBar: pointer ? "hover" : false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
    Plotly.newPlot(places[index], charts[index].data, layout(index), settings);
  }

  // A page of some fifty charts is drawn as it is read.
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        draw(places.indexOf(entry.target));
        observer.unobserve(entry.target);
      }
    }
  }, { rootMargin: "400px" });
  places.forEach((place, index) => {
    place.style.minHeight = `${charts[index].layout.height}px`;
    observer.observe(place);
  });
  window.addEventListener("beforeprint", () => places.forEach((_, index) => draw(index)));
  dark.addEventListener("change", () => drawn.forEach((index) => Plotly.react(places[index], charts[index].data, layout(index))));
})();
