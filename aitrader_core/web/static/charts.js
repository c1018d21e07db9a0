// Draws each `.plot` from the figure beside it, in the colours of the page, light or dark.
// A trace says `meta: {colour: "series-1"}`: the name of a variable of style.css.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // Plotly takes a name for markup
  const plain = (text) => String(text ?? "").replaceAll("&", "&amp;").replaceAll("<", "&lt;");

  const coloured = (trace) => {
    const own = colour(trace.meta?.colour ?? "series-1");
    const line = { width: 1.75, ...trace.line, color: own };
    return { ...trace, name: plain(trace.name), line, marker: { ...trace.marker, color: own }, fillcolor: trace.fill && `${own}26` };
  };

  const axis = (own) => ({
    gridcolor: colour("rule"), linecolor: colour("rule"), zerolinecolor: colour("muted"),
    zerolinewidth: 1, automargin: true, fixedrange: narrow.matches, ...own,
  });

  const layout = (own) => ({
    ...own,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("ink") },
    margin: { l: 8, r: 8, t: 8, b: 8, ...own.margin },
    hoverlabel: { bgcolor: colour("paper"), bordercolor: colour("muted"), font: { color: colour("ink") } },
    legend: { orientation: "h", y: -0.14, yanchor: "top", x: 0, ...own.legend },
    hovermode: own.hovermode ?? "x unified",
    dragmode: narrow.matches ? false : "zoom",
    xaxis: axis(own.xaxis),
    yaxis: axis(own.yaxis),
    shapes: (own.shapes ?? []).map((shape) => ({ ...shape, fillcolor: colour("muted") })),
    annotations: (own.annotations ?? []).map((note) => ({ ...note, text: plain(note.text), font: { size: 11, color: colour("muted") } })),
  });

  const options = {
    responsive: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
  };

  const draw = (plot) => {
    const figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    const drawn = layout(figure.layout ?? {});
    // The chart above has the same legend, and there is little room
    if (narrow.matches && plot.closest(".low")) drawn.showlegend = false;
    Plotly.react(plot, figure.data.map(coloured), drawn, options);
  };
  const drawAll = () => document.querySelectorAll(".plot").forEach(draw);

  drawAll();
  dark.addEventListener("change", drawAll);
  narrow.addEventListener("change", drawAll);
})();
